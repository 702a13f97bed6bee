"""README.md against the program: what it shows exists, what exists is in it. No file names a place of one machine."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import click
import pytest
from ruamel.yaml import YAML

from bulkimport.cli.main import commands
from bulkimport.config import load
from bulkimport.config.models import GuardsBlock, MainFile
from bulkimport.config.shapes import Block, inner_block, keys_of
from bulkimport.model import Config, DatasetStatus, RunStatus, Stage
from bulkimport.orgvue.hints import OTHER_HINTS, TENANT_HINTS
from bulkimport.sandbox.faults import ActionKind, Step, parse_rules
from tests.support import readme
from tests.support.readme import ROOT
from tests.support.reference import PARTS

TENANT = {"base_url": "https://orgvue.eu-west-1.concentra.io", "tenant_id": "ACME", "token": "${ORGVUE_API_TOKEN}"}
ENVIRONMENT = {
    "ORGVUE_API_TOKEN": "a-token",
    "ALERT_URL": "json://localhost",
    "HEARTBEAT_URL": "https://hc.example/uuid",
    "COLLECTOR_KEY": "a-key",
    "DB_PASSWORD": "a-password",
}
IGNORED = {".git", ".venv", ".bulkimport", "__pycache__", "dist", "build"}
LEFTOVERS = {
    "a folder of one machine": re.compile(r"(?<![\w.~:/])/(?:Users|root|work|workspaces?|mnt|private|builds?)/\w"),
    "a package index": re.compile(
        r"https?://[^\s\"'<>]*(?:pypi|artifactory|nexus|devpi|/simple\b)|index[-_]url|trusted[-_]host"
    ),
}


def options(command: click.Command) -> set[str]:
    return {name for parameter in command.params for name in parameter.opts if name.startswith("--")}


# ---- commands and options


@pytest.mark.parametrize("line", sorted({line for line in readme.commands() if line}))
def test_every_command_shown_can_be_typed(line: str) -> None:
    words = re.sub(r"[\[\]]", "", line).split()
    if words[0] in ("--help", "--version"):
        return
    name = words.pop(0) if words[0] in commands.commands else "run"
    if name == "run":
        assert words, line
        assert words[0] == "CONFIG" or words[0].endswith(".yaml"), f"`{words[0]}` is neither a command nor a config"
    commands.commands[name].make_context(name, words)


def test_commands_are_shown_at_all() -> None:
    assert len(set(readme.commands())) > 20
    assert {"CONFIG", "run nightly.yaml --failed", "restore CONFIG NAME"} <= set(readme.commands())


def test_every_command_and_every_option_is_mentioned() -> None:
    text = readme.text()
    assert [name for name in commands.commands if f"`bulkimport {name}" not in text] == []
    wanted = {option for command in commands.commands.values() for option in options(command)}
    assert sorted(option for option in wanted if not re.search(rf"{option}\b(?!-)", text)) == []


def test_every_option_that_is_mentioned_exists() -> None:
    known = {"--help", "--version", "--strict"}.union(*map(options, commands.commands.values()))
    assert set(re.findall(r"(?<![\w-])--[a-z][a-z-]*", readme.prose())) <= known


def test_every_environment_variable_of_the_program_is_mentioned_and_no_other() -> None:
    source = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "bulkimport").rglob("*.py"))
    own = re.compile(r"\bBULKIMPORT_[A-Z_]+")
    assert set(own.findall(readme.text())) == set(own.findall(source))


def test_every_make_target_is_mentioned_and_explained() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"^([a-z]+):", makefile, re.MULTILINE))
    explained = set(re.findall(r"^([a-z]+):.* ## .", makefile, re.MULTILINE))
    phony = re.search(r"^\.PHONY: (.*)$", makefile, re.MULTILINE)
    assert phony is not None
    assert targets == explained == set(phony[1].split())
    mentioned = {span.split()[1] for span in readme.spans() if span.startswith("make ")}
    assert mentioned == targets - {"help"}


# ---- the config


def configs() -> Iterator[tuple[str, dict[str, Any]]]:
    """Every YAML block as a whole config: a fragment of `kind` is put into one."""
    for block in readme.blocks("yaml"):
        content = YAML(typ="safe", pure=True).load(block.text)
        match block.kind:
            case "":
                yield block.text, content
            case "source":
                dataset = {"name": "a", "dataset_id": "6586F21B-AD4D-4D06-A309-712AF47184A2", "key": "id"} | content
                yield block.text, {"version": 1, "tenant": {"base_url": "sandbox"}, "datasets": [dataset]}
            case "tenant" | "outlets" as kind:
                dataset = {"name": "a", "dataset_id": "6586F21B-AD4D-4D06-A309-712AF47184A2", "source": "a.csv"}
                parts = {"tenant": content} if kind == "tenant" else {"tenant": TENANT, **content}
                yield block.text, {"version": 1, **parts, "datasets": [dataset | {"key": "id"}]}
            case kind:
                raise AssertionError(f"a YAML block is marked {kind!r}, which no test knows")


@pytest.mark.parametrize("content", [pytest.param(content, id=str(number)) for number, content in enumerate(configs())])
def test_every_config_shown_loads_without_a_warning(content: tuple[str, dict[str, Any]], tmp_path: Path) -> None:
    config = loaded(content[1], tmp_path)
    assert config.datasets
    assert config.warnings == ()


def loaded(content: dict[str, Any], folder: Path) -> Config:
    secret = folder / content["tenant"].get("token_file", "unused")
    secret.write_text("a-token")
    secret.chmod(0o600)
    path = folder / "nightly.yaml"
    path.write_text(json.dumps(content))
    return load(path, ENVIRONMENT)


def test_configs_are_shown_at_all() -> None:
    kinds = [block.kind for block in readme.blocks("yaml")]
    assert kinds.count("") >= 2
    assert {"tenant", "outlets"} <= set(kinds)


def test_the_three_lines_of_the_first_tenant_are_those_of_the_sample() -> None:
    shown = next(block.text for block in readme.blocks("yaml") if block.kind == "tenant")
    assert YAML(typ="safe", pure=True).load(shown) == TENANT


def blocks_of(block: type[Block]) -> Iterator[type[Block]]:
    yield block
    for key in keys_of(block):
        inner, _ = inner_block(block, key)
        if inner is not None:
            yield from blocks_of(inner)


def test_every_key_of_the_config_is_in_the_reference() -> None:
    tables = [set(re.findall(r"^\| `(\w+)` \|", part, re.MULTILINE)) for part in readme.part("config").split("**\n")]
    for block in set(blocks_of(MainFile)):
        wanted = set(keys_of(block))
        assert any(wanted <= table for table in tables), block.__name__


def test_every_guard_has_its_line() -> None:
    guards = readme.text().partition("\n## Guards\n")[2].partition("\n### ")[0]
    assert [key for key in keys_of(GuardsBlock) if f"`{key}`" not in guards and key != "allow_item_errors"] == []


# ---- generated parts


@pytest.mark.parametrize("name", sorted(PARTS))
def test_the_generated_parts_are_up_to_date(name: str) -> None:
    assert readme.part(name) == PARTS[name](), "write it anew with `make docs`"


def test_the_codes_that_concern_the_tenant_are_those_that_are_said_to() -> None:
    concerns_tenant = re.compile("401..|403..|42902")
    assert all(concerns_tenant.fullmatch(code) for code in TENANT_HINTS)
    assert not any(concerns_tenant.fullmatch(code) for code in OTHER_HINTS)


# ---- what else is listed


def first_cells() -> set[str]:
    return set(re.findall(r"^\| `([a-z]+)` \|", readme.text(), re.MULTILINE))


def test_every_status_and_every_stage_is_explained() -> None:
    assert {*DatasetStatus, *Stage} <= first_cells()
    assert [status for status in RunStatus if f"`{status}`" not in readme.text()] == []


def test_every_step_and_every_action_of_a_fault_file_is_named() -> None:
    named = set(readme.spans())
    assert {*get_args(Step), *get_args(ActionKind), "api", "storage", "job"} <= named


def test_the_fault_file_shown_is_one() -> None:
    (shown,) = (block.text for block in readme.blocks("json") if block.kind == "faults")
    assert len(parse_rules(shown)) == 4


def test_every_event_named_is_logged() -> None:
    source = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "bulkimport").rglob("*.py"))
    sentence = readme.text().partition("Dashboards can count")[2].partition("\n\n")[0]
    events = re.findall("`([^`]+)`", sentence)
    assert len(events) >= 6
    assert [name for name in events if f'"{name}"' not in source] == []


def test_links_lead_somewhere() -> None:
    anchors = readme.anchors()
    for link in readme.links():
        if link.startswith("#"):
            assert link.removeprefix("#") in anchors, link
        elif not link.startswith("https://"):
            assert (ROOT / link).exists(), link
    assert len(readme.links()) > 10


def test_files_named_exist() -> None:
    """Those of the project, by what they start with."""
    named = [span for span in readme.spans() if re.match(r"(bulkimport|tests|configs|refresh)/|\.ci/", span)]
    assert named
    for name in named:
        assert (ROOT / name).exists() or (ROOT / "bulkimport" / name).exists(), name


# ---- the tree


def committed_texts() -> Iterator[tuple[str, str]]:
    """The project's own text files; caches and whatever else starts with a dot are not among them, but for .ci."""
    for path in sorted(ROOT.rglob("*")):
        parts = path.relative_to(ROOT).parts
        hidden = any(part.startswith(".") and part not in (".ci", ".gitignore") for part in parts)
        if hidden or IGNORED.intersection(parts) or any(part.endswith(".egg-info") for part in parts):
            continue
        if path.is_file():
            content = path.read_bytes()
            if b"\0" not in content:
                yield str(path.relative_to(ROOT)), content.decode("utf-8", "replace")


def test_no_file_names_a_place_of_one_machine_or_a_package_index() -> None:
    found = [
        f"{name}: {what}: {match[0]}"
        for name, text in committed_texts()
        if name != "tests/test_docs.py"  # has the patterns
        for what, pattern in LEFTOVERS.items()
        for match in pattern.finditer(text)
    ]
    assert found == []


@pytest.mark.parametrize("text", ["see /mnt/x", "in /Users/anna/a", "https://pypi.example/simple/x", "--index-url x"])
def test_leftovers_are_recognised(text: str) -> None:
    assert any(pattern.search(text) for pattern in LEFTOVERS.values())


def test_the_readme_is_the_only_document_at_top_level() -> None:
    assert [path.name for path in ROOT.iterdir() if path.suffix in (".md", ".rst", ".txt")] in (
        ["README.md", "constraints.txt"],
        ["constraints.txt", "README.md"],
    )
