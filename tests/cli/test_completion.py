"""The scripts, and what a real bash makes of its own."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import click
import pytest

from bulkimport.cli.main import commands
from bulkimport.sandbox.world import python_environment
from tests.support.program import invoke
from tests.support.readme import ROOT

SAMPLE = "configs/all.yaml"
BASH = shutil.which("bash")
DRIVER = """\
compopt() { local IFS=' '; echo "compopt $*"; }
eval "$(bulkimport completion bash)"
complete -p bulkimport
while read -r line; do
    IFS='|' read -ra COMP_WORDS <<< "$line"
    COMP_CWORD=$(( ${#COMP_WORDS[@]} - 1 )); COMPREPLY=()
    _bulkimport_completion bulkimport
    printf '%s\\n' "${COMPREPLY[@]}" ---
done
"""
TYPED = {
    "pl": ["plan"],
    "run|--fa": ["--failed"],
    "configs/al": ["compopt -o default"],
    "run|configs/al": ["compopt -o default"],
    f"{SAMPLE}|--only|people,lo": ["people,locations"],
    f"run|{SAMPLE}|--exclude|pos": ["positions"],
    f"restore|{SAMPLE}|cost": ["cost-centres"],
    "run|tests|--only|x": [],
    "completion|z": ["zsh"],
}
"""What has been typed after the program's name, the last word being incomplete, and what bash then offers."""


@pytest.mark.timeout(900)  # it starts the program ten times
@pytest.mark.skipif(BASH is None, reason="there is no bash here")
def test_bash_completes_commands_options_files_and_datasets(tmp_path: Path) -> None:
    program = tmp_path / "bulkimport"
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m bulkimport "$@"\n')
    program.chmod(0o755)
    done = subprocess.run(
        [str(BASH), "--norc", "-c", DRIVER],
        env=python_environment() | {"PATH": f"{tmp_path}:{os.environ['PATH']}"},
        cwd=ROOT,
        input="".join(f"bulkimport|{words}\n" for words in TYPED),
        capture_output=True,
        text=True,
    )
    assert (done.returncode, done.stderr) == (0, "")
    registered, _, rest = done.stdout.partition("\n")
    assert registered.endswith("-F _bulkimport_completion bulkimport")
    offered = [[line for line in part.splitlines() if line] for part in rest.split("---\n")[:-1]]
    assert dict(zip(TYPED, offered, strict=True)) == TYPED


def test_the_first_word_may_be_any_command() -> None:
    context = click.Context(commands)
    assert sorted(one.value for one in commands.shell_complete(context, "")) == sorted(commands.commands)


@pytest.mark.parametrize(
    ("shell", "words", "shown"),
    [
        ("zsh", {"COMP_WORDS": f"bulkimport run {SAMPLE} --only loc", "COMP_CWORD": "4"}, "plain\nlocations\n_"),
        ("fish", {"COMP_WORDS": f"bulkimport run {SAMPLE} --only loc", "COMP_CWORD": "loc"}, "plain,locations"),
    ],
)
def test_zsh_and_fish_get_their_answers(shell: str, words: dict[str, str], shown: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "bulkimport"],
        env=os.environ | words | {"_BULKIMPORT_COMPLETE": f"{shell}_complete"},
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert done.stdout.startswith(shown), done.stderr
    assert done.returncode == 0


@pytest.mark.parametrize(("shell", "mark"), [("bash", "complete -o nosort"), ("zsh", "compdef"), ("fish", "--command")])
def test_each_shell_has_its_script_alone_on_stdout(shell: str, mark: str) -> None:
    found = invoke("completion", shell)
    assert (found.code, found.err) == (0, "")
    assert mark in found.out
    assert f"_BULKIMPORT_COMPLETE={shell}_complete" in found.out
    assert invoke("completion", shell, "--output", "json").document == {"shell": shell, "script": found.out}


def test_another_shell_is_a_usage_error() -> None:
    found = invoke("completion", "tcsh")
    assert found.code == 2
    assert found.out == ""
