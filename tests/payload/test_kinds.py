from typing import Any

import pytest

from bulkimport.payload.kinds import ValueKind, kind_of
from bulkimport.sources import ExactNumber


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([], ("blank", None)),
        (["", None, "  "], ("blank", None)),
        (["1", "", " 2.50 ", "-3e4"], ("number", None)),
        (["0", "0.5", "-0.1"], ("number", None)),
        (["007", "12"], ("text", None)),
        (["20260102"], ("number", None)),
        ([1, 2.5, ExactNumber("9" * 30)], ("number", None)),
        ([1, "a"], ("text", None)),
        ([True, False, None], ("boolean", None)),
        (["yes", "No", "Y"], ("boolean", None)),
        (["2026-01-31", "2026-02-01"], ("date", None)),
        (["31/01/2026", "01/02/2026"], ("date", "%d/%m/%Y")),
        (["01/31/2026", "01/02/2026"], ("date", "%m/%d/%Y")),
        (["31/01/2026", "01/31/2026"], ("text", None)),
        (["31.01.2026"], ("date", "%d.%m.%Y")),
        (["1 Jan 2026", "x"], ("text", None)),
        (["2026-02-30"], ("text", None)),
    ],
)
def test_a_column_is_the_narrowest_that_fits_all_its_values(
    values: list[Any], expected: tuple[ValueKind, str | None]
) -> None:
    assert kind_of(values) == expected
