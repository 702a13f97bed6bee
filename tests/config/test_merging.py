"""Defaults under datasets."""

import pytest

from tests.config.support import HEAD, PEOPLE, Folder, dataset


def test_a_dataset_has_the_defaults_under_its_own_keys(folder: Folder) -> None:
    config = folder.load(
        HEAD
        + "defaults:\n  key: id\n  payload: csv\n  tags: [nightly]\n  enabled: false\ndatasets:\n"
        + dataset("a", 0, "payload: json")
        + dataset("b", 1, "tags: [weekly]", "enabled: true")
    )
    assert [(d.payload, d.tags, d.enabled) for d in config.datasets] == [
        ("json", ("nightly",), False),
        ("csv", ("weekly",), True),
    ]


def test_blocks_are_merged_key_by_key(folder: Folder) -> None:
    (a,) = folder.load(
        HEAD
        + "defaults:\n  poll: {initial: 2s, timeout: 5m}\n  guards: {max_delete_rows: 7, min_rows: 3}\n"
        + "  import: {date_format: DD/MM/YYYY}\ndatasets:\n"
        + dataset("a", 0, "poll: {timeout: 6m}", "guards: {max_delete_rows: null}", "import: {implicit_delete: false}")
    ).datasets
    assert (a.poll.initial, a.poll.timeout) == (2.0, 360.0)
    assert (a.guards.max_delete_rows, a.guards.min_rows) == (None, 3)
    assert (a.import_options.date_format, a.import_options.implicit_delete) == ("DD/MM/YYYY", False)


def test_fields_are_replaced_as_a_whole(folder: Folder) -> None:
    (a,) = folder.load(HEAD + "defaults: {fields: {x: {}}}\ndatasets:\n" + dataset("a", 0, "fields: {id: {}}")).datasets
    assert a.fields is not None
    assert [field.name for field in a.fields] == ["id"]


def test_the_key_may_stand_in_the_defaults(folder: Folder) -> None:
    text = HEAD + "defaults: {key: employeeID}\n" + PEOPLE.replace("    key: employeeID\n", "")
    assert folder.load(text).datasets[0].key == ("employeeID",)


def test_included_files_inherit_the_defaults_and_their_own_win(folder: Folder) -> None:
    folder.write("b.yaml", "defaults: {guards: {min_rows: 2}}\ninclude: [c.yaml]\ndatasets:\n" + dataset("b", 1))
    folder.write("c.yaml", "defaults: {payload: csv}\ndatasets:\n" + dataset("c", 2))
    folder.write("d.yaml", "datasets:\n" + dataset("d", 3))
    text = HEAD + "include: [b.yaml, d.yaml]\ndefaults: {guards: {min_rows: 1, max_rows: 9}}\n"
    facts = {d.name: (d.guards.min_rows, d.guards.max_rows, d.payload) for d in folder.load(text).datasets}
    assert facts == {"b": (2, 9, "json"), "c": (2, 9, "csv"), "d": (1, 9, "json")}


@pytest.mark.parametrize("key", ["name", "dataset_id", "source"])
def test_what_every_dataset_has_of_its_own_has_no_default(folder: Folder, key: str) -> None:
    assert folder.problem(HEAD + f"defaults:\n  {key}: x\n" + PEOPLE) == (
        f"all.yaml:4: defaults.{key}: unknown key: every dataset has its own, so there is no default for it"
    )


def test_a_mistake_in_the_defaults_is_reported_once_where_it_stands(folder: Folder) -> None:
    text = (
        HEAD + "defaults:\n  poll:\n    timeout: soon\n  payload: xml\n  guards: {mni_rows: 1}\n  kee: x\ndatasets:\n"
    )
    problems = folder.problems(text + dataset("a", 0) + dataset("b", 1))
    assert [problem.rsplit(": ", 1)[0].split(": expected")[0] for problem in problems] == [
        "all.yaml:5: defaults.poll.timeout",
        "all.yaml:6: defaults.payload",
        "all.yaml:7: defaults.guards.mni_rows: unknown key",
        "all.yaml:8: defaults.kee: unknown key",
    ]


def test_a_mistake_in_the_defaults_is_reported_although_no_dataset_uses_it(folder: Folder) -> None:
    assert folder.problem(HEAD + "defaults: {payload: xml}\n" + PEOPLE + "    payload: csv\n").startswith(
        "all.yaml:3: defaults.payload: expected json or csv"
    )


def test_a_clash_with_a_default_is_reported_at_the_dataset(folder: Folder) -> None:
    text = (
        HEAD
        + "defaults: {guards: {min_rows: 10}}\ndatasets:\n"
        + dataset("a", 0)
        + dataset("b", 1, "guards: {max_rows: 5}")
    )
    assert folder.problem(text) == (
        "all.yaml:13: datasets[1].guards.max_rows: guards.min_rows must not be above guards.max_rows, found 10 and 5"
    )


def test_a_clash_among_the_defaults_is_reported_once(folder: Folder) -> None:
    text = HEAD + "defaults: {guards: {min_rows: 10, max_rows: 5}}\ndatasets:\n" + dataset("a", 0) + dataset("b", 1)
    assert folder.problem(text).startswith("all.yaml:3: defaults.guards.min_rows: ")


def test_anchors_and_merge_keys_share_blocks_too(folder: Folder) -> None:
    (a, b) = folder.load(
        HEAD
        + "datasets:\n"
        + dataset("a", 0, "guards: &small {min_rows: 5}")
        + dataset("b", 1, "guards: {<<: *small, max_rows: 9}")
    ).datasets
    assert (a.guards.min_rows, b.guards.min_rows, b.guards.max_rows) == (5, 5, 9)
