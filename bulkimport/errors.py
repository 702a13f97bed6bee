"""Everything that can go wrong, as a tree.

    BulkimportError                what every error has: message, hint, stage, the service's own words
    ├── UsageError                 the command line is wrong (exit code 2)
    │   └── ConfigError            the configuration is wrong; carries all its problems
    ├── StateError                 the state directory cannot be used, or holds something unexpected
    ├── SourceError                the source cannot be read whole and well-formed
    ├── GuardError                 the payload reads well but must not be sent
    └── ServiceError               Orgvue or its object storage said no, or said nothing
        ├── TenantError            authentication or quota: every other request would fail the same way
        ├── LocationExpiredError   a presigned URL of the temporary file is no longer accepted
        ├── NotThereYetError       a presigned object does not exist (yet): a fresh ticket, a result on its way
        ├── TicketExpiredError     the job's ticket URL is no longer accepted; its job can no longer be seen
        ├── AmbiguousError         a request with effects got no usable answer; it may have been carried out
        └── UnavailableError       no usable answer within the retries; nothing with effects was at stake

Exceptions of other libraries are translated where they arise, so that nothing above sees them.
Messages and hints never contain a token or a presigned URL.
"""

from dataclasses import dataclass

from bulkimport.model import ErrorReport, Stage

NOTHING_SENT = "Nothing was sent for this dataset."
"""What a dataset's failure means for the data, as long as nothing of it has left this machine."""


class BulkimportError(Exception):
    """`message` says what happened and what it means for the data; `hint` says what to do next."""

    stage: Stage | None = None

    def __init__(self, message: str, *, hint: str = "", stage: Stage | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        if stage is not None:
            self.stage = stage

    def report(self) -> ErrorReport:
        """The error in the summary's shape."""
        return ErrorReport(stage=self.stage, message=self.message, hint=self.hint)


class UsageError(BulkimportError):
    """The command line asks for something that cannot be; nothing was sent."""


@dataclass(frozen=True, slots=True, order=True)
class ConfigProblem:
    """One mistake in a configuration file: where (line is 1-based), which key, what was found and expected."""

    file: str
    line: int
    key: str
    message: str

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}" if self.line else self.file
        return f"{place}: {self.key}: {self.message}" if self.key else f"{place}: {self.message}"


class ConfigError(UsageError):
    """All mistakes of a configuration at once."""

    def __init__(self, problems: list[ConfigProblem]) -> None:
        self.problems = sorted(problems)
        super().__init__(
            "\n".join(map(str, self.problems)),
            hint="Correct the configuration; nothing was sent. `bulkimport schema` prints a JSON Schema for editors.",
        )


class StateError(BulkimportError):
    """The state directory or the journal in it cannot be used."""


class SourceError(BulkimportError):
    """A source that cannot be read whole: `path` and the 1-based `line` (or record) are part of the message.

    A source is read whole before anything is sent, which the report says; message and hint need not. Crosses process
    borders, so all it holds travels through its arguments.
    """

    stage = Stage.SOURCE

    def __init__(self, message: str, hint: str = "", path: str | None = None, line: int | None = None) -> None:
        super().__init__(message, hint=hint)
        self.path = path
        self.line = line

    def __reduce__(self) -> tuple[type["SourceError"], tuple[str, str, str | None, int | None]]:
        return type(self), (self.message, self.hint, self.path, self.line)

    def report(self) -> ErrorReport:
        return ErrorReport(self.stage, self.message, f"{self.hint} {NOTHING_SENT}".lstrip())


class GuardError(BulkimportError):
    """A payload that must not be sent."""

    stage = Stage.GUARD


class ServiceError(BulkimportError):
    """A request that did not end as it should. `http_status` is None when no answer came."""

    def __init__(
        self,
        message: str,
        *,
        hint: str = "",
        stage: Stage | None = None,
        http_status: int | None = None,
        code: str | None = None,
        name: str | None = None,
        trace_id: str | None = None,
        retryable: bool = False,
    ) -> None:
        super().__init__(message, hint=hint, stage=stage)
        self.http_status = http_status
        self.code = code
        self.name = name
        self.trace_id = trace_id
        self.retryable = retryable

    def report(self) -> ErrorReport:
        return ErrorReport(
            stage=self.stage,
            message=self.message,
            hint=self.hint,
            http_status=self.http_status,
            code=self.code,
            name=self.name,
            trace_id=self.trace_id,
            retryable=self.retryable,
        )


class TenantError(ServiceError):
    """Concerns the whole tenant (API page, "Errors"): an authentication error or a used-up quota."""


class LocationExpiredError(ServiceError):
    """The temporary file or one of its URLs has expired; a fresh location is needed."""


class NotThereYetError(ServiceError):
    """The object behind a presigned URL does not exist (404); it may appear."""


class TicketExpiredError(ServiceError):
    """The ticket's URL is refused; nobody can give it back."""


class AmbiguousError(ServiceError):
    """A request with effects may or may not have been carried out."""


class UnavailableError(ServiceError):
    """No usable answer came within the retries."""
