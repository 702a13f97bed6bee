import pytest
from yarl import URL

from bulkimport.errors import ServiceError
from bulkimport.model import ImportOptions
from bulkimport.orgvue.calls import Calls, import_query
from bulkimport.retry import RequestKind
from tests.orgvue.support import DATASET, location

CALLS = Calls(URL("https://orgvue.example"), "ACME")


def test_switches_are_sent_only_when_they_are_on() -> None:
    assert import_query(ImportOptions()) == {
        "implicitDelete": "true",
        "autoId": "true",
        "dateFormat": "YYYY-MM-DD",
        "onPropertyAccessDenied": "fail",
        "onItemAccessDenied": "fail",
        "onActionValidationFailure": "fail",
    }
    quiet = import_query(ImportOptions(implicit_delete=False, auto_id=False, merge_key="email"))
    assert "implicitDelete" not in quiet
    assert "autoId" not in quiet
    assert quiet["mergeKey"] == "email"


def test_every_option_has_its_parameter() -> None:
    options = ImportOptions(
        implicit_delete=True,
        auto_id=False,
        id_key="Employee ID",
        date_format="DD/MM/YYYY",
        on_property_access_denied="skip",
        on_item_access_denied="skip",
        on_action_validation_failure="skip",
        noop_token="#keep&",
        clear_token="",
    )
    url = CALLS.submit(DATASET, location("https://s.example/g"), options).url
    assert url.path == f"/api/v1/ACME/datasets/{DATASET}/items/import"
    assert dict(url.query) == {
        "implicitDelete": "true",
        "idKey": "Employee ID",
        "dateFormat": "DD/MM/YYYY",
        "onPropertyAccessDenied": "skip",
        "onItemAccessDenied": "skip",
        "onActionValidationFailure": "skip",
        "noopToken": "#keep&",
        "clearToken": "",
    }
    assert " " not in url.raw_path_qs
    assert "#" not in url.raw_path_qs


def test_an_import_is_never_taken_for_a_repeatable_request() -> None:
    assert CALLS.submit(DATASET, location("https://s.example/g"), ImportOptions()).kind is RequestKind.IMPORT


@pytest.mark.parametrize("url", ["http://s.example/t", "nonsense", "https://u:p@s.example/t"])
def test_a_presigned_url_that_must_not_be_used_is_not_used(url: str) -> None:
    with pytest.raises(ServiceError, match="Orgvue gave a URL for it, but"):
        CALLS.ticket(url)


def test_names_in_a_path_cannot_break_out_of_it() -> None:
    assert Calls(URL("https://o.example"), "A/../B").metadata("x?y#z/w", None).url.raw_path_qs == (
        "/api/v1/A%2F..%2FB/datasets/x%3Fy%23z%2Fw"
    )


def test_no_request_shows_its_url() -> None:
    assert "5ecre7" not in repr(CALLS.ticket("https://s.example/t?sig=5ecre7"))
