import pytest
from hypothesis import given
from hypothesis import strategies as st
from yarl import URL

from bulkimport.orgvue.addresses import AddressError, is_redirect, presigned, require_secure, resolve

# Everything RFC 3986 allows in a path or query, escapes in both cases included.
CHARACTERS = "abcXYZ019-._~!$&'()*+,;=:@/"
pieces = st.sampled_from([*CHARACTERS, "%2f", "%2F", "%2B", "%7E", "%20", "%c3%a9", "%C3%A9"])
paths = st.lists(pieces, max_size=20).map(lambda parts: "/" + "".join(parts))
queries = st.lists(pieces | st.sampled_from("?&="), min_size=1, max_size=30).map("".join)


@given(paths, queries)
def test_a_presigned_url_keeps_every_byte(path: str, query: str) -> None:
    url = presigned(f"https://store.example{path}?{query}")
    assert url.raw_path_qs == f"{path}?{query}"


@given(paths, queries)
def test_a_redirect_target_keeps_every_byte(path: str, query: str) -> None:
    base = URL("https://store.example/a/b?x=1")
    assert resolve(f"https://other.example{path}?{query}", base=base).raw_path_qs == f"{path}?{query}"
    if not path.startswith("//"):
        assert resolve(f"{path}?{query}", base=base).raw_path_qs == f"{path}?{query}"


@given(st.text(max_size=60))
def test_whatever_is_accepted_is_sent_as_written(text: str) -> None:
    try:
        url = presigned(text)
    except AddressError:
        return
    assert url.raw_path_qs.removeprefix("/") in text


@pytest.mark.parametrize(
    "text",
    [
        "",
        "store.example/x",
        "ftp://store.example/x",
        "https://",
        "https:///x",
        "https://store.example/a b",
        "https://store.example/a\r\nX: y",
        "https://store.example/é",
        "https://user:secret@store.example/x",
        "https://store.example:99999/x",
        "https://store.example/x?",  # would lose its question mark on the way
    ],
)
def test_what_cannot_be_sent_as_it_is_is_refused_without_being_shown(text: str) -> None:
    with pytest.raises(AddressError) as caught:
        presigned(text)
    assert "store.example" not in str(caught.value)


@pytest.mark.parametrize(
    ("location", "target"),
    [
        ("https://else.example/x?a=%2f", "https://else.example/x?a=%2f"),
        ("//else.example/x", "https://else.example/x"),
        ("/x?a=%2F+", "https://store.example:8443/x?a=%2F+"),
        ("?b=2", "https://store.example:8443/a/b?b=2"),
        ("c%2fd?e", "https://store.example:8443/a/c%2fd?e"),
    ],
)
def test_redirects_may_be_relative(location: str, target: str) -> None:
    assert str(resolve(location, base=URL("https://store.example:8443/a/b?x=1"))) == target


def test_a_redirect_never_leads_from_https_to_http() -> None:
    with pytest.raises(AddressError, match="plain http"):
        resolve("http://store.example/x", base=URL("https://store.example/"))
    assert resolve("https://s.example/x", base=URL("http://127.0.0.1/")).scheme == "https"


def test_security_is_measured_against_the_tenants_own() -> None:
    require_secure(URL("http://127.0.0.1:1/"), like=URL("http://127.0.0.1:2"))
    with pytest.raises(AddressError):
        require_secure(URL("http://store.example/"), like=URL("https://orgvue.example"))


@pytest.mark.parametrize(
    ("status", "method", "follows"),
    [
        (307, "PUT", True),
        (308, "PUT", True),
        (307, "GET", True),
        (302, "GET", True),
        (301, "PUT", False),
        (303, "PUT", False),
        (303, "POST", False),
        (304, "GET", False),
        (200, "GET", False),
    ],
)
def test_a_redirect_that_would_turn_an_upload_into_something_else_is_not_one(
    status: int, method: str, follows: bool
) -> None:
    assert is_redirect(status, method, {"Location": "/x"}) is follows
    assert not is_redirect(status, method, {})
