import base64
import json
import string
import urllib.parse
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import Enum
from pathlib import PurePosixPath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bulkimport.log.redaction import MARK, Redactor
from bulkimport.model import Secret

TOKEN = "s3cr/t+tok=en~of.the_tenant"
JWT = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9PlFUP0THsR8U"
SIGNED = (
    "https://bucket.s3.eu-west-1.amazonaws.com/ten%2Fant/file.json?X-Amz-Algorithm=AWS4-HMAC-SHA256"
    "&X-Amz-Credential=AKIAEXAMPLE%2F20261123&X-Amz-Signature=0123abcd%3D"
)
SIGNED_PARTS = ("AKIAEXAMPLE", "0123abcd", "ten%2Fant", "file.json")

# Characters of the mark would let a secret be "found" in what replaced it.
SECRETS = st.text(
    st.characters(codec="utf-8", exclude_characters="[]redact", exclude_categories=["Cs", "Z", "Cc"]), min_size=6
).filter(lambda text: text.strip() == text)
AROUND = st.text("[]redact \n\"'\\", max_size=12)
SPELLINGS: dict[str, Callable[[str], str]] = {
    "plain": str,
    "quoted": lambda text: urllib.parse.quote(text, safe=""),
    "quoted for a path": urllib.parse.quote,
    "quoted for a form": urllib.parse.quote_plus,
    "quoted twice": lambda text: urllib.parse.quote(urllib.parse.quote(text, safe=""), safe=""),
    "json": lambda text: json.dumps(text)[1:-1],
    "json, unicode": lambda text: json.dumps(text, ensure_ascii=False)[1:-1],
    "json in json": lambda text: json.dumps(json.dumps(text))[3:-3],
    "repr": lambda text: repr(text)[1:-1],
    "header": lambda text: f"Authorization: Bearer {text}",
}


@given(secret=SECRETS, before=AROUND, after=AROUND, spelling=st.sampled_from(sorted(SPELLINGS)))
def test_a_registered_secret_never_survives_however_it_is_spelt(
    secret: str, before: str, after: str, spelling: str
) -> None:
    spelt = SPELLINGS[spelling](secret)
    shown = Redactor([secret]).text(before + spelt + after)
    assert spelt not in shown
    assert secret not in urllib.parse.unquote(urllib.parse.unquote(shown))
    assert MARK in shown


@given(secret=st.text(string.ascii_letters + string.digits + "-_.", min_size=12), before=st.binary(max_size=7))
def test_a_secret_inside_base64_never_survives(secret: str, before: bytes) -> None:
    encoded = base64.b64encode(before + secret.encode() + b"tail").decode()
    shown = Redactor([secret]).text(f"Basic {encoded}")
    assert encoded not in shown
    assert MARK in shown


Nested = st.recursive(
    st.just("SECRET"),
    lambda inner: st.one_of(
        st.lists(inner, min_size=1, max_size=2),
        st.tuples(inner),
        st.dictionaries(st.sampled_from(["a", "b"]), inner, min_size=1),
        st.builds(lambda value: {str(value): 1}, inner),
        st.builds(ValueError, inner),
    ),
    max_leaves=4,
)


@given(value=Nested)
def test_a_secret_never_survives_in_any_structure(value: object) -> None:
    redactor = Redactor(["SECRET"])
    event = redactor(None, "info", {"event": "x", "value": value})
    assert "SECRET" not in json.dumps(event)


def test_what_holds_no_secret_is_left_alone() -> None:
    redactor = Redactor([TOKEN])
    for text in (
        "",
        "the bearer token has expired",
        "AuthorizationHeaderEmpty (40101): the Authorization header is empty",
        "https://orgvue.eu-west-1.concentra.io/api/v1/ACME/datasets",
        "X-Amzn-Trace-Id: Root=1-6a1ea9ef-0123456789abcdef",
        "Is it there? Yes, at C:\\data\\people.csv?",
        "key=employeeID, rows=3",
        "see https://example.com/help?",
    ):
        assert redactor.text(text) == text


@pytest.mark.parametrize(
    "text",
    [
        SIGNED,
        f"GET {SIGNED} failed",
        f"('{SIGNED}', 403)",
        json.dumps({"url": SIGNED}),
        json.dumps(json.dumps({"url": SIGNED.replace("/", "\\/")})),
        f"<Error><Url>{SIGNED.replace('&', '&amp;')}</Url></Error>",
        SIGNED.upper().replace("HTTPS", "https"),
        "goto=" + urllib.parse.quote(SIGNED, safe=""),
        "goto=" + urllib.parse.quote(urllib.parse.quote(SIGNED, safe=""), safe=""),
        SIGNED.replace("https://", "https://user:AKIAEXAMPLE@"),
    ],
)
def test_urls_with_a_query_lose_path_and_query(text: str) -> None:
    shown = Redactor().text(text)
    for part in SIGNED_PARTS:
        assert part.lower() not in shown.lower()


def test_a_redacted_url_still_names_its_host_and_leaves_the_sentence_intact() -> None:
    shown = Redactor().text(f"The store said no ({SIGNED}), as it does.")
    assert shown == f"The store said no (https://bucket.s3.eu-west-1.amazonaws.com/…?{MARK}), as it does."


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("X-Amz-Signature=0123abcd&x=1", f"X-Amz-Signature={MARK}&x=1"),
        ("{'X-Amz-Security-Token': '0123abcd'}", f"{{'X-Amz-Security-Token': '{MARK}'}}"),
        ('{\\\\\\"X-Amz-Date\\\\\\": \\\\\\"0123abcd"}', f'{{\\\\\\"X-Amz-Date\\\\\\": \\\\\\"{MARK}"}}'),
        ("X-Amz-Credential%3D0123abcd", f"X-Amz-Credential%3D{MARK}"),
        ("/files/1?token=0123abcd HTTP/1.1", f"/files/1?token={MARK} HTTP/1.1"),
        ("Authorization: Bearer 0123abcd", f"Authorization: {MARK}"),
        ("{'Authorization': 'Bearer 0123abcd'}", f"{{'Authorization': '{MARK}'}}"),
        ("sent Bearer 0123456789abcdef to it", f"sent Bearer {MARK} to it"),
        ("https://me:0123abcd@host/path", f"https://{MARK}@host/path"),
        (f"token {JWT} is old", f"token {MARK} is old"),
        (f"token {JWT[:30]}", f"token {MARK}"),
    ],
)
def test_what_looks_like_a_secret_is_hidden_without_being_registered(text: str, shown: str) -> None:
    assert Redactor().text(text) == shown


def test_a_secret_within_another_leaves_no_rest_of_it() -> None:
    assert Redactor(["inner", "outer-inner-outer"]).text("<outer-inner-outer>") == f"<{MARK}>"


def test_blank_and_tiny_texts_are_not_taken_for_secrets() -> None:
    redactor = Redactor(["", "  ", "abc", " padded-secret\n"])
    assert redactor.text("abc and the rest") == "abc and the rest"
    assert redactor.text("padded-secret") == MARK
    assert repr(redactor) == "Redactor(1 secrets)"


@dataclass(frozen=True)
class _Reply:
    url: str
    count: int = 3


class _Rude:
    def __str__(self) -> str:
        raise RuntimeError("no")


class _RudeMapping(Mapping[str, str]):
    def __getitem__(self, key: str) -> str:
        raise KeyError(key)

    def __iter__(self) -> Iterator[str]:
        raise RuntimeError("no")

    def __len__(self) -> int:
        return 1


class _Colour(Enum):
    RED = "red"


def test_values_become_plain_data() -> None:
    moment = datetime(2026, 11, 23, 2, tzinfo=UTC)
    values = {
        "number": 3,
        "truth": True,
        "nothing": None,
        "not finite": float("nan"),
        "path": PurePosixPath("a/b"),
        "bytes": b"a\xff",
        "time": moment,
        "enum": _Colour.RED,
        "set": {"x"},
        "secret": Secret(TOKEN),
        "error": ValueError("bad value"),
        "reply": _Reply(SIGNED),
        "rude": _Rude(),
        "huge": 10**5000,
    }
    shown = Redactor().value(values)
    assert json.loads(json.dumps(shown, allow_nan=False)) == {
        "number": 3,
        "truth": True,
        "nothing": None,
        "not finite": "nan",
        "path": "a/b",
        "bytes": "a\\xff",
        "time": "2026-11-23T02:00:00.000Z",
        "enum": "red",
        "set": ["x"],
        "secret": "Secret(***)",
        "error": "ValueError: bad value",
        "reply": f"_Reply(url='https://bucket.s3.eu-west-1.amazonaws.com/…?{MARK}', count=3)",
        "rude": "<_Rude that cannot be shown>",
        "huge": "a very large number",
    }


def test_a_rude_mapping_is_named_and_not_fatal() -> None:
    assert Redactor().value(_RudeMapping()) == "<_RudeMapping that cannot be shown>"


def test_a_numeric_secret_is_hidden_as_a_number_too() -> None:
    assert Redactor(["12345678"]).value({"pin": 12345678, "other": 42}) == {"pin": MARK, "other": 42}


def test_a_structure_that_holds_itself_ends() -> None:
    circle: list[object] = ["SECRET"]
    circle.append(circle)
    assert "SECRET" not in json.dumps(Redactor(["SECRET"]).value(circle))


@pytest.mark.parametrize(
    "text",
    ["https://" * 2000, "\\" * 20_000, "x-amz-" * 5000, "bearer " * 5000, "authorization: " * 3000, "eyJ" * 8000,
     "?" + "a" * 20_000 + "&a" * 5000, "https%3A%2F%2F" * 1500, "https://" + "a" * 30_000],
    ids=lambda text: text[:10],
)  # fmt: skip
def test_no_text_takes_long_to_search(text: str) -> None:
    """Would run into the test timeout if a pattern backtracked over what a hostile answer holds."""
    redactor = Redactor(["eyJ" + "a-b_c." * 150, "\\" * 20 + "x/y"])
    assert isinstance(redactor.text(text), str)


def test_a_url_that_is_a_secret_is_hidden_with_its_password_and_its_path() -> None:
    redact = Redactor()
    redact.add_url(Secret("mailtos://ops:pa%40ss-word@mail.example/?to=a"))
    redact.add_url("https://hc.example/0d9a7c1e-4b7a-secret")
    for text in (
        "pa@ss-word",
        "pa%40ss-word",
        "GET /0d9a7c1e-4b7a-secret failed",
        "https://hc.example/0d9a7c1e-4b7a-secret",
    ):
        assert MARK in redact.text(text), text
    assert redact.text("no answer from hc.example, nor from mail.example for ops") == (
        "no answer from hc.example, nor from mail.example for ops"
    )
    redact.add_url("https://hc.example/ping")
    assert redact.text("a ping") == "a ping"
