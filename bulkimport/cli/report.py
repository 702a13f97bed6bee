"""`bulkimport report`: a run as a page for a browser, as text, or as a document."""

from pathlib import Path

import anyio
import click

from bulkimport.cli.choosing import chosen_run, config_option, state_directory
from bulkimport.cli.options import EXIT_SUCCESS, Common, common_options
from bulkimport.clock import SystemClock
from bulkimport.errors import StateError, UsageError
from bulkimport.journal import Journal
from bulkimport.report.account import Account, account_of
from bulkimport.report.account_document import account_document
from bulkimport.report.account_text import account_text
from bulkimport.report.document_file import write_text
from bulkimport.report.page import page

_STDOUT = "-"


@click.command()
@click.argument("run_id", required=False)
@click.option("--html", metavar="FILE", help="Write a self-contained page; - for stdout.")
@click.option("--include-values", is_flag=True, help="Show values of rejected items, which are personal data.")
@config_option
@common_options
def report(run_id: str | None, html: str | None, include_values: bool, config_path: Path | None, common: Common) -> int:
    """Tells everything about the last run, or RUN_ID: outcome, timeline, comparison, rejected items, trace ids.

    Ends 0 however the run ended (`status` tells that), 2 if there is none.
    """
    if html == _STDOUT and common.output == "json":
        raise UsageError("--html - and --output json both want stdout.", hint="Give --html the name of a file.")
    account = anyio.run(_account, state_directory(config_path, common), run_id, include_values, common)
    if html == _STDOUT:
        common.show_text(page(account))
        return EXIT_SUCCESS
    if html is not None:
        _write(Path(html), page(account), run_id=account.run.run_id)
    if html is None or common.output == "json":
        common.show(lambda layout: account_text(account, layout), lambda: account_document(account))
    return EXIT_SUCCESS


async def _account(state_dir: Path, run_id: str | None, include_values: bool, common: Common) -> Account:
    clock = SystemClock()
    async with Journal.open_existing(state_dir, clock) as found:
        journal, run = await chosen_run(found, run_id, state_dir)
        return await account_of(
            journal, run, state_dir, clock.now(), with_values=include_values, redact=common.redactor.text
        )


def _write(path: Path, text: str, *, run_id: str) -> None:
    if path.is_dir() or not path.name:
        raise UsageError(f"{path} is a folder, and no file to write the report to.", hint="Name a file in it.")
    try:
        write_text(path, text)
    except OSError as error:
        raise StateError(
            f"The report cannot be written to {path}: {error.strerror or error}.",
            hint="Name a file in a folder that you may write to; the report can be made again at any time.",
        ) from error
    click.echo(f"Report of run {run_id}: {path}", err=True)
