"""The file systems of fsspec: how they are opened here, and what their errors mean.

It is imported where a file system is opened: files on the web are read without any, and without its being installed.
"""

import logging
from collections.abc import Callable, Mapping
from typing import Any, TypeVar
from urllib.parse import urlsplit

from bulkimport.model import Secret, secrets_in
from bulkimport.sources.answers import TransferError
from bulkimport.sources.files import MISSING_HINT
from bulkimport.sources.known_hosts import missing_of_ours, unknown_server
from bulkimport.wording import safe_text

SILENCE = 120.0
"""Seconds without a byte or an answer after which a transfer is given up."""

CONNECT = 30.0

T = TypeVar("T")
_SFTP: dict[str, Any] = {
    # None would trust any server; this is the account's own known_hosts.
    "known_hosts": (),
    "connect_timeout": CONNECT,
    "login_timeout": CONNECT,
    "keepalive_interval": 15,
    "keepalive_count_max": 4,
}
_S3: dict[str, Any] = {
    "max_concurrency": 1,  # several parts of a file at once are as many blocks in memory
    "config_kwargs": {"connect_timeout": CONNECT, "read_timeout": SILENCE, "retries": {"max_attempts": 2}},
}
_DEFAULTS = {"s3": _S3, "s3a": _S3, "sftp": _SFTP, "ssh": _SFTP}
_SSH = ("sftp", "ssh")
_FINAL = frozenset(
    {
        *("FileNotFoundError", "PermissionError", "IsADirectoryError", "NotADirectoryError", "NotImplementedError"),
        *("NoCredentialsError", "PartialCredentialsError", "ParamValidationError", "InvalidRegionError"),
        *("HostKeyNotVerifiable", "KeyImportError", "TypeError", "ValueError", "ImportError", "ModuleNotFoundError"),
    }
)
"""What the next attempt would only meet again."""
_NO_SUCH_NAME = frozenset(
    {
        *("FileNotFoundError", "NotADirectoryError", "PermissionError", "ParamValidationError", "ValueError"),
        *("SFTPFailure", "SFTPBadMessage", "SFTPInvalidFilename", "SFTPNoSuchPath", "SFTPInvalidParameter"),
    }
)
"""What file systems say of a name that is not there, or that none there could have, as one with wildcards often is."""


class Site:
    """Where the file, or the pattern of files, at a URL is: `start` + `path` is what people call it."""

    def __init__(self, url: str, options: Mapping[str, object]) -> None:
        self._url = url
        self._options = options
        self._system: Any = None
        parts = urlsplit(url)
        name = url.partition("://")[2].removeprefix(parts.netloc).rstrip("/")  # `?` and `#` are of it
        shown = f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{name}"
        self.path = name if parts.scheme in _SSH else str(_kind(parts.scheme)._strip_protocol(url))
        self.start = shown.removesuffix(self.path) if shown.endswith(self.path) else f"{parts.scheme}://"
        self.name = self.start + self.path

    def using(self, work: Callable[[Any], T]) -> T:
        """What `work` makes of the file system. Blocks; raises whatever the file system raises.

        One that failed, or that never came back, is not used again: its connection may be broken.
        """
        system, self._system = self._system, None
        if system is None:
            system = _opened(self._url, self._options)
        found = work(system)
        self._system = system
        return found


def is_file(system: Any, path: str) -> bool:
    """Whether there is a file of exactly this name. Blocks; raises what does not answer that."""
    try:
        return bool(system.info(path).get("type") != "directory")
    except Exception as error:
        if type(error).__name__ in _NO_SUCH_NAME:
            return False
        raise


def _kind(scheme: str) -> Any:
    if scheme in _SSH:
        from sshfs import SSHFileSystem  # fsspec's own has no deadlines, and trusts any server

        return SSHFileSystem
    from fsspec import get_filesystem_class

    return get_filesystem_class(scheme)


def _opened(url: str, options: Mapping[str, object]) -> Any:
    """A file system of its own, connected if it connects at once."""
    _quieten()
    scheme = urlsplit(url).scheme
    kind, own = _kind(scheme), revealed(options)
    defaults = {key: _merged(value, own.get(key)) for key, value in _DEFAULTS.get(scheme, {}).items()}
    in_url = kind._get_kwargs_from_urls(url)
    for part in ("url_query", "url_fragment"):  # no options of a connection, but parts of a file's name
        in_url.pop(part, None)
    fresh = {} if scheme in _SSH else {"use_listings_cache": False}  # which sshfs has none of
    return kind(**{**defaults, **in_url, **own, **fresh, "skip_instance_cache": True})


def _quieten() -> None:
    """What libraries have to say beside their exceptions, above all of tasks that a failure left behind."""
    from fsspec.asyn import get_loop

    get_loop().set_exception_handler(lambda loop, context: None)
    for library in ("aiobotocore", "asyncssh", "botocore", "fsspec", "s3fs"):
        logger = logging.getLogger(library)
        if not logger.handlers:
            logger.addHandler(logging.NullHandler())


def _merged(default: object, own: object) -> object:
    return {**default, **own} if isinstance(default, dict) and isinstance(own, dict) else default


def revealed(options: Mapping[str, object]) -> dict[str, Any]:
    """The options with their secrets, as the file system wants them."""
    return {name: _plain(value) for name, value in options.items()}


def _plain(value: object) -> Any:
    match value:
        case Secret():
            return value.reveal()
        case Mapping():
            return revealed(value)
        case list() | tuple():
            return [_plain(item) for item in value]
        case _:
            return value


def file_system_error_of(error: Exception, name: str, options: Mapping[str, object]) -> TransferError:
    """What an error of a file system means; any kind may come, from any library. May look at files, so it blocks."""
    kind = type(error).__name__
    is_transient = not any(base.__name__ in _FINAL for base in type(error).__mro__)
    if isinstance(error, OSError) and (ours := missing_of_ours(error, name, options)) is not None:
        return ours
    match kind:
        case "FileNotFoundError":
            return TransferError(f"{name} does not exist", MISSING_HINT)
        case "PermissionError" | "NoCredentialsError" | "PartialCredentialsError":
            hint = "Check the credentials in `options`, and that their account may read the file."
            return TransferError(f"access to {name} is refused{_quoted(error, options)}", hint)
        case "HostKeyNotVerifiable":
            return unknown_server(name, options)
        case "NotImplementedError":
            return TransferError(
                f"{name} is on a file system that cannot do this", "Use another way to get at the file."
            )
        case _:
            hint = "Check the path, `options` and the network; then run this dataset again."
            return TransferError(
                f"{name} cannot be read: {kind}{_quoted(error, options)}", hint, is_transient=is_transient
            )


def _quoted(error: Exception, options: Mapping[str, object]) -> str:
    """What the library says, without any secret that it was given."""
    text = safe_text(str(error))
    for secret in secrets_in(options):
        text = text.replace(secret.reveal(), "***")
    return f" ({text})" if text else ""
