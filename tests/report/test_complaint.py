from bulkimport.errors import BulkimportError, ConfigError, ConfigProblem, ServiceError, StateError
from bulkimport.report.complaint import error_text
from bulkimport.report.layout import Layout
from tests.report.examples import TRACE


def test_an_error_says_what_happened_and_what_to_do() -> None:
    error = StateError("The journal is locked.", hint="Wait for the other run.")
    assert error_text(error, Layout(80)) == "Error: The journal is locked.\n  Next: Wait for the other run.\n"


def test_an_error_of_the_service_names_its_trace() -> None:
    error = ServiceError("No answer.", trace_id=TRACE)
    assert error_text(error, Layout(80)) == f"Error: No answer.\n  Trace: {TRACE}\n"


def test_an_error_without_advice_is_one_line() -> None:
    assert error_text(BulkimportError("It broke."), Layout(80)) == "Error: It broke.\n"


def test_all_mistakes_of_a_config_are_listed_with_their_places() -> None:
    error = ConfigError(
        [
            ConfigProblem("b.yaml", 7, "datasets[0].key", "is missing"),
            ConfigProblem("a.yaml", 3, "limits.requests_per_second", "expected a number, found 'many\x1b[2J'"),
        ]
    )
    lines = error_text(error, Layout(100)).splitlines()
    assert lines[:3] == [
        "Error: 2 problems in the configuration.",
        "a.yaml:3: limits.requests_per_second: expected a number, found 'many\\x1b[2J'",
        "b.yaml:7: datasets[0].key: is missing",
    ]
    assert lines[3].startswith("  Next: Correct the configuration; nothing was sent.")


def test_secrets_are_taken_out_before_anything_is_wrapped() -> None:
    error = ServiceError("Refused: " + "SECRET" * 10, hint="SECRET", trace_id="SECRET")
    text = error_text(error, Layout(24), lambda part: part.replace("SECRET", "*"))
    assert "SECRET" not in "".join(text.split())
    problem = ConfigError([ConfigProblem("a.yaml", 1, "tenant.token", "found SECRET")])
    assert "SECRET" not in error_text(problem, Layout(24), lambda part: part.replace("SECRET", "*"))
