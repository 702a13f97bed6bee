"""What the program tells tracing, whoever listens."""

from contextlib import AbstractContextManager
from typing import Protocol

from bulkimport.orgvue.requests import Sending, WatchedRequest
from bulkimport.refresh.machine import Refresh, State
from bulkimport.report.facts import RunFacts


class Spans(Protocol):
    """The spans of one run. Never raises, never waits."""

    def state_changed(self, name: str, state: State) -> None:
        """Called in the task of the dataset, whose requests from now on belong to this stage."""

    def ended(self, name: str, refresh: Refresh) -> None: ...

    def run_ended(self, run: RunFacts) -> None: ...

    def request(self, sending: Sending) -> AbstractContextManager[WatchedRequest]:
        """Around one request, from its sending to the end of its answer."""
