"""Warnings about valid configurations."""

from tests.config.support import HEAD, PEOPLE, Folder, dataset


def warnings(folder: Folder, text: str) -> tuple[str, ...]:
    return folder.load(text).warnings


def test_an_ordinary_configuration_has_no_warnings(folder: Folder) -> None:
    assert warnings(folder, HEAD + PEOPLE) == ()


def test_limits_above_those_of_orgvue(folder: Folder) -> None:
    limits = "limits: {requests_per_second: 101, concurrent_requests: 50, requests_per_day: 1000000}\n"
    assert warnings(folder, HEAD + limits + PEOPLE) == (
        "limits.requests_per_second is 101, but Orgvue grants a tenant 100: expect requests to be turned away.",
        "limits.requests_per_day is 1,000,000, but Orgvue grants a tenant 500,000: expect requests to be turned away.",
    )


def test_dependencies_that_are_disabled(folder: Folder) -> None:
    text = (
        HEAD + "datasets:\n" + dataset("a", 0, "enabled: false") + dataset("b", 1, "enabled: false", "depends_on: [a]")
    )
    assert warnings(folder, text + dataset("c", 2, "depends_on: [a, b]")) == (
        "c depends on a and b, which are disabled and so not waited for.",
    )


def test_a_configuration_in_which_all_is_disabled(folder: Folder) -> None:
    assert warnings(folder, HEAD + PEOPLE + "    enabled: false\n") == (
        "All datasets are disabled: a run would do nothing.",
    )


def test_matching_by_the_internal_id_while_counting_by_another_key(folder: Folder) -> None:
    text = HEAD + PEOPLE + "    import: {auto_id: false}\n"
    (warning,) = warnings(folder, text)
    assert "people has auto_id: false and neither id_key nor merge_key" in warning
    assert warnings(folder, text.replace("key: employeeID", "key: _id")) == ()
