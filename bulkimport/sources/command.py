"""What a program writes to its standard output, as a file."""

import errno
from dataclasses import replace
from pathlib import Path, PurePath

from bulkimport.errors import SourceError
from bulkimport.model import CommandSource, FileSource
from bulkimport.sources.files import no_folder
from bulkimport.sources.landed_file import named_as_packed
from bulkimport.sources.landing_file import LandingFile
from bulkimport.sources.processes import Ended, run
from bulkimport.sources.progress import OnArrived
from bulkimport.wording import duration


def fetch_output(source: CommandSource, folder: Path, on_arrived: OnArrived) -> tuple[FileSource, str]:
    """Runs the command and writes its output, whole, to a file in `folder`: the content to read, and its name.

    Raises SourceError where the command cannot be run, fails, or takes too long.
    """
    name = f"the output of {PurePath(source.argv[0]).name}"
    path = folder / "output"
    if not Path(source.folder).is_dir():
        raise no_folder(source.folder)
    with LandingFile(path) as file:

        def take(chunk: bytes) -> None:
            file.write(chunk)
            on_arrived(file.size, 0)

        ended = run(source.argv, folder=source.folder, timeout=source.timeout, output=take)
    if not ended.well:
        raise SourceError(*_complaint(source, ended))
    return replace(source.content, paths=(named_as_packed(path, source.content.type),)), name


def _complaint(source: CommandSource, ended: Ended) -> tuple[str, str]:
    program = source.argv[0]
    words = f": {ended.words}" if ended.words else ""
    if ended.errno == errno.ENOENT:
        hint = "Is it installed, and on the PATH of the account that runs bulkimport?"
        return f"The command {program} was not found", hint
    if ended.errno is not None:
        hint = "The first word of `command` has to be a program that this account may run."
        return f"The command {program} {ended}", hint
    if ended.timed_out:
        hint = "Does it wait for an answer that nobody gives? Otherwise raise the source's `timeout`."
        return f"The command {program} had not ended after {duration(source.timeout)} and was stopped{words}", hint
    hint = f"Run it by hand in {source.folder}, as the same account, to see what is wrong."
    return f"The command {program} {ended}, so its output was not used{words}", hint
