"""`notify`, `heartbeat`, `metrics` and `telemetry`: what they may say, and what of it is a mistake."""

import pytest

from bulkimport import extras
from bulkimport.config import load
from bulkimport.errors import ConfigError
from bulkimport.identity import fingerprint
from bulkimport.model import Heartbeat, Outlets, Secret
from tests.config.support import HEAD, PEOPLE, Folder

MAIL = "mailto://ops:s3cret-pass@mail.example:2525?from=a@mail.example&to=ops@mail.example"
PING = "https://hc.example/0d9a-secret"


def urls(heartbeat: Heartbeat) -> list[str | None]:
    return [None if url is None else url.reveal() for url in (heartbeat.start, heartbeat.success, heartbeat.failure)]


def test_without_a_word_nobody_is_told(folder: Folder) -> None:
    assert folder.load(HEAD + PEOPLE).outlets == Outlets()
    assert folder.load(HEAD + "notify: []\nheartbeat: {}\nmetrics: {}\ntelemetry: {}\n" + PEOPLE).outlets == Outlets()


def test_everything_that_is_written_arrives(folder: Folder) -> None:
    text = """\
notify:
  - url: ${MAIL}
  - {url_file: alert.url, on: success}
heartbeat: {url: "${PING}"}
metrics: {textfile: out/nightly.prom}
telemetry: {otlp_endpoint: "http://localhost:4318/", headers: {x-key: "${KEY}"}}
"""
    folder.write("alert.url", f"{MAIL}\n").chmod(0o600)
    config = folder.load(HEAD + text + PEOPLE, {"MAIL": MAIL, "PING": PING, "KEY": "abc"})
    outlets = config.outlets
    assert [(one.url.reveal(), one.events) for one in outlets.notifications] == [
        (MAIL, ("failure", "recovery", "refusal")),
        (MAIL, ("success",)),
    ]
    assert urls(outlets.heartbeat) == [f"{PING}/start", PING, f"{PING}/fail"]
    assert outlets.textfile == str(folder.path / "out/nightly.prom")
    assert outlets.telemetry.otlp_endpoint == "http://localhost:4318"
    assert outlets.telemetry.headers == (("x-key", Secret("abc")),)
    assert config.warnings == ()
    assert "s3cret-pass" not in repr(config)


def test_a_heartbeat_keeps_its_query_and_may_be_given_by_parts(folder: Folder) -> None:
    base = folder.load(HEAD + f'heartbeat: {{url: "{PING}/?rid=1", start: null}}\n' + PEOPLE).outlets.heartbeat
    assert urls(base) == [None, f"{PING}/?rid=1", f"{PING}/fail?rid=1"]
    only = folder.load(HEAD + f'heartbeat: {{success: "{PING}"}}\n' + PEOPLE).outlets.heartbeat
    assert urls(only) == [None, PING, None]


def test_what_a_dataset_is_does_not_depend_on_who_is_told(folder: Folder) -> None:
    plain = folder.load(HEAD + PEOPLE)
    told = folder.load(HEAD + f'notify: [{{url: "{MAIL}"}}]\nheartbeat: {{url: "{PING}"}}\n' + PEOPLE)
    assert fingerprint(plain, plain.datasets[0]) == fingerprint(told, told.datasets[0])


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("notify: [{on: failure}]", "notify[0].url: is missing: expected an Apprise URL, best ${ALERT_URL}"),
        ("notify: [{url: 'nonsense://s3cret'}]", "notify[0].url: Apprise can make no sense of this URL"),
        ("notify: [{url: 's3cret blank'}]", "notify[0].url: expected an Apprise URL without blanks"),
        (f"notify: [{{url: '{MAIL}', on: []}}]", "notify[0].on: expected an event or a list of them"),
        (f"notify: [{{url: '{MAIL}', on: [sucess]}}]", "notify[0].on[0]: expected one of failure, recovery"),
        (f"notify: [{{url: '{MAIL}', url_file: s3cret}}]", "notify[0].url_file: url and url_file exclude one another"),
        ("notify: [{url_file: absent}]", "notify[0].url_file: cannot read the URL from "),
        ("heartbeat: {url: 'ftp://s3cret'}", "heartbeat.url: expected an http or https address"),
        ("heartbeat: {url: 'https://:s3cret'}", "heartbeat.url: expected an http or https address"),
        ("metrics: {textfile: a.txt}", "metrics.textfile: expected a path that ends in .prom"),
        ("telemetry: {otlp_endpoint: 'https://me:s3cret@h'}", "telemetry.otlp_endpoint: expected an http or https"),
        ("telemetry: {headers: {'a b': c}}", 'telemetry.headers["a b"]: expected the name of a header; it has letters'),
        ('telemetry: {headers: {ab: "s3cret\\n"}}', "telemetry.headers.ab: expected a text that a header can hold"),
    ],
)
def test_mistakes_are_named_where_they_stand_without_the_secret(folder: Folder, text: str, problem: str) -> None:
    found = folder.problem(HEAD + text + "\n" + PEOPLE)
    assert found.startswith(f"all.yaml:3: {problem}")
    assert "s3cret" not in found


def test_mistakes_elsewhere_hide_nothing(folder: Folder) -> None:
    text = "limits: {requests_per_second: 0}\nnotify: [{url: 'nonsense://x'}, {on: failure}]\n"
    assert len(folder.problems(HEAD + text + PEOPLE)) == 3


def test_a_password_that_stands_in_the_file_is_warned_of(folder: Folder) -> None:
    (warning,) = folder.load(HEAD + f"notify: [{{url: '{MAIL}'}}]\n" + PEOPLE).warnings
    assert "all.yaml:3" in warning
    assert "s3cret" not in warning
    relay = "notify: [{url: 'mailto://mail.example?from=a@b.example&to=c@b.example'}]\n"
    assert folder.load(HEAD + relay + PEOPLE).warnings == ()


@pytest.mark.parametrize(
    ("text", "extra"),
    [
        (f"notify: [{{url: '{MAIL}'}}]", "notify"),
        ("metrics: {textfile: a.prom}", "metrics"),
        ("telemetry: {otlp_endpoint: 'http://h'}", "otel"),
    ],
)
def test_a_library_that_is_not_installed_is_a_mistake_of_the_config(
    folder: Folder, monkeypatch: pytest.MonkeyPatch, text: str, extra: str
) -> None:
    monkeypatch.setitem(extras._LIBRARIES, extra, "no_such.library")
    found = folder.problem(HEAD + text + "\n" + PEOPLE)
    assert f"pip install 'bulkimport[{extra}]'" in found
    assert load(folder.write("plain.yaml", HEAD + PEOPLE), {}).outlets == Outlets()


def test_an_unset_variable_is_reported_once(folder: Folder) -> None:
    with pytest.raises(ConfigError) as caught:
        folder.load(HEAD + "notify: [{url: '${NOBODY_SET_THIS}'}]\n" + PEOPLE)
    assert len(caught.value.problems) == 1
