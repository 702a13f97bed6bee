"""What a valid configuration should better not say. Each piece of advice is a sentence for the user."""

from collections.abc import Iterator

from bulkimport.model import Config, Limits
from bulkimport.wording import listed, number

_OF_ORGVUE = Limits()
"""The limits that Orgvue grants a tenant."""


def advice(config: Config) -> Iterator[str]:
    yield from _limits(config)
    enabled = {dataset.name for dataset in config.datasets if dataset.enabled}
    if not enabled:
        yield "All datasets are disabled: a run would do nothing."
    for dataset in config.datasets:
        disabled = [name for name in dataset.depends_on if name not in enabled]
        if dataset.enabled and disabled:
            are = "is" if len(disabled) == 1 else "are"
            yield f"{dataset.name} depends on {listed(disabled)}, which {are} disabled and so not waited for."
        options = dataset.import_options
        if not options.auto_id and options.id_key is None and options.merge_key is None and dataset.key != ("_id",):
            yield (
                f"{dataset.name} has auto_id: false and neither id_key nor merge_key: Orgvue matches its items by _id, "
                f"but the guards count by {listed(dataset.key)}."
            )


def _limits(config: Config) -> Iterator[str]:
    for name in ("requests_per_second", "concurrent_requests", "requests_per_day"):
        wanted, granted = getattr(config.limits, name), getattr(_OF_ORGVUE, name)
        if wanted > granted:
            yield (
                f"limits.{name} is {number(wanted)}, but Orgvue grants a tenant {number(granted)}: expect requests to "
                "be turned away."
            )
