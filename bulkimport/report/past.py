"""One dataset over time: `history --dataset NAME` as a table and as a document. Pure."""

from collections.abc import Sequence

from rich.text import Text

from bulkimport.report.facts import DatasetFacts, HistoryEntry
from bulkimport.report.layout import NOTHING, Column, Layout, paragraph, style_of, table
from bulkimport.report.summary import Document, dataset_document, history_document
from bulkimport.wording import duration, number, printable

Past = Sequence[tuple[HistoryEntry, DatasetFacts]]

_NUMBERS = ("rows", "created", "updated", "deleted", "skipped", "failed")


def past_document(name: str, past: Past) -> Document:
    """`bulkimport.history/1` with the dataset's name, and in each of its runs its own entry of the summary."""
    document = history_document(entry for entry, _ in past)
    for run, (_, dataset) in zip(document["runs"], past, strict=True):
        run["dataset"] = dataset_document(dataset)
    return {"schema": document["schema"], "dataset": name, "runs": document["runs"]}


def past_text(name: str, past: Past, layout: Layout) -> str:
    """A line a run, the last first; the config too, where runs of several are among them."""
    configs = {entry.config for entry, _ in past}
    several = len(configs) > 1
    columns = [
        Column("run"),
        Column("status", plain=True),
        *(Column(title, right=True) for title in _NUMBERS),
        Column("time", right=True, plain=True),
        *([Column("config", wraps=True, plain=True)] if several else []),
    ]
    rows = [_row(entry, dataset, with_config=several) for entry, dataset in past]
    title = f"{name}, {'the last run first' if several else f'in {next(iter(configs))}, the last run first'}:"
    return layout.render([paragraph(title), "", table(columns, rows, layout.width)])


def _row(entry: HistoryEntry, dataset: DatasetFacts, *, with_config: bool) -> list[Text]:
    items = dataset.items
    counts = (items.created, items.updated, items.deleted, items.skipped, items.failed)
    return [
        Text(printable(entry.run_id)),
        Text(dataset.status.value if dataset.status else printable(dataset.state), style=style_of(dataset.status)),
        Text(NOTHING if dataset.rows is None else number(dataset.rows)),
        *(Text(number(count) if dataset.result_seen else NOTHING) for count in counts),
        Text(duration(dataset.duration_s)),
        *([paragraph(entry.config)] if with_config else []),
    ]
