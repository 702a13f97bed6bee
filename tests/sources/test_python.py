"""Functions of users: whatever they yield, raise or return. Called directly, where a child of `apart` runs them."""

import json
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from bulkimport.errors import SourceError
from bulkimport.sources.landing_file import LandingFile
from bulkimport.sources.python import write_items
from bulkimport.sources.typed import TypedRows


@pytest.fixture(autouse=True)
def modules_of_its_own(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(sys, "path", sys.path.copy())
    yield
    for name in [name for name, module in sys.modules.items() if name.startswith("hr")]:
        del sys.modules[name]


def called(folder: Path, body: str, **arguments: object) -> tuple[tuple[str, ...] | None, list[dict[str, object]]]:
    (folder / "hr.py").write_text(body)
    (folder / "rows.ndjson").unlink(missing_ok=True)
    with LandingFile(folder / "rows.ndjson") as file:
        out = TypedRows(file, "hr:people")
        columns = write_items({"function": "hr:people", "folder": str(folder), "arguments": arguments}, out)
    return columns, [json.loads(line) for line in (folder / "rows.ndjson").read_text().splitlines()]


def complaint(folder: Path, body: str, **arguments: object) -> SourceError:
    with pytest.raises(SourceError) as caught:
        called(folder, body, **arguments)
    return caught.value


@pytest.mark.parametrize(
    "body",
    [
        "def people():\n    yield {'id': 1}\n    yield {'id': 2, 'n': 'B'}",
        "def people(): return [{'id': 1}, {'id': 2, 'n': 'B'}]",
        "people = lambda: iter([{'id': 1}, {'id': 2, 'n': 'B'}])",
    ],
)
def test_rows_come_in_any_way(body: str, tmp_path: Path) -> None:
    assert called(tmp_path, body) == (("id", "n"), [{"id": 1}, {"id": 2, "n": "B"}])


def test_arguments_are_given_by_name(tmp_path: Path) -> None:
    body = "def people(*, year, all=False): yield {'year': year, 'all': all}"
    assert called(tmp_path, body, year=2026)[1] == [{"year": 2026, "all": False}]
    assert "unexpected keyword argument 'yaer'" in complaint(tmp_path, body, yaer=1).message


def test_more_rows_than_a_batch(tmp_path: Path) -> None:
    columns, rows = called(tmp_path, "def people():\n    for n in range(1234): yield {'id': n}")
    assert [row["id"] for row in rows] == list(range(1234))
    assert columns == ("id",)


def test_no_rows_have_no_columns(tmp_path: Path) -> None:
    assert called(tmp_path, "def people(): return []") == (None, [])


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("def people(): yield 5", "hr:people, row 1: is an int, not a mapping"),
        ("def people():\n  yield {}\n  yield {5: 1}", "hr:people, row 2: 5 cannot be the name of a column"),
        ("def people(): return {'id': 1}", "hr:people returned a dict where several rows were expected"),
        ("def people(): pass", "hr:people returned None where several rows were expected"),
        ("def people(): yield {'id': 1j}", "hr:people, row 1: column 'id' holds a value of the type complex"),
    ],
)
def test_what_is_no_row_is_told_with_its_number(body: str, message: str, tmp_path: Path) -> None:
    assert complaint(tmp_path, body).message == message


def test_an_exception_is_told_with_the_users_own_line(tmp_path: Path) -> None:
    body = "import json\n\ndef people():\n    yield {'id': 1}\n    inner()\n\ndef inner():\n    json.loads('{')\n"
    assert complaint(tmp_path, body).message == (
        "hr:people failed after 1 row: json.decoder.JSONDecodeError: Expecting property name enclosed in double "
        "quotes: line 1 column 2 (char 1) (hr.py, line 8, in inner)"
    )


def test_an_exit_is_an_exception_too(tmp_path: Path) -> None:
    assert complaint(tmp_path, "import sys\ndef people(): sys.exit('done')").message == (
        "hr:people failed: SystemExit: done (hr.py, line 2, in people)"
    )


def test_a_module_that_cannot_be_read(tmp_path: Path) -> None:
    assert "SyntaxError" in complaint(tmp_path, "def people(:").message


def test_a_module_whose_own_import_is_missing_is_not_taken_for_missing(tmp_path: Path) -> None:
    assert complaint(tmp_path, "import no_such_thing").message == (
        "hr:people failed: ModuleNotFoundError: No module named 'no_such_thing' (hr.py, line 1, in <module>)"
    )


def test_a_missing_module_and_a_misspelt_function(tmp_path: Path) -> None:
    error = complaint(tmp_path, "def peopel(): yield {}")
    assert (error.message, error.hint) == ("The Python module hr has no function people", "It has peopel.")
    with LandingFile(tmp_path / "x") as file, pytest.raises(SourceError, match="no Python module hr_x"):
        write_items({"function": "hr_x:a", "folder": str(tmp_path), "arguments": {}}, TypedRows(file, "hr_x:a"))
