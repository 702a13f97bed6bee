"""Reading files and what they include."""

from pathlib import Path

import pytest

from bulkimport.config import inclusion, load
from bulkimport.errors import ConfigError
from bulkimport.model import CsvSource
from tests.config.support import HEAD, Folder, dataset


def names(folder: Folder, text: str) -> list[str]:
    return [dataset.name for dataset in folder.load(text).datasets]


def test_datasets_come_in_the_order_of_the_files_own_first(folder: Folder) -> None:
    folder.write("b.yaml", "include: [deep/c.yaml]\ndatasets:\n" + dataset("b", 1))
    folder.write("deep/c.yaml", "datasets:\n" + dataset("c", 2))
    folder.write("d.yaml", "version: 1\ndatasets:\n" + dataset("d", 3))
    assert names(folder, HEAD + "include: [b.yaml, d.yaml]\ndatasets:\n" + dataset("a", 0)) == ["a", "b", "c", "d"]


def test_a_main_file_may_have_only_included_datasets(folder: Folder) -> None:
    folder.write("b.yaml", "datasets:\n" + dataset("b", 1))
    assert names(folder, HEAD + "include: [b.yaml]\n") == ["b"]


def test_sources_of_included_files_are_relative_to_those(folder: Folder) -> None:
    folder.write("teams/b.yaml", "datasets:\n" + dataset("b", 1))
    (only,) = folder.load(HEAD + "include: [teams/b.yaml]\n").datasets
    assert only.source == CsvSource((str(folder.path / "teams/data/b.csv"),))


def test_inclusions_may_be_absolute_and_hold_variables(folder: Folder) -> None:
    path = folder.write("elsewhere/b.yaml", "datasets:\n" + dataset("b", 1))
    folder.write("c.yaml", "datasets:\n" + dataset("c", 2))
    config = folder.load(HEAD + "include: ['${DIR}/b.yaml', '${NAME:-c}.yaml']\n", {"DIR": str(path.parent)})
    assert [dataset.name for dataset in config.datasets] == ["b", "c"]


def test_problems_in_included_files_name_those_as_the_user_knows_them(
    folder: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder.write("conf/teams/b.yaml", "datasets:\n" + dataset("b", 1, "kee: x"))
    folder.write("conf/all.yaml", HEAD + "include:\n  - teams/b.yaml\n")
    monkeypatch.chdir(folder.path)
    with pytest.raises(ConfigError) as caught:
        load("conf/all.yaml", {})
    (problem,) = caught.value.problems
    assert (problem.file, problem.line, problem.key) == ("conf/teams/b.yaml", 6, "datasets[0].kee")
    monkeypatch.chdir(folder.path / "conf")
    with pytest.raises(ConfigError) as caught:
        load(Path("all.yaml"), {})
    assert caught.value.problems[0].file == "teams/b.yaml"


@pytest.mark.parametrize("key", ["tenant", "limits", "timeouts", "retries", "run"])
def test_what_concerns_the_whole_run_stands_in_the_main_file(folder: Folder, key: str) -> None:
    folder.write("b.yaml", f"{key}: {{}}\ndatasets:\n" + dataset("b", 1))
    assert folder.problem(HEAD + "include: [b.yaml]\n") == (
        f"b.yaml:1: {key}: unknown key in an included file, "
        "which holds `version`, `include`, `defaults` and `datasets` alone: put it into the main file"
    )


def test_the_version_of_an_included_file_is_checked(folder: Folder) -> None:
    folder.write("b.yaml", "version: 2\ndatasets:\n" + dataset("b", 1))
    assert folder.problem(HEAD + "include: [b.yaml]\n") == (
        "b.yaml:1: version: expected 1, the only version of this file format, found 2"
    )


def test_a_circle_of_inclusions_is_an_error_where_it_closes(folder: Folder) -> None:
    folder.write("b.yaml", "include:\n  - all.yaml\ndatasets:\n" + dataset("b", 1))
    assert folder.problem(HEAD + "include: [b.yaml]\n") == (
        "b.yaml:2: include[0]: cannot include 'all.yaml': the files include one another in a circle"
    )


def test_a_file_that_includes_itself_by_another_name_is_a_circle(folder: Folder) -> None:
    (folder.path / "link.yaml").symlink_to("all.yaml")
    assert "in a circle" in folder.problem(HEAD + "include: [./x/../link.yaml]\ndatasets:\n" + dataset("a", 0))


def test_a_file_reached_twice_is_an_error_that_names_the_first_time(folder: Folder) -> None:
    folder.write("b.yaml", "include: [d.yaml]\ndatasets:\n" + dataset("b", 1))
    folder.write("c.yaml", "include: [d.yaml]\ndatasets:\n" + dataset("c", 2))
    folder.write("d.yaml", "datasets:\n" + dataset("d", 3))
    assert folder.problem(HEAD + "include: [b.yaml, c.yaml]\n") == (
        "c.yaml:1: include[0]: cannot include 'd.yaml': it is included at b.yaml:1 already"
    )


def test_an_unreadable_inclusion_is_reported_where_it_is_named_beside_everything_else(folder: Folder) -> None:
    (folder.path / "dir.yaml").mkdir()
    text = HEAD + "include:\n  - nowhere.yaml\n  - dir.yaml\ndatasets:\n" + dataset("a", 0, "kee: 1", "depends_on: [b]")
    assert folder.problems(text) == [
        "all.yaml:4: include[0]: cannot include 'nowhere.yaml': no such file or directory",
        "all.yaml:5: include[1]: cannot include 'dir.yaml': is a directory",
        "all.yaml:11: datasets[0].kee: unknown key: did you mean `key`?",
    ]


def test_a_broken_inclusion_is_reported_with_its_own_line(folder: Folder) -> None:
    folder.write("b.yaml", "datasets:\n  - name: [\n")
    folder.write("c.yaml", "")
    problems = folder.problems(HEAD + "include: [b.yaml, c.yaml]\nlimts: {}\n")
    assert [problem.split(": ")[0] for problem in problems] == ["all.yaml:4", "b.yaml:2", "c.yaml:1"]


def test_a_name_that_no_file_can_have_is_no_exception(folder: Folder) -> None:
    problems = folder.problems(HEAD + 'include: ["a\\0b.yaml", 5, ""]\n')
    assert all(problem.startswith("all.yaml:3: include[") for problem in problems)


def test_a_missing_main_file_is_a_config_error(folder: Folder) -> None:
    with pytest.raises(ConfigError) as caught:
        load(folder.path / "nowhere.yaml", {})
    assert str(caught.value) == f"{folder.path}/nowhere.yaml: cannot be read: no such file or directory"


def test_a_directory_is_no_main_file(folder: Folder) -> None:
    with pytest.raises(ConfigError, match="cannot be read: is a directory"):
        load(folder.path, {})


def test_a_path_with_a_nul_is_no_main_file() -> None:
    with pytest.raises(ConfigError, match="no file can have such a name"):
        load("a\0b", {})


def test_an_unreadable_main_file_is_a_config_error(folder: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*args: object, **kwargs: object) -> None:
        raise PermissionError(13, "Permission denied")

    path = folder.write("all.yaml", HEAD)
    monkeypatch.setattr(Path, "open", refuse)
    with pytest.raises(ConfigError, match="cannot be read: permission denied"):
        load(path, {})


def test_a_device_without_end_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inclusion, "LARGEST", 2**20)
    with pytest.raises(ConfigError, match="more than 1 MiB"):
        load("/dev/zero", {})


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("", "all.yaml:1: the file is empty; begin with `version: 1`"),
        ("# nothing\n", "all.yaml:1: the file is empty; begin with `version: 1`"),
        ("- a\n", "all.yaml:1: expected a mapping of keys, found a list; begin with `version: 1`"),
        ("hello\n", "all.yaml:1: expected a mapping of keys, found 'hello'; begin with `version: 1`"),
        (
            b"a: 1\nb: \xe9\n",
            "all.yaml:2: not UTF-8: the byte 0xe9 does not belong there; save the file as UTF-8",
        ),
    ],
)
def test_what_is_no_configuration_at_all(folder: Folder, content: str | bytes, expected: str) -> None:
    assert folder.problem(content) == expected


def test_a_byte_order_mark_is_not_part_of_the_file(folder: Folder) -> None:
    assert names(folder, "\ufeff" + HEAD + "datasets:\n" + dataset("a", 0)) == ["a"]
