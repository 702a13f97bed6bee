"""What the models refuse, in plain words and at the right place."""

import pytest

from tests.config.support import HEAD, PEOPLE, Folder

COUNT = "expected a whole number of at least 0, or null"
POSITIVE = "expected a whole number of at least 1"
DURATION = "expected a duration such as 500ms, 30s, 15m or 2h"
LIST = "expected a list, such as [first, second]"
MAPPING = "expected a mapping of keys to values"


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ("kee: x", "kee: unknown key: did you mean `key`?"),
        ("paylod: json", "paylod: unknown key: did you mean `payload`?"),
        ("min_rows: 1", "min_rows: unknown key here: it belongs under `guards`"),
        ("delimiter: ;", "delimiter: unknown key here: it belongs under `source`"),
        (
            "guards: {mni_rows: 1}",
            "guards.mni_rows: unknown key: did you mean `min_rows`, `max_rows` or `max_delete_rows`?",
        ),
        ("fields: {a: {frm: x}}", "fields.a.frm: unknown key: did you mean `from`, `format` or `trim`?"),
        ("fields: {type: {frm: x}}", "fields.type.frm: unknown key: did you mean `from`, `format` or `trim`?"),
        (
            "poll: {zzz: 1s}",
            "poll.zzz: unknown key: known are `initial`, `max` and `timeout`",
        ),
        ("guards: {min_rows: many}", f"guards.min_rows: {COUNT}, found 'many'"),
        ("guards: {max_rows: 0}", "guards.max_rows: expected a whole number of at least 1, or null, found 0"),
        ("guards: {min_rows: [1]}", f"guards.min_rows: {COUNT}, found a list"),
        (
            "guards: {max_delete_percent: 101}",
            "guards.max_delete_percent: expected a percentage from 0 to 100, or null, found 101",
        ),
        (
            "guards: {max_create_percent: -1}",
            "guards.max_create_percent: expected a percentage of at least 0, or null, found -1",
        ),
        ("guards: {duplicates: keep}", "guards.duplicates: expected one of refuse, first, last, found 'keep'"),
        (
            "guards: {allow_item_errors: null}",
            "guards.allow_item_errors: expected a whole number of at least 0, found nothing (null)",
        ),
        ("guards: {required: employeeID}", f"guards.required: {LIST}, found 'employeeID'"),
        (
            "guards: {min_rows: 05, allow_item_errors: x}",
            "guards.allow_item_errors: expected a whole number of at least 0, found 'x'",
        ),
        ("guards: {required: [a, 5]}", "guards.required[1]: expected a property key, found 5 (put it in quotes)"),
        ("guards: 5", f"guards: {MAPPING}, found 5"),
        ("guards:", f"guards: {MAPPING}, found nothing (null)"),
        ("poll: [1s]", f"poll: {MAPPING}, found a list"),
        ("poll: {max: 30}", f"poll.max: {DURATION}, found 30 (a unit is missing: write 30s for seconds)"),
        ("poll: {max: 0s}", f"poll.max: {DURATION}, found '0s' (the shortest is 1ms)"),
        ("payload: xml", "payload: expected json or csv, found 'xml'"),
        ("extra_columns: keep", "extra_columns: expected one of pass, drop, refuse, found 'keep'"),
        ("enabled: no", "enabled: expected true or false, found 'no' (which is only text in YAML 1.2)"),
        ("import: {on_item_access_denied: stop}", "import.on_item_access_denied: expected skip or fail, found 'stop'"),
        ("import: {auto_id: null}", "import.auto_id: expected true or false, found nothing (null)"),
        (
            "import: {date_format: ISO}",
            "import.date_format: expected one of YYYY-MM-DD, DD/MM/YYYY, MM/DD/YYYY, found 'ISO'",
        ),
        ("tags: nightly", f"tags: {LIST}, found 'nightly'"),
        ("tags: [2024]", "tags[0]: expected a tag, found 2024 (put it in quotes)"),
        ("depends_on: {a: b}", f"depends_on: {LIST}, found a mapping"),
        (
            "fields: {a: {value: 007}}",
            "fields.a.value: expected a text, a number, true or false, or null, found 7 (the zeros before it would be "
            "lost: put it in quotes, or leave them out)",
        ),
        ("fields: [a]", f"fields: {MAPPING}, found a list"),
        ("fields: {a: text}", f"fields.a: {MAPPING}, found 'text'"),
        (
            "fields: {a: {type: money}}",
            "fields.a.type: expected one of text, number, date, boolean, or null, found 'money'",
        ),
        (
            "fields: {a: {default: [1]}}",
            "fields.a.default: expected a text, a number, true or false, or null, found a list",
        ),
        (
            "fields: {_action: {}}",
            "fields._action: expected a property key; "
            "names with a leading _, such as _action and _id, are Orgvue's own",
        ),
    ],
)
def test_each_mistake_is_told_in_plain_words(folder: Folder, more: str, expected: str) -> None:
    assert folder.dataset_problem(more) == f"all.yaml:8: datasets[0].{expected}"


@pytest.mark.parametrize(
    ("top", "expected"),
    [
        ("limts: {requests_per_second: 5}", "limts: unknown key: did you mean `limits`"),
        ("state_dir: x", "state_dir: unknown key here: it belongs under `run`"),
        ("depends_on: [x]", "depends_on: unknown key here: it belongs under `datasets`"),
        (
            "limits: {requests_per_second: 0}",
            f"limits.requests_per_second: {POSITIVE}, found 0",
        ),
        (
            "limits: {requests_per_second: true}",
            f"limits.requests_per_second: {POSITIVE}, found true",
        ),
        (
            "timeouts: {read: 1 minute}",
            f"timeouts.read: {DURATION}, found '1 minute'",
        ),
        ("retries: {attempts: 0}", f"retries.attempts: {POSITIVE}, found 0"),
        (
            "run: {max_parallel_datasets: 1.5}",
            f"run.max_parallel_datasets: {POSITIVE}, found 1.5",
        ),
        ("run: {state_dir: ''}", "run.state_dir: expected a path, or null, found ''"),
        ("include: a.yaml", f"include: {LIST}, found 'a.yaml'"),
        ("defaults: 5", f"defaults: {MAPPING}, found 5"),
    ],
)
def test_the_same_at_the_top_of_the_file(folder: Folder, top: str, expected: str) -> None:
    assert folder.problem(HEAD + top + "\n" + PEOPLE).startswith(f"all.yaml:3: {expected}")


@pytest.mark.parametrize("version", ["2", "'1'", "1.5", "latest"])
def test_only_one_version_is_known(folder: Folder, version: str) -> None:
    problem = folder.problem(HEAD.replace("version: 1", f"version: {version}") + PEOPLE)
    assert problem.startswith("all.yaml:1: version: expected 1, the only version of this file format, found ")


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (1, "name: is missing: expected a name of up to 64 characters"),
        (2, "dataset_id: is missing: expected a UUID such as 6586F21B"),
        (3, "source: is missing: expected a path or a mapping such as {path: data/people.csv}"),
        (4, "key: is missing: expected a property key or a list of them"),
    ],
)
def test_a_missing_key_is_reported_where_its_dataset_begins(folder: Folder, line: int, expected: str) -> None:
    lines = PEOPLE.replace("  - name", "    name").splitlines()
    lines[line] = "    enabled: true"
    lines[1] = lines[1].replace("    ", "  - ", 1)
    assert folder.problem(HEAD + "\n".join(lines)).startswith(f"all.yaml:4: datasets[0].{expected}")


def test_a_missing_tenant_or_version_is_reported_at_the_top(folder: Folder) -> None:
    assert folder.problems("# comment\n\n" + PEOPLE) == [
        "all.yaml:1: tenant: is missing: expected a mapping with base_url, tenant_id, token and token_file",
        "all.yaml:1: version: is missing: expected 1, the only version of this file format",
    ]


def test_lines_are_those_of_the_values_themselves(folder: Folder) -> None:
    more = "guards:\n  min_rows:\n    many\n  required:\n    - a\n\n    - 5\nfields:\n  a:\n    default:\n      - 1"
    problems = folder.problems(HEAD + PEOPLE + "".join(f"    {line}\n" for line in more.splitlines()))
    assert [problem.split(": ")[0] for problem in problems] == ["all.yaml:10", "all.yaml:14", "all.yaml:17"]


def test_duplicate_keys_are_problems(folder: Folder) -> None:
    assert folder.dataset_problem("key: other") == (
        "all.yaml:8: datasets[0].key: this key stands here twice, first on line 7: keep one of them"
    )
