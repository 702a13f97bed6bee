"""Dataset names for the shell, from the config that was typed before them."""

import os
from pathlib import Path

import click

from bulkimport.config import dataset_names


def complete_selectors(ctx: click.Context, _parameter: click.Parameter, incomplete: str) -> list[str]:
    """Names that go on from the last one of a comma list, a leading `+` kept. Never fails: it is only a help."""
    before, comma, last = incomplete.rpartition(",")
    start = before + comma + ("+" if last.startswith("+") else "")
    taken = set(before.split(","))
    return [start + name for name in _names(ctx) if name.startswith(last.removeprefix("+")) and name not in taken]


def complete_allowances(ctx: click.Context, _parameter: click.Parameter, incomplete: str) -> list[str]:
    """`NAME=`, to which the number is still to be added."""
    return [f"{name}=" for name in _names(ctx) if name.startswith(incomplete)]


def _names(ctx: click.Context) -> list[str]:
    # While an option still lacks its value, click has not got to the arguments: they are in `args` as typed.
    config = ctx.params.get("config") or next((word for word in ctx.args if not word.startswith("-")), None)
    try:
        return dataset_names(Path(config), os.environ) if config else []
    except (OSError, ValueError):
        return []
