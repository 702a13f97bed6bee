"""Which values of a source go together whose rows are on other machines."""

from importlib.util import find_spec

import pytest

from bulkimport import extras
from bulkimport.config import remote_rules
from bulkimport.model import (
    Basic,
    Bearer,
    CountedPaging,
    CsvSource,
    FileChoice,
    HttpSource,
    JsonSource,
    LinkPaging,
    NextPaging,
    RemoteSource,
    Secret,
    Source,
)
from tests.config.support import HEAD, PEOPLE, Folder


def loaded(folder: Folder, source: str, **environ: str) -> Source:
    return folder.load(HEAD + PEOPLE.replace("data/people.csv", source), environ).datasets[0].source


def problem(folder: Folder, source: str, **environ: str) -> str:
    """The only problem, which has its place and shows no secret."""
    found = folder.problem(HEAD + PEOPLE.replace("data/people.csv", source), environ)
    assert found.startswith("all.yaml:6: datasets[0].source")
    assert "hidden" not in found
    return found.partition(": ")[2].partition(": ")[2]


# ---- what they become


def test_a_remote_file_is_known_by_its_url(folder: Folder) -> None:
    assert loaded(folder, "s3://bucket/people-*.CSV.gz") == RemoteSource(
        (Secret("s3://bucket/people-*.CSV.gz"),), CsvSource(())
    )
    assert loaded(folder, "https://web.example/people.tsv?sig=1") == RemoteSource(
        (Secret("https://web.example/people.tsv?sig=1"),), CsvSource((), "\t")
    )


def test_options_keep_their_secrets(folder: Folder) -> None:
    source = loaded(
        folder,
        "{path: 'sftp://me@host/a.json', max_age: 1h, timeout: 5m, records: data.workers, options: {port: '${PORT}', "
        "password: '${PW}', passphrase: word, known_hosts: hosts, deep: {region: eu, list: [1, '${PW}']}}}",
        PORT="2222",
        PW="12345",
    )
    assert source == RemoteSource(
        (Secret("sftp://me@host/a.json"),),
        JsonSource((), ("data", "workers"), choice=FileChoice(max_age=3600.0)),
        {
            "port": 2222,
            "password": Secret("12345"),
            "passphrase": Secret("word"),
            "known_hosts": str(folder.path / "hosts"),
            "deep": {"region": "eu", "list": [1, 12345]},
        },
        300.0,
    )


def test_a_report_has_all_it_needs(folder: Folder) -> None:
    source = loaded(
        folder,
        "{url: 'https://host/r?a=1', type: json, records: d.results, flatten: true, timeout: 45m, "
        "params: {format: json, on: true, top: 5, apikey: k}, headers: {Accept: text/json, X-Api-Key: '${KEY}'}, "
        "auth: {basic: {username: '${KEY}', password: x}}, paging: {next: d.__next, max_pages: 7}}",
        KEY="a-key",
    )
    assert source == HttpSource(
        Secret("https://host/r?a=1"),
        JsonSource((), ("d", "results")),
        params=(("format", "json"), ("on", "true"), ("top", "5"), ("apikey", Secret("k"))),
        headers=(("Accept", "text/json"), ("X-Api-Key", Secret("a-key"))),
        auth=Basic(Secret("a-key"), Secret("x")),
        paging=NextPaging(("d", "__next")),
        max_pages=7,
        flatten=True,
        timeout=2700.0,
    )


@pytest.mark.parametrize(
    ("paging", "expected"),
    [
        ("{link: true}", LinkPaging()),
        ("{next: links.next}", NextPaging(("links", "next"))),
        ('{next: "@odata.nextLink"}', NextPaging(("@odata", "nextLink"))),
        (r"{next: '@odata\.nextLink'}", NextPaging(("@odata.nextLink",))),
        ("{page: p}", CountedPaging("p", 1, by_rows=False)),
        ("{page: p, first: 0}", CountedPaging("p", 0, by_rows=False)),
        ("{offset: skip}", CountedPaging("skip", 0, by_rows=True)),
    ],
)
def test_pages_follow_one_another_in_one_way(folder: Folder, paging: str, expected: object) -> None:
    source = loaded(folder, f"{{url: 'https://host/r.json', auth: {{bearer: t-4711}}, paging: {paging}}}")
    assert isinstance(source, HttpSource)
    assert (source.paging, source.auth) == (expected, Bearer(Secret("t-4711")))


# ---- what is wrong


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("{path: [a.csv, 's3://b/c.csv']}", "the files of one source are in one kind of place"),
        ("{path: a.csv, options: {key: hidden}}", "`options` is for files on other machines"),
        ("{path: a.csv, timeout: 5m}", "`timeout` is for files on other machines"),
        ("'https://h/*.csv'", "a web server has no list of its files"),
        ("{path: 'https://h/a.csv', options: {key: hidden}}", "`options` are for file systems"),
        ("{path: 'https://h/a.csv', max_age: 1h}", "`max_age` goes by when a file was modified"),
        ("'https://me:hidden@h/a.csv'", "names and passwords do not belong into a URL"),
        ("'sftp://me:hidden@h/a.csv'", "a password does not belong into a URL"),
        ("'sftp://h:99999999/a.csv'", "this is not a well-formed URL"),
        ("'http://h/a.csv?k=hidden'", "plain http would show data and credentials"),
        ("'nowhere://h/a.csv'", "there is no kind of file system called nowhere://"),
        ("'gdrive://h/a.csv'", "needs a library that is not installed: Please install gdrive_fs"),
        ("{url: 'https://h/r?k=hidden'}", "the URL tells no type"),
        ("{url: 'http://h/r?k=hidden', type: csv}", "plain http would show data and credentials"),
        ("{url: 'ftp://h/hidden', type: csv}", "expected an address such as https://host/report"),
        ("{url: 'https://me:hidden@h/r', type: csv}", "names and passwords do not belong into a URL"),
        ("{url: 'https://h/r.csv', auth: {}}", "expected either `basic` or `bearer`"),
        ("{url: 'https://h/r.csv', auth: {bearer: hidden}, headers: {authorization: x}}", "exclude one another"),
        ("{url: 'https://h/r.csv', auth: {basic: {username: 'a:b', password: hidden}}}", "has no colon"),
        (
            "{url: 'https://h/r.csv', auth: {bearer: 'hidden hidden'}}",
            "expected a token of ASCII characters without blanks",
        ),
        ("{url: 'https://h/r.csv', paging: {next: a.b}}", "`next` looks into JSON"),
        (r"{url: 'https://h/r.json', paging: {next: 'a\b'}}", "expected the names on the way to a value"),
        ("{url: 'https://h/r.csv', paging: {}}", "expected one of `link: true`, `next`, `page` and `offset`"),
        ("{url: 'https://h/r.json', paging: {page: p, link: true}}", "found `link` and `page`"),
        ("{url: 'https://h/r.json', paging: {link: true, first: 1}}", "`first` goes with `page` and `offset`"),
        ("{url: 'https://h/r.csv', flatten: true}", "`flatten` is for json; this source is csv"),
        ("{url: 'https://h/r.csv', headers: {X: \"hidden\\nY: 1\"}}", "X has characters that cannot be sent"),
        ("{url: 'https://h/r.csv', headers: {Host: hidden}}", "Host is made by the program itself"),
        ("{url: 'https://h/r.csv', headers: {'a b': hidden}}", "a header's name has letters"),
        ("{url: 'https://h/r.csv', params: {a: [hidden]}}", "a is none of these"),
        ("{url: 'https://h/r.csv', params: {a: 0010}}", "the zeros before it would be lost: put it in quotes"),
        ("{url: 'https://h/r.csv', options: {a: hidden}}", "`options` goes with `path`, not with `url`"),
        ("{path: a.csv, auth: {bearer: hidden}}", "`auth` goes with `url`, not with `path`"),
        ("{url: 'https://h/r.csv', path: a.csv}", "rows come from one place"),
    ],
)
def test_what_does_not_go_together_is_said(folder: Folder, source: str, message: str) -> None:
    assert message in problem(folder, source)


def test_reports_on_this_machine_may_be_plain(folder: Folder) -> None:
    assert isinstance(loaded(folder, "{url: 'http://127.0.0.1:8080/r', type: csv}"), HttpSource)


def test_a_missing_extra_is_found_when_the_config_is_read(folder: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(remote_rules, "find_spec", lambda name: None if name == "s3fs" else find_spec(name))
    assert problem(folder, "s3://bucket/a.csv").endswith("not installed: pip install 'bulkimport[remote]'")
    monkeypatch.setattr(extras, "find_spec", lambda name: None)
    assert problem(folder, "sftp://host/a.csv") == (
        "a file at sftp:// needs a library that is not installed: pip install 'bulkimport[remote]'"
    )
    assert isinstance(loaded(folder, "https://web.example/a.csv"), RemoteSource)
