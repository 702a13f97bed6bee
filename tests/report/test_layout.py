import re

from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.text import Text

from bulkimport.report.layout import Column, Layout, labelled, paragraph, table

COLUMNS = (Column("dataset", wraps=True), Column("status", plain=True), Column("rows", right=True))
ROWS = [
    [Text("people-and-their-positions-of-all-times"), Text("succeeded"), Text("1,200")],
    [Text("x"), Text("failed"), Text("-")],
]
LONG = st.text(st.characters(exclude_categories=["Cs"]), max_size=200)


def test_a_table_lines_up_and_wraps_only_where_it_may() -> None:
    assert Layout(80).render([table(COLUMNS, ROWS, 80)]) == (
        "dataset                                  status      rows\n"
        "people-and-their-positions-of-all-times  succeeded  1,200\n"
        "x                                        failed         -\n"
    )
    assert Layout(40).render([table(COLUMNS, ROWS, 40)]) == (
        "dataset                 status      rows\n"
        "people-and-their-posit  succeeded  1,200\n"
        "ions-of-all-times\n"
        "x                       failed         -\n"
    )


def test_a_table_too_wide_becomes_paragraphs_without_empty_values() -> None:
    assert Layout(24).render([table(COLUMNS, ROWS, 24)]) == (
        "people-and-their-positio\nns-of-all-times:\nsucceeded, 1,200 rows\nx: failed\n"
    )


def test_labels_keep_a_column_of_their_own() -> None:
    assert Layout(24).render([labelled([("What", "a sentence that wraps"), ("Next", "do it")])]) == (
        "  What: a sentence that\n        wraps\n  Next: do it\n"
    )


@given(LONG, st.integers(20, 120))
def test_no_text_is_cut_and_no_line_too_wide(text: str, width: int) -> None:
    rendered = Layout(width).render([paragraph(text), labelled([("What", text)])])
    assert all(cell_len(line) <= width for line in rendered.splitlines())
    squeezed = re.sub(r"\s", "", paragraph(text).plain)
    assert re.sub(r"\s", "", rendered) == f"{squeezed}What:{squeezed}"


def test_colours_are_used_only_where_asked_for() -> None:
    assert "\x1b[31m" in Layout(80, colour=True).render([paragraph("no", "red")])
    assert Layout(80).render([paragraph("no", "red")]) == "no\n"


def test_markup_in_foreign_text_means_nothing() -> None:
    assert Layout(80).render([paragraph("[bold]x[/bold] :smile: \x1b[2J")]) == "[bold]x[/bold] :smile: \\x1b[2J\n"
