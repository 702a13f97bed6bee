from bulkimport.preflight import Check, CheckStatus
from bulkimport.report.checks import checks_document, checks_parts
from bulkimport.report.layout import Layout

CHECKS = [
    Check("token", CheckStatus.WARNING, "It expires soon.", "Make a new one."),
    Check("tenant", CheckStatus.OK, "ACME answers."),
    Check("clock", CheckStatus.SKIPPED, "Not looked at."),
    Check("dataset", CheckStatus.OK, "Found.", dataset="people"),
    Check("dataset", CheckStatus.FAILED, "There is none.", "Look for it.", dataset="positions"),
    Check("dataset", CheckStatus.OK, "Found.", dataset="links"),
]


def test_what_is_in_order_is_ticked_and_what_is_not_says_what_to_do() -> None:
    layout = Layout(80)
    assert layout.render(checks_parts(CHECKS, layout)) == (
        "! token: It expires soon.\n"
        "    Next: Make a new one.\n"
        "✓ tenant: ACME answers.\n"
        "- clock: Not looked at.\n"
        "✗ dataset positions: There is none.\n"
        "    Next: Look for it.\n"
        "✓ datasets: 2 datasets found, with fitting keys and types.\n"
        "\n"
    )


def test_a_single_dataset_is_told_in_full_and_nothing_is_nothing() -> None:
    layout = Layout(80)
    assert "✓ dataset people: Found." in layout.render(checks_parts(CHECKS[:4], layout))
    assert checks_parts([], layout) == []


def test_where_the_encoding_has_no_ticks_words_stand_for_them() -> None:
    layout = Layout(80, symbols=False)
    text = layout.render(checks_parts(CHECKS, layout))
    assert text.isascii()
    assert text.splitlines()[2] == "ok tenant: ACME answers."
    assert "XX dataset positions: There is none." in text


def test_the_document_has_every_check() -> None:
    document = checks_document(CHECKS)
    assert [one["status"] for one in document] == ["warning", "ok", "skipped", "ok", "failed", "ok"]
    assert document[4] == {
        "name": "dataset",
        "dataset": "positions",
        "status": "failed",
        "message": "There is none.",
        "hint": "Look for it.",
    }
    assert document[1]["hint"] is None
