"""What to say where an SFTP connection lacks a file on this machine, or the server is not among the known hosts."""

import shlex
from collections.abc import Iterator, Mapping
from pathlib import Path
from urllib.parse import urlsplit

from bulkimport.sources.answers import TransferError

_DEFAULT_PORT = 22


def unknown_server(name: str, options: Mapping[str, object]) -> TransferError:
    """The server of `name` showed a key that no file of known hosts has for it. Blocks."""
    files = list(_paths(options.get("known_hosts"))) or [str(Path("~/.ssh/known_hosts").expanduser())]
    missing = [file for file in files if not Path(file).is_file()]
    host, port = _address(name, options)
    if missing == files:
        why = f"the file that it was looked for in, {missing[0]}, does not exist"
        caution = ""
    else:
        why = f"{' and '.join(files)} does not have {host} with this key"
        caution = " If it is there with another key, ask first: somebody may be in between."
    where = [] if port == _DEFAULT_PORT else ["-p", str(port)]
    scan, look = shlex.join(["ssh-keyscan", *where, host]), shlex.join(["ssh-keygen", "-lf", files[0]])
    hint = (
        f"Add its key with `{scan} >>{shlex.quote(files[0])}`, and before the next run compare the fingerprint that"
        f" `{look}` shows with what the server's owner says.{caution} Another file is named by"
        " `options: {known_hosts: FILE}`."
    )
    return TransferError(f"the server of {name} is not known to this account: {why}", hint)


def _address(name: str, options: Mapping[str, object]) -> tuple[str, int]:
    """Host and port, which options may say in place of the URL."""
    parts = urlsplit(name)
    host, port = options.get("host"), options.get("port")
    return (
        host if isinstance(host, str) else parts.hostname or "HOST",
        port if isinstance(port, int) else parts.port or _DEFAULT_PORT,
    )


def missing_of_ours(error: OSError, name: str, options: Mapping[str, object]) -> TransferError | None:
    """Says so where the file that an error is about is not the server's, but one of ours that `options` name."""
    for option in ("known_hosts", "client_keys"):
        if error.filename in _paths(options.get(option)):
            reason = (error.strerror or type(error).__name__).lower()
            message = f"{name} was not asked for, as the file {error.filename} cannot be read: {reason}"
            return TransferError(message, f"Correct `{option}` in the source's `options`, or make the file readable.")
    return None


def _paths(value: object) -> Iterator[str]:
    match value:
        case str() if value:
            yield value
        case list() | tuple():
            yield from (item for item in value if isinstance(item, str))
        case _:
            pass
