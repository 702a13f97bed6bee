"""Options that choose datasets, shared by the commands that take a config."""

from collections.abc import Sequence

import click

from bulkimport.cli.completing import complete_selectors
from bulkimport.cli.options import CommandFunction
from bulkimport.errors import UsageError
from bulkimport.guards import Allowance
from bulkimport.model import Config
from bulkimport.near_misses import near_misses


def selection_options(command: CommandFunction) -> CommandFunction:
    """Adds --only and --exclude."""
    only = click.option(
        "--only",
        multiple=True,
        metavar="SELECTOR",
        shell_complete=complete_selectors,
        help="Only these: names, globs, tag:NAME; +NAME adds what it depends on. Repeatable, comma lists.",
    )
    exclude = click.option(
        "--exclude", multiple=True, metavar="SELECTOR", shell_complete=complete_selectors, help="All but these."
    )
    return only(exclude(command))


def parse_allowances(config: Config, values: Sequence[str]) -> dict[str, Allowance]:
    """The values of --allow-delete (NAME=COUNT). Raises UsageError for anything else, and for unknown names."""
    names = [dataset.name for dataset in config.datasets]
    found: dict[str, Allowance] = {}
    for value in values:
        name, equals, count = value.partition("=")
        if not equals or not (count.isascii() and count.isdigit()):
            raise UsageError(
                f"--allow-delete {value} is not NAME=COUNT.", hint="For example: --allow-delete people=120"
            )
        _check_known(name, names, f"--allow-delete {value}")
        found[name] = Allowance(deletions=int(count))
    return found


def parse_names(config: Config, option: str, values: Sequence[str]) -> frozenset[str]:
    """The dataset names that an option gives, repeated or in comma lists. Raises UsageError for unknown ones."""
    names = [dataset.name for dataset in config.datasets]
    given = [name.strip() for value in values for name in value.split(",")]
    for name in given:
        _check_known(name, names, f"{option} {name}")
    return frozenset(given)


def _check_known(name: str, names: Sequence[str], option: str) -> None:
    if name not in names:
        near = near_misses(name, names)
        raise UsageError(
            f"{option} names no dataset of the config" + (f"; did you mean {' or '.join(near)}?" if near else "."),
            hint="Nothing was sent.",
        )
