from dataclasses import replace
from pathlib import Path

import pytest

from bulkimport.cli.options import Common
from bulkimport.cli.settings import config_key, load_config, spec_of
from bulkimport.errors import ConfigError
from bulkimport.log import Redactor
from bulkimport.wording import Typed
from tests.support.vocabulary import a_dataset

CONFIG = """\
version: 1
tenant: {base_url: https://orgvue.example, tenant_id: ACME, token: "${ORGVUE_TOKEN}"}
datasets:
  - {name: people, dataset_id: 6586F21B-AD4D-4D06-A309-712AF47184A2, source: people.csv, key: id}
"""


def common() -> Common:
    return Common("text", "console", "info", None, progress=False, redactor=Redactor())


def test_a_config_is_the_same_however_it_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "configs").mkdir()
    path = tmp_path / "configs" / "all.yaml"
    path.write_text(CONFIG)
    (tmp_path / "link.yaml").symlink_to(path)
    monkeypatch.chdir(tmp_path / "configs")
    keys = {config_key(Path(name)) for name in ("all.yaml", str(path), "../configs/all.yaml", "../link.yaml")}
    assert len(keys) == 1


@pytest.mark.parametrize(
    ("option", "in_config", "variable", "named"),
    [
        ("mine", True, None, "mine"),
        (None, True, "other", None),
        (None, False, "other", "other"),
        (None, False, None, ".bulkimport"),
    ],
)
def test_commands_about_a_config_name_in_full_what_they_would_not_find_elsewhere(
    option: str | None,
    in_config: bool,
    variable: str | None,
    named: str | None,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    (tmp_path / "all.yaml").write_text(CONFIG + ("run: {state_dir: state}\n" if in_config else ""))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("ORGVUE_TOKEN", "a-token-nobody-may-see")
    monkeypatch.delenv("BULKIMPORT_STATE_DIR", raising=False)
    if variable:
        monkeypatch.setenv("BULKIMPORT_STATE_DIR", variable)
    config = load_config(Path("all.yaml"), replace(common(), state_dir=option))
    assert config.path == "all.yaml"
    expected = Typed(str(tmp_path / "all.yaml"), str(tmp_path / named) if named else None)
    assert Typed.about(config) == expected


def test_the_token_of_a_config_is_redacted_from_then_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "all.yaml"
    path.write_text(CONFIG)
    monkeypatch.setenv("ORGVUE_TOKEN", "a-token-nobody-may-see")
    options = common()
    assert load_config(path, options).tenant.tenant_id == "ACME"
    assert "nobody" not in options.redactor.text("it was a-token-nobody-may-see, they said")


def test_whatever_else_is_secret_in_a_config_is_redacted_as_well(tmp_path: Path) -> None:
    path = tmp_path / "all.yaml"
    outlets = """\
notify: [{url: "json://ops:s3cret-word@localhost"}]
heartbeat: {start: "https://hc.example/s3cret-start-0123", success: "https://hc.example/s3cret-end-4567"}
telemetry: {headers: {x-key: s3cret-key}}
"""
    path.write_text(CONFIG.replace("${ORGVUE_TOKEN}", "a-token") + outlets)
    options = common()
    load_config(path, options)
    for text in ("s3cret-word", "/s3cret-start-0123", "s3cret-end-4567", "s3cret-key", "a-token"):
        assert text not in options.redactor.text(f"it was {text}, they said")


def test_an_unset_variable_is_a_mistake_of_the_config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "all.yaml"
    path.write_text(CONFIG)
    monkeypatch.delenv("ORGVUE_TOKEN", raising=False)
    with pytest.raises(ConfigError, match="ORGVUE_TOKEN"):
        load_config(path, common())


def test_the_journal_keeps_what_reports_and_reruns_need() -> None:
    spec = spec_of(a_dataset(depends_on=("other",), tags=("nightly",)))
    assert spec["depends_on"] == ["other"]
    assert spec["import"]["implicit_delete"] is True
