"""Which progress is shown where."""

import io

import pytest

from bulkimport.progress import PlainProgress, Progress, TerminalProgress, open_progress
from tests.support.clock import FakeClock


class _Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("stream", "live", "term", "kind"),
    [
        (_Terminal(), True, "xterm", TerminalProgress),
        (_Terminal(), True, "dumb", PlainProgress),
        (_Terminal(), False, "xterm", PlainProgress),
        (io.StringIO(), True, "xterm", PlainProgress),
    ],
)
def test_live_progress_needs_a_capable_terminal_and_the_wish(
    stream: io.StringIO, live: bool, term: str, kind: type[Progress]
) -> None:
    progress = open_progress(
        ["people"], stream=stream, clock=FakeClock(), write=print, live=live, environ={"TERM": term}
    )
    assert type(progress) is kind
