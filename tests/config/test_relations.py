"""How the values of one dataset fit together."""

import pytest

from bulkimport.model import ExtractDate
from tests.config.support import HEAD, IDS, PEOPLE, Folder


def at(key: str, message: str, line: int = 8) -> str:
    return f"all.yaml:{line}: datasets[0].{key}: {message}"


def above(low: str, high: str, found: str) -> str:
    return f"{low} must not be above {high}, found {found}"


@pytest.mark.parametrize(
    ("more", "key", "message"),
    [
        (
            "poll: {initial: 10s, max: 5s}",
            "poll.initial",
            above("poll.initial", "poll.max", "'10s' and '5s'"),
        ),
        ("poll: {max: 10s, timeout: 5s}", "poll.max", above("poll.max", "poll.timeout", "'10s' and '5s'")),
        (
            "poll: {initial: 10s, timeout: 5s}",
            "poll.initial",
            above("poll.initial", "poll.timeout", "'10s' and '5s'"),
        ),
        (
            "guards: {min_rows: 10, max_rows: 9}",
            "guards.min_rows",
            above("guards.min_rows", "guards.max_rows", "10 and 9"),
        ),
        (
            "import: {noop_token: '#', clear_token: '#'}",
            "import.clear_token",
            "noop_token and clear_token are the same text, which cannot mean both",
        ),
        (
            "import: {auto_id: true, id_key: employeeID}",
            "import.id_key",
            "auto_id: true and id_key exclude one another: leave one of them out",
        ),
        (
            "import: {merge_key: employeeID, id_key: employeeID}",
            "import.merge_key",
            "items are matched by id_key or by merge_key, not by both: keep one of them",
        ),
        (
            "import: {id_key: email}",
            "import.id_key",
            "expected the property that `key` names, found 'email' while key is 'employeeID': "
            "the guards count by `key`, so Orgvue must match by it too",
        ),
    ],
)
def test_values_that_contradict_each_other(folder: Folder, more: str, key: str, message: str) -> None:
    assert folder.dataset_problem(more) == at(key, message)


def test_unwritten_defaults_give_way_to_what_is_written(folder: Folder) -> None:
    polls = [folder.dataset(f"poll: {poll}").poll for poll in ("{timeout: 500ms}", "{initial: 60s}", "{max: 2h}")]
    assert [(poll.initial, poll.max, poll.timeout) for poll in polls] == [
        (0.5, 0.5, 0.5),
        (60, 60, 1800),
        (1, 7200, 7200),
    ]


def test_the_retries_fit_into_their_total_time(folder: Folder) -> None:
    assert folder.problem(HEAD + "retries: {max_wait: 10m, total: 5m}\n" + PEOPLE) == (
        "all.yaml:3: retries.max_wait: retries.max_wait must not be above retries.total, found '10m' and '5m'"
    )
    assert folder.load(HEAD + "retries: {total: 5s}\n" + PEOPLE).retries.max_wait == 5


def test_matching_by_one_property_needs_a_key_of_one(folder: Folder) -> None:
    text = HEAD + PEOPLE.replace("key: employeeID", "key: [from_id, to_id]") + "    import: {id_key: link_id}\n"
    assert "found 'link_id' while key has 2 properties" in folder.problem(text)


@pytest.mark.parametrize("name", ["id_key", "merge_key"])
def test_matching_by_the_key_itself_is_right(folder: Folder, name: str) -> None:
    options = folder.dataset(f"import: {{{name}: employeeID, auto_id: false}}").import_options
    assert (options.auto_id, getattr(options, name)) == (False, "employeeID")


def source_problem(folder: Folder, source: str) -> str:
    return folder.problem(HEAD + PEOPLE.replace("data/people.csv", source))


def test_an_unknown_extension_needs_a_type(folder: Folder) -> None:
    problem = source_problem(folder, "data/people.xml")
    assert problem == at(
        "source",
        "the extension of 'data/people.xml' tells no type: known are .csv, .tsv, .txt, .json, .ndjson, .jsonl, "
        ".xlsx, .xlsm and .parquet, texts also with .gz, .zst or .zip; otherwise say with `type` that it is "
        "`csv`, `excel`, `json`, `ndjson` or `parquet`",
        6,
    )
    assert "datasets[0].source.path: the extension of 'x'" in source_problem(folder, "{path: x}")
    assert "datasets[0].source.path[1]: the extension of 'x'" in source_problem(folder, "{path: [a.csv, x]}")


def test_the_files_of_a_source_have_one_type(folder: Folder) -> None:
    assert source_problem(folder, "{path: [a.csv, b.json, c.txt]}") == at(
        "source.path[1]", "all files of a source have one type, but 'a.csv' is csv and 'b.json' is json", 6
    )


@pytest.mark.parametrize("key", ["delimiter: ;", "encoding: utf-8", 'quotechar: "!"'])
@pytest.mark.parametrize("kind", ["path: a.json", "path: a.jsonl.gz", "path: a.csv, type: ndjson"])
def test_what_only_csv_has_does_not_belong_to_json(folder: Folder, key: str, kind: str) -> None:
    name = key.split(":")[0]
    assert f"datasets[0].source.{name}: `{name}` is for csv; this source is " in source_problem(
        folder, f"{{{kind}, {key}}}"
    )


def test_files_with_different_delimiters_need_a_word(folder: Folder) -> None:
    assert "say which with `delimiter`" in source_problem(folder, "{path: [a.csv, b.tsv]}")


@pytest.mark.parametrize("keys", ["delimiter: '\"'", "delimiter: ;, quotechar: ;"])
def test_delimiter_and_quote_differ(folder: Folder, keys: str) -> None:
    assert "are the same character" in source_problem(folder, f"{{path: a.csv, {keys}}}")


def test_a_wrong_type_is_one_problem(folder: Folder) -> None:
    assert source_problem(folder, "{path: a.json, type: xml, delimiter: ;}") == at(
        "source.type", "expected one of csv, duckdb, excel, json, ndjson, parquet, sql, found 'xml'", 6
    )


def test_a_key_names_different_properties(folder: Folder) -> None:
    text = HEAD + PEOPLE.replace("key: employeeID", "key: [a, b, a]")
    assert folder.problem(text) == at("key[2]", "'a' stands in the key twice", 7)


@pytest.mark.parametrize("extra", ["drop", "refuse"])
def test_the_key_is_among_the_fields_where_nothing_else_goes_out(folder: Folder, extra: str) -> None:
    problem = folder.dataset_problem(f"extra_columns: {extra}\nfields: {{employeeId: {{}}}}")
    assert problem == at(
        "key",
        "'employeeID' is the key but not among `fields`, and extra_columns keeps other columns out; "
        "did you mean `employeeId`?",
        7,
    )
    folder.dataset("fields: {name: {}}")


def test_required_properties_are_among_the_fields_too(folder: Folder) -> None:
    more = "extra_columns: drop\nfields: {employeeID: {}}\nguards:\n  required:\n    - employeeID\n    - email"
    assert folder.dataset_problem(more).startswith(at("guards.required[1]", "'email' is required but not among", 13))


def test_a_format_is_for_dates(folder: Folder) -> None:
    assert folder.dataset_problem("fields: {a: {format: '%d/%m/%Y'}}") == at(
        "fields.a.format", "`format` is for dates: add `type: date` or leave it out"
    )


def test_a_format_must_keep_the_date(folder: Folder) -> None:
    assert folder.dataset_problem("fields: {a: {type: date, format: '%d/%m'}}") == at(
        "fields.a.format", "expected a date pattern with day, month and year, such as %d/%m/%Y, found '%d/%m'"
    )


def test_a_default_must_fit_the_type(folder: Folder) -> None:
    assert folder.dataset_problem("fields:\n  a: {type: number, default: many}\n  b: {type: number, default: 5}") == at(
        "fields.a.default", "expected a number, as the type is number, found 'many'", 9
    )


def test_two_fields_may_read_one_column(folder: Folder) -> None:
    dataset = folder.dataset("fields: {a: {from: x}, b: {from: x}}")
    assert dataset.fields is not None
    assert [field.source_column for field in dataset.fields] == ["x", "x"]


def test_one_mistake_does_not_hide_another(folder: Folder) -> None:
    text = f"""datasets:
  - name: p/q
    dataset_id: {IDS[0]}
    source: {{path: a.json, delimiter: ;, encodng: x}}
    key: [a, a]
    guards: {{min_rows: 5, max_rows: 4, baseline: x}}
    import: {{id_key: b, auto_id: true, implicit_delete: perhaps}}
    fields: {{c: {{format: '%d'}}}}
    enabled: maybe
"""
    lines = [problem.split(": ")[1] for problem in folder.problems(HEAD + text)]
    assert lines == [
        "datasets[0].name",
        "datasets[0].source.delimiter",
        "datasets[0].source.encodng",
        "datasets[0].key[1]",
        "datasets[0].guards.baseline",
        "datasets[0].guards.min_rows",
        "datasets[0].import.id_key",
        "datasets[0].import.id_key",
        "datasets[0].import.implicit_delete",
        "datasets[0].fields.c.format",
        "datasets[0].enabled",
    ]


def test_an_unset_variable_brings_no_further_problem(folder: Folder) -> None:
    more = "import: {id_key: '${UNSET}'}\nfields: {a: {type: number, default: '${UNSET}'}}\nguards: '${UNSET}'"
    problems = folder.problems(HEAD + PEOPLE + "".join(f"    {line}\n" for line in more.splitlines()))
    assert ["UNSET is not set" in problem for problem in problems] == [True] * 3


@pytest.mark.parametrize(
    ("extract", "words"),
    [
        ("{from: column}", "extract_date: `from: column` needs `column`, its name"),
        ("{column: a, pattern: '{year}{month}{day}'}", "extract_date.pattern: the date is in a column or in the name"),
        ("{from: modified, column: a}", "extract_date.column: `column` goes with `from: column`"),
        ("{format: '%d/%m/%Y'}", "extract_date.format: `format` goes with `from: column`"),
        ("{pattern: 'people-{year}.csv'}", "extract_date.pattern: expected a pattern such as"),
        ("yesterday", "extract_date: expected one of modified, file_name, column"),
    ],
)
def test_the_day_of_an_extract_is_told_in_one_way(folder: Folder, extract: str, words: str) -> None:
    assert words in folder.dataset_problem(f"extract_date: {extract}")


def test_the_keys_tell_where_the_day_of_an_extract_is(folder: Folder) -> None:
    told = ("modified", "file_name", "{column: a}", "{pattern: 'p-{year}{month}{day}.csv'}", "{}")
    origins = [(folder.dataset(f"extract_date: {text}").extract_date or ExtractDate("column")).origin for text in told]

    assert origins == ["modified", "file_name", "column", "file_name", "modified"]


def test_sources_that_are_no_files_have_a_day_only_in_a_column(folder: Folder) -> None:
    text = HEAD + PEOPLE.replace("data/people.csv", "{python: 'hr:people'}")

    assert "only files on this machine have a date of their own" in folder.problem(
        text + "    extract_date: modified\n"
    )
    assert folder.load(text + "    extract_date: {column: a}\n").datasets[0].extract_date


def test_what_is_packed_by_itself_is_not_unpacked(folder: Folder) -> None:
    for name in ("a.xlsx.gz", "a.parquet.zip"):
        assert "only texts are read packed" in source_problem(folder, name)
