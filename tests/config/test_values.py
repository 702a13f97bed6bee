"""Names, ids, addresses, tokens and paths."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bulkimport.config import values
from bulkimport.config.expectations import Expectation, MismatchError
from bulkimport.config.values import parse_token
from bulkimport.model import Secret

ALL = {name: value for name, value in vars(values).items() if isinstance(value, Expectation)}


def parsed(expectation: Expectation, text: str) -> object:
    return expectation.parse(text)


def refused(expectation: Expectation, text: str) -> str:
    with pytest.raises(MismatchError) as caught:
        expectation.parse(text)
    return str(caught.value)


@pytest.mark.parametrize("name", ["people", "P", "0", "a.b-c_d", "_x", "head count", "größe", "日本", "x" * 64])
def test_names_that_make_file_names(name: str) -> None:
    assert parsed(values.NAME, name) == name


@pytest.mark.parametrize(
    "name", ["", ".hidden", "-x", "+x", " x", "x ", "a/b", "a\\b", "..", "x" * 65, "a\n", "a,b", "tag:a", "a=1", "a*"]
)
def test_names_that_would_not(name: str) -> None:
    refused(values.NAME, name)


def test_dataset_ids_are_upper_cased() -> None:
    assert parsed(values.DATASET_ID, "6586f21b-ad4d-4d06-a309-712af47184a2") == "6586F21B-AD4D-4D06-A309-712AF47184A2"


@pytest.mark.parametrize(
    "text",
    ["6586F21B-AD4D-4D06-A309", "6586F21BAD4D4D06A309712AF47184A2", "{6586F21B-AD4D-4D06-A309-712AF47184A2}", "x"],
)
def test_dataset_ids_are_uuids_with_dashes(text: str) -> None:
    refused(values.DATASET_ID, text)


@pytest.mark.parametrize("text", ["A", "ACME", "ACME_2", "A" * 30])
def test_tenant_ids(text: str) -> None:
    assert parsed(values.TENANT_ID, text) == text


@pytest.mark.parametrize("text", ["acme", "acme-corp", "2ACME", "A" * 31, "ACME\n", "_A"])
def test_what_is_no_tenant_id(text: str) -> None:
    refused(values.TENANT_ID, text)


@pytest.mark.parametrize(
    ("text", "origin"),
    [
        ("sandbox", "sandbox"),
        ("https://orgvue.eu-west-1.concentra.io", "https://orgvue.eu-west-1.concentra.io"),
        ("https://Orgvue.Example/", "https://orgvue.example"),
        ("https://host:8443/", "https://host:8443"),
        ("https://[2001:db8::1]:443", "https://[2001:db8::1]:443"),
        ("http://127.0.0.1:8080/", "http://127.0.0.1:8080"),
        ("http://127.1.2.3", "http://127.1.2.3"),
        ("http://localhost:1", "http://localhost:1"),
        ("http://[::1]:99", "http://[::1]:99"),
    ],
)
def test_base_urls_are_origins_without_a_trailing_slash(text: str, origin: str) -> None:
    assert parsed(values.BASE_URL, text) == origin
    assert re.search(values.BASE_URL_PATTERN, text)


@pytest.mark.parametrize(
    "text",
    [
        "orgvue.example", "ftp://host", "https://", "https:///x", "https://host/api", "https://host//", "https://host?a=b",
        "https://host#x", "https://user@host", "https://user:pass@host", "https://host:0", "https://host:99999",
        "https://host:", "https://ho st", "https://host\n", "Sandbox", "http://[::2]", "https://größe.example", "http://",
        "http://orgvue.example", "http://10.0.0.1", "http://127.0.0.1.example", "http://localhost.example", "http://0.0.0.0",
    ],
)  # fmt: skip
def test_base_urls_with_anything_else_are_refused(text: str) -> None:
    refused(values.BASE_URL, text)


def test_plain_http_is_explained() -> None:
    assert "it is for this machine alone" in refused(values.BASE_URL, "http://orgvue.example")


def test_a_base_url_with_credentials_is_not_to_be_shown() -> None:
    with pytest.raises(MismatchError) as caught:
        values.BASE_URL.parse("https://user:pass@host")
    assert caught.value.is_secret
    assert "pass@" not in str(caught.value)


def test_a_token_without_characters_is_told_to_be_empty() -> None:
    with pytest.raises(MismatchError, match="it is empty: does the variable have a value"):
        parse_token("")


def test_tokens_are_secrets() -> None:
    token = parse_token("eyJ.abc_-=+/")
    assert isinstance(token, Secret)
    assert token.reveal() == "eyJ.abc_-=+/"


@pytest.mark.parametrize("text", ["a b", "a\tb", "a\n", "tökén", "\x7f", "a\udcff"])
def test_tokens_hold_nothing_that_a_header_cannot(text: str) -> None:
    with pytest.raises(MismatchError) as caught:
        parse_token(text)
    assert text not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("secret…", "character 7 of 7 is outside ASCII"),
        ("sec\u200bret", "character 4 of 7 is outside ASCII"),
        ("sec ret…", "character 4 of 8 is white space"),
        ("secret\r", "character 7 of 7 is white space or a control character"),
    ],
)
def test_what_is_wrong_with_a_token_is_told_without_showing_it(text: str, words: str) -> None:
    hint = refused(values.TOKEN, text)
    assert words in hint
    assert not {"secret", "sec", "ret", "…"} & set(hint.split())


def test_a_token_with_the_word_bearer_is_explained() -> None:
    assert refused(values.TOKEN, "Bearer abc") == "leave out the word Bearer"


@pytest.mark.parametrize("text", ["utf-8", "UTF8", "cp1252", "latin-1", "utf-16"])
def test_encodings(text: str) -> None:
    assert parsed(values.ENCODING, text) == text


@pytest.mark.parametrize("text", ["ebcdic?", "base64", "rot13", "undefined", "a\0b", "\udcff"])
def test_what_is_no_text_encoding(text: str) -> None:
    refused(values.ENCODING, text)


@pytest.mark.parametrize(
    ("text", "delimiter"), [(";", ";"), ("|", "|"), ("\t", "\t"), (r"\t", "\t"), ("tab", "\t"), ("→", "→")]
)
def test_delimiters(text: str, delimiter: str) -> None:
    assert parsed(values.DELIMITER, text) == delimiter


@pytest.mark.parametrize("text", [";;", "\n", "\r", "\0", r"\n", "comma"])
def test_what_is_no_delimiter(text: str) -> None:
    refused(values.DELIMITER, text)


@pytest.mark.parametrize("text", ['""', "\n", "\0"])
def test_what_is_no_quotechar(text: str) -> None:
    refused(values.QUOTECHAR, text)


@pytest.mark.parametrize("text", ["a\0b", "a\nb", "\x1b"])
def test_paths_hold_no_control_characters(text: str) -> None:
    refused(values.FILE_PATH, text)


def test_properties_of_orgvue_itself_are_reserved() -> None:
    assert "Orgvue's own" in refused(values.OWN_PROPERTY, "_action")
    assert parsed(values.PROPERTY, "_id") == "_id"


@pytest.mark.parametrize("name", sorted(ALL))
@given(text=st.text() | st.sampled_from(["http://[", "https://[:::]", "https://[1.2.3]:5", "\ud800", "x" * 100]))
def test_any_text_fits_or_is_a_mismatch(name: str, text: str) -> None:
    try:
        ALL[name].parse(text)
    except MismatchError as mismatch:
        assert isinstance(mismatch.is_secret, bool)  # noqa: PT017 — either outcome is right
