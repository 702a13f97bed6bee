"""From checked models to the program's own values."""

from bulkimport.model import (
    CsvSource,
    DuckDbSource,
    Field,
    FileChoice,
    Guards,
    ImportOptions,
    JsonSource,
    Limits,
    NdjsonSource,
    ParquetSource,
    Poll,
    Retries,
    RunOptions,
    Source,
    Timeouts,
)
from tests.config.support import HEAD, IDS, PEOPLE, Folder


def source(folder: Folder, text: str) -> Source:
    return folder.load(HEAD + PEOPLE.replace("data/people.csv", text)).datasets[0].source


def test_what_is_left_out_has_the_defaults_of_the_program(folder: Folder) -> None:
    config = folder.load(HEAD + PEOPLE)
    (people,) = config.datasets
    assert (config.limits, config.timeouts, config.retries, config.run) == (
        Limits(),
        Timeouts(),
        Retries(),
        RunOptions(),
    )
    assert (people.name, people.dataset_id, people.key) == ("people", IDS[0], ("employeeID",))
    assert (people.payload, people.fields, people.extra_columns, people.enabled) == ("json", None, "pass", True)
    assert (people.import_options, people.poll) == (ImportOptions(), Poll())
    assert people.guards == Guards(required=("employeeID",))
    assert (people.depends_on, people.tags) == ((), ())


def test_empty_blocks_have_the_same_defaults(folder: Folder) -> None:
    blocks = "limits: {}\ntimeouts: {}\nretries: {}\nrun: {}\ndefaults: {}\n"
    assert folder.load(HEAD + blocks + PEOPLE + "    import: {}\n    guards: {}\n    poll: {}\n") == folder.load(
        HEAD + PEOPLE
    )


def test_everything_that_is_written_arrives(folder: Folder) -> None:
    config = folder.load(
        """version: 1
tenant: {base_url: sandbox, tenant_id: ACME}
limits: {requests_per_second: 1, concurrent_requests: 2, requests_per_day: 3}
timeouts: {connect: 4s, read: 5s}
retries: {attempts: 6, max_wait: 7s, total: 8s}
run: {max_parallel_datasets: 9, state_dir: ../state, fail_fast: true}
"""
        + PEOPLE
        + """\
    payload: csv
    fields:
      employeeID: {}
      name:
      dob: {from: Date of birth, type: date, format: "%d/%m/%Y", default: 01/02/2003}
      size: {type: number, default: 1.5}
    extra_columns: refuse
    import: {implicit_delete: false, auto_id: true, date_format: MM/DD/YYYY, on_property_access_denied: skip,
             on_item_access_denied: skip, on_action_validation_failure: skip, noop_token: "#", clear_token: "!"}
    guards: {min_rows: 10, max_rows: 11, max_delete_rows: 12, max_delete_percent: 13, max_create_percent: 140,
             max_update_percent: 0.5, duplicates: last, required: [name, employeeID, name], allow_item_errors: 15,
             baseline: last_run}
    poll: {initial: 16s, max: 17s, timeout: 18s}
    tags: [a, b, a]
    enabled: false
""",
        name="conf/all.yaml",
    )
    assert config.path == str(folder.path / "conf/all.yaml")
    assert (config.limits, config.timeouts, config.retries) == (Limits(1, 2, 3), Timeouts(4, 5), Retries(6, 7, 8))
    assert config.run == RunOptions(9, str(folder.path / "state"), True)
    (people,) = config.datasets
    assert people.fields == (
        Field("employeeID", "employeeID"),
        Field("name", "name"),
        Field("dob", "Date of birth", "date", "%d/%m/%Y", "01/02/2003"),
        Field("size", "size", "number", None, 1.5),
    )
    assert people.import_options == ImportOptions(
        False, True, None, None, "MM/DD/YYYY", "skip", "skip", "skip", "#", "!"
    )
    assert people.guards == Guards(10, 11, 12, 13, 140, 0.5, "last", ("name", "employeeID"), 15, "last_run")
    assert people.poll == Poll(16, 17, 18, learns=False)
    assert (people.payload, people.extra_columns, people.tags, people.enabled) == ("csv", "refuse", ("a", "b"), False)


def test_sources_in_the_short_form(folder: Folder) -> None:
    here = str(folder.path)
    assert source(folder, "data/people.csv") == CsvSource((f"{here}/data/people.csv",))
    assert source(folder, "a.tsv") == CsvSource((f"{here}/a.tsv",), "\t")
    assert source(folder, "a.TXT.gz") == CsvSource((f"{here}/a.TXT.gz",))
    assert source(folder, "/data/a.json.gz") == JsonSource(("/data/a.json.gz",))
    assert source(folder, "'parts/*.jsonl'") == NdjsonSource((f"{here}/parts/*.jsonl",))
    assert source(folder, "a.Parquet") == ParquetSource((f"{here}/a.Parquet",))


def test_sources_in_the_long_form(folder: Folder) -> None:
    here = str(folder.path)
    long = '{type: csv, path: [a.dat, b/*.dat], delimiter: tab, encoding: cp1252, quotechar: "\'"}'
    assert source(folder, long) == CsvSource((f"{here}/a.dat", f"{here}/b/*.dat"), "\t", "cp1252", "'")
    assert source(folder, "{path: a.csv, type: json}") == JsonSource((f"{here}/a.csv",))
    assert source(folder, "{path: a.tsv, delimiter: ','}") == CsvSource((f"{here}/a.tsv",), ",")
    assert source(folder, "{path: a.csv, type: parquet}") == ParquetSource((f"{here}/a.csv",))


def test_a_query_and_the_files_in_it_are_relative_to_the_file_that_names_them(folder: Folder) -> None:
    here = str(folder.path)
    assert source(folder, "{type: duckdb, query: from 'a.csv'}") == DuckDbSource(here, "from 'a.csv'")
    in_file = source(folder, "{type: duckdb, query_file: sql/a.sql}")
    assert in_file == DuckDbSource(here, query_file=f"{here}/sql/a.sql")


def test_which_files_are_read_and_how_they_are_packed(folder: Folder) -> None:
    here = folder.path
    chosen = FileChoice(newest=True, max_age=86_400, stable_for=30)
    long = "{path: 'in/*.csv.zip', newest: true, max_age: 24h, stable_for: 30s, member: 'p*', differing_columns: fill}"
    assert source(folder, long) == CsvSource(
        (f"{here}/in/*.csv.zip",), differing_columns="fill", member="p*", choice=chosen
    )
    assert source(folder, "{path: a.json.zst, records: data.workers}") == JsonSource(
        (f"{here}/a.json.zst",), ("data", "workers")
    )
    assert source(folder, "{path: a.zip, type: ndjson, member: a}") == NdjsonSource((f"{here}/a.zip",), member="a")


def test_the_names_on_the_way_to_records_may_hold_dots(folder: Folder) -> None:
    for written, names in {
        "value": ("value",),
        r"d.odata\.value": ("d", "odata.value"),
        r"a\\.b": ("a\\", "b"),
    }.items():
        found = source(folder, f"{{path: a.json, records: '{written}'}}")
        assert isinstance(found, JsonSource)
        assert found.records == names


def test_a_key_may_be_a_list(folder: Folder) -> None:
    (links,) = folder.load(HEAD + PEOPLE.replace("key: employeeID", "key: [from_id, to_id]")).datasets
    assert links.key == ("from_id", "to_id")
    assert links.guards.required == ("from_id", "to_id")


def test_nothing_may_be_required_on_request(folder: Folder) -> None:
    assert folder.dataset("guards: {required: []}").guards.required == ()


def test_auto_id_is_off_where_another_property_matches(folder: Folder) -> None:
    assert folder.dataset("import: {id_key: employeeID}").import_options.auto_id is False
    assert folder.dataset("import: {merge_key: employeeID}").import_options.auto_id is False
    assert folder.dataset("import: {id_key: null}").import_options.auto_id is True


def test_guards_may_be_switched_off(folder: Folder) -> None:
    guards = folder.dataset("guards: {min_rows: null, max_delete_rows: null, max_delete_percent: null}").guards
    assert (guards.min_rows, guards.max_delete_rows, guards.max_delete_percent) == (None, None, None)
