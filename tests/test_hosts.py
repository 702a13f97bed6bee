import pytest
from yarl import URL

from bulkimport.hosts import is_loopback, proxy_for, same_host, same_origin


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("localhost", True),
        ("127.9.9.9", True),
        ("[::1]", True),
        ("::1", True),
        ("128.0.0.1", False),
        ("127.1", False),
        ("x", False),
    ],
)
def test_loopback_hosts(host: str, expected: bool) -> None:
    assert is_loopback(host) is expected


@pytest.mark.parametrize(
    ("scheme", "host", "expected"),
    [
        ("https", "orgvue.example", "http://proxy.example:3128"),
        ("http", "orgvue.example", "https://other.example"),
        ("https", "inside.example", None),
        ("ftp", "orgvue.example", None),
        ("https", None, None),
    ],
)
def test_the_proxy_is_the_one_that_the_environment_names(
    scheme: str, host: str | None, expected: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("https_proxy", "proxy.example:3128")
    monkeypatch.setenv("http_proxy", "https://other.example")
    monkeypatch.setenv("no_proxy", "inside.example")
    assert proxy_for(scheme, host) == expected


def test_a_host_is_its_name_and_port() -> None:
    assert same_host(URL("https://a.example/x"), URL("https://a.example:443/y"))
    assert same_host(URL("https://A.example/x", encoded=True), URL("https://a.example/y"))
    assert not same_host(URL("http://127.0.0.1:1/"), URL("http://127.0.0.1:2/"))


def test_an_origin_is_scheme_and_host() -> None:
    assert same_origin(URL("https://a.example/x"), URL("https://a.example:443/y"))
    assert not same_origin(URL("https://a.example"), URL("http://a.example:443"))
    assert not same_origin(URL("https://a.example"), URL("https://b.example"))
