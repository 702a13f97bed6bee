"""What others need to look a problem up: trace ids ready to be pasted into a ticket, versions, circumstances."""

import platform

from bulkimport import __version__
from bulkimport.clock import timestamp
from bulkimport.report.account import Account
from bulkimport.report.alike import attention


def support_lines(account: Account) -> list[str]:
    """The run, and for each dataset that did not succeed its id, what the service said, and its trace ids; where all
    succeeded, the trace ids of all. None of it is personal data."""
    facts = account.facts
    ordered = sorted(facts.datasets, key=attention)
    chosen = [dataset for dataset in ordered if dataset.is_problem] or ordered
    traced = [dataset for dataset in chosen if dataset.trace_ids]
    if not traced:
        return []
    lines = [
        f"bulkimport {facts.version or ''}, run {facts.run_id}",
        f"from {timestamp(facts.started_at)}"
        + (f" to {timestamp(facts.finished_at)}" if facts.finished_at else ", not ended"),
    ]
    for dataset in traced:
        problem = dataset.problem
        words = [dataset.status.value if dataset.status else dataset.state]
        if problem is not None:
            words += [f"stage {problem.stage}"] if problem.stage else []
            words += [f"HTTP {problem.http_status}"] if problem.http_status else []
            words += [text for text in (problem.code, problem.name) if text]
        lines += [f"dataset {dataset.name} {dataset.dataset_id}: {', '.join(words)}"]
        lines += [f"trace {trace}" for trace in dataset.trace_ids]
    return lines


def about(account: Account) -> list[tuple[str, str]]:
    """Versions and circumstances as pairs of label and text."""
    run = account.run
    selectors = run.options.get("selectors", {})
    chosen = [f"--{option} {','.join(values)}" for option, values in selectors.items() if values]
    allowed = [f"--allow-delete {name}={count}" for name, count in run.options.get("allow_delete", {}).items()]
    pairs = [
        ("Run", f"{run.run_id} ({run.command})"),
        ("Follows", run.parent_run_id or ""),
        ("Options", " ".join([*chosen, *allowed])),
        ("Config", run.config_key),
        ("Ran on", f"{run.host}, process {run.pid}"),
        ("Run by", f"bulkimport {run.version}"),
        ("Told by", f"bulkimport {__version__}, Python {platform.python_version()}, {platform.system()}"),
    ]
    return [(label, text) for label, text in pairs if text]
