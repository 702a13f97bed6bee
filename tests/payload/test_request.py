import pickle
from pathlib import Path

from bulkimport.model import CsvSource, Dataset, Field, Guards, ImportOptions
from bulkimport.payload import PayloadRequest

DATASET = Dataset(
    name="people / EMEA",
    dataset_id="X",
    source=CsvSource(("people.csv",)),
    key=("id",),
    payload="csv",
    fields=(Field("id", "ID"),),
    extra_columns="drop",
    import_options=ImportOptions(date_format="DD/MM/YYYY", noop_token="~", clear_token=None),
    guards=Guards(duplicates="last", required=("id",)),
)


def test_a_request_takes_what_it_needs_from_the_dataset(tmp_path: Path) -> None:
    request = PayloadRequest.of(DATASET, tmp_path)

    assert (request.source, request.key, request.format) == (DATASET.source, ("id",), "csv")
    assert (request.fields, request.extra_columns, request.duplicates) == (DATASET.fields, "drop", "last")
    assert (request.required, request.date_format, request.verbatim) == (("id",), "DD/MM/YYYY", frozenset({"~"}))


def test_file_names_are_safe_and_never_the_same(tmp_path: Path) -> None:
    requests = [PayloadRequest.of(DATASET, tmp_path) for _ in range(20)]

    paths = {path for each in requests for path in (each.spool_path, each.keys_path, each.progress_path)}
    assert len(paths) == 60
    assert {Path(path).parent for path in paths if path} == {tmp_path}


def test_a_request_crosses_process_borders(tmp_path: Path) -> None:
    request = PayloadRequest.of(DATASET, tmp_path)

    assert pickle.loads(pickle.dumps(request)) == request
