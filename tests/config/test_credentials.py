"""The tenant and its token."""

from pathlib import Path

import pytest

from bulkimport.model import Config
from tests.config.support import PEOPLE, Folder

HOST = "https://orgvue.example"


def tenant(*lines: str) -> str:
    """A file whose tenant's keys begin on line 3."""
    return "version: 1\ntenant:\n" + "".join(f"  {line}\n" for line in lines) + PEOPLE


def token_of(config: Config) -> str:
    assert config.tenant.token is not None
    return config.tenant.token.reveal()


def test_a_token_from_the_environment(folder: Folder) -> None:
    text = tenant(f"base_url: {HOST}/", "tenant_id: ACME", "token: ${ORGVUE_API_TOKEN}")
    config = folder.load(text, {"ORGVUE_API_TOKEN": "eyJ.t0ken"})
    assert (config.tenant.base_url, config.tenant.tenant_id, token_of(config)) == (HOST, "ACME", "eyJ.t0ken")
    assert config.warnings == ()


def test_the_token_shows_nowhere(folder: Folder) -> None:
    text = tenant(f"base_url: {HOST}", "tenant_id: ACME", "token: ${ORGVUE_API_TOKEN}")
    assert "eyJ.t0ken" not in repr(folder.load(text, {"ORGVUE_API_TOKEN": "eyJ.t0ken"}))


@pytest.mark.parametrize("written", ["eyJ.t0ken", "${UNSET:-eyJ.t0ken}"])
def test_a_token_in_the_file_is_warned_of_without_showing_it(folder: Folder, written: str) -> None:
    config = folder.load(tenant(f"base_url: {HOST}", "tenant_id: ACME", f"token: {written}"))
    assert token_of(config) == "eyJ.t0ken"
    (warning,) = config.warnings
    assert "all.yaml:5: put it into ${ORGVUE_API_TOKEN} or a token_file" in warning
    assert "t0ken" not in warning


def secret_file(folder: Folder, content: str | bytes, mode: int = 0o600) -> Path:
    path = folder.write("secrets/orgvue", content)
    path.chmod(mode)
    return path


WITH_FILE = tenant(f"base_url: {HOST}", "tenant_id: ACME", "token_file: ../secrets/orgvue")


@pytest.mark.parametrize("content", ["eyJ.t0ken", "eyJ.t0ken\n", "  eyJ.t0ken \r\nsecond line\n", "\ufeffeyJ.t0ken\n"])
def test_the_first_line_of_a_token_file_is_the_token(folder: Folder, content: str) -> None:
    secret_file(folder, content)
    config = folder.load(WITH_FILE, name="conf/all.yaml")
    assert token_of(config) == "eyJ.t0ken"
    assert config.warnings == ()


def test_a_token_file_that_others_can_read_is_warned_of(folder: Folder) -> None:
    path = secret_file(folder, "eyJ.t0ken", 0o640)
    (warning,) = folder.load(WITH_FILE, name="conf/all.yaml").warnings
    assert warning == f"The token file {path} can be read by other users of this machine: `chmod 600` it."


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("", "is empty: expected the API token"),
        ("\neyJ.t0ken\n", "is empty: expected the API token"),
        ("two w0rds\n", "is no API token: character 4 of 9 is white space"),
        ("Bearer eyJ.t0ken\n", "is no API token: leave out the word Bearer"),
        ("eyJ.töken…\n", "is no API token: character 6 of 10 is outside ASCII: copy the token again"),
        (b"\xff\xfe\x00", "is no API token"),
    ],
)
def test_a_token_file_without_a_token(folder: Folder, content: str | bytes, words: str) -> None:
    secret_file(folder, content)
    problem = folder.problem(WITH_FILE, name="conf/all.yaml")
    assert problem.startswith("conf/all.yaml:5: tenant.token_file: the first line of secrets/orgvue ")
    assert words in problem
    assert "w0rds" not in problem
    assert "t0ken" not in problem


def test_a_missing_token_file_is_reported_beside_everything_else(folder: Folder) -> None:
    problems = folder.problems(WITH_FILE + "    kee: 1\n", name="conf/all.yaml")
    assert (
        problems[0]
        == "conf/all.yaml:5: tenant.token_file: cannot read the token from secrets/orgvue: no such file or directory"
    )
    assert len(problems) == 2


def test_a_directory_is_no_token_file(folder: Folder) -> None:
    (folder.path / "secrets/orgvue").mkdir(parents=True)
    assert "cannot read the token" in folder.problem(WITH_FILE, name="conf/all.yaml")


def test_token_and_token_file_exclude_one_another(folder: Folder) -> None:
    text = tenant(f"base_url: {HOST}", "tenant_id: ACME", "token: ${T}", "token_file: x")
    assert (
        "all.yaml:6: tenant.token_file: token and token_file exclude one another: keep one of them"
        in folder.problems(text, {"T": "t"})
    )


def test_a_real_tenant_needs_an_id_and_a_token(folder: Folder) -> None:
    assert folder.problems(tenant(f"base_url: {HOST}")) == [
        "all.yaml:2: tenant.tenant_id: is missing: expected the id of the Orgvue tenant, such as ACME",
        "all.yaml:2: tenant.token: "
        "is missing: expected the API token, best `token: ${ORGVUE_API_TOKEN}`, or token_file",
    ]


def test_the_sandbox_needs_neither(folder: Folder) -> None:
    found = folder.load(tenant("base_url: sandbox")).tenant
    assert (found.is_sandbox, found.tenant_id, found.token) == (True, "SANDBOX", None)


def test_the_sandbox_takes_both(folder: Folder) -> None:
    config = folder.load(tenant("base_url: sandbox", "tenant_id: ACME", "token: ${T}"), {"T": "t"})
    assert (config.tenant.tenant_id, token_of(config)) == ("ACME", "t")


def test_a_wrong_base_url_does_not_hide_the_rest(folder: Folder) -> None:
    problems = folder.problems(tenant("base_url: http://orgvue.example", "tenant_id: acme", "token: a b"))
    assert [problem.split(": ")[1] for problem in problems] == ["tenant.base_url", "tenant.tenant_id", "tenant.token"]


def test_a_wrong_token_is_not_shown(folder: Folder) -> None:
    for written in ("s3cret with blanks", "12345", "'${T}'"):
        problem = folder.problem(
            tenant(f"base_url: {HOST}", "tenant_id: ACME", f"token: {written}"), {"T": "s3cret\n12345"}
        )
        assert problem.startswith(
            "all.yaml:5: tenant.token: expected a token of ASCII characters without blanks or line breaks"
        )
        assert "s3cret" not in problem
        assert "12345" not in problem


def test_credentials_in_the_base_url_are_not_shown(folder: Folder) -> None:
    problem = folder.problem(
        tenant("base_url: https://me:s3cret@orgvue.example", "tenant_id: ACME", "token: ${T}"), {"T": "t"}
    )
    assert "tenant.base_url: expected `sandbox` or an https address" in problem
    assert "s3cret" not in problem


@pytest.mark.parametrize(("text", "line"), [("", 1), ("tenant:\n", 2), ("tenant: 5\n", 2)])
def test_there_is_a_tenant(folder: Folder, text: str, line: int) -> None:
    problem = folder.problem("version: 1\n" + text + PEOPLE)
    assert problem.startswith(f"all.yaml:{line}: tenant: ")
