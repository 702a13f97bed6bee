"""How the values of a source fit together whose rows are on other machines: remote files, and reports over HTTP."""

from collections.abc import Iterator
from glob import has_magic
from importlib.util import find_spec
from urllib.parse import SplitResult, urlsplit

from bulkimport.config.findings import DatasetValues, Finding, Rule
from bulkimport.config.source_types import KEYS_OF_ORIGIN, TYPE_OF_EXTENSION, WEB, extension, scheme
from bulkimport.config.tree import Path, find
from bulkimport.extras import missing
from bulkimport.hosts import is_loopback
from bulkimport.wording import listed

_OF_EXTRA = {"s3": "s3fs", "s3a": "s3fs", "sftp": "sshfs", "ssh": "sshfs"}
"""The libraries of the extra `remote`, by the schemes that need them."""


def _remote_paths(values: DatasetValues) -> Iterator[Finding]:
    """Paths of one source are all here, or all on the web, or all on one kind of file system that can be used."""
    schemes = [scheme(path) for path in values.source.path]
    if not any(schemes):
        for name in ("options", "timeout"):
            if values.source.path and find(values.tree, ("source", name)) is not None:
                yield Finding(f"`{name}` is for files on other machines, such as s3://…", (("source", name),))
        return
    if len(set(schemes)) > 1:
        kinds = listed(kind or "local" for kind in dict.fromkeys(schemes))
        yield Finding(f"the files of one source are in one kind of place, but these are {kinds}", (("source", "path"),))
        return
    if schemes[0] in WEB and values.source.options:
        message = "`options` are for file systems; what a web server needs goes with `url`, as `headers` and `auth`"
        yield Finding(message, (("source", "options"),))
    for name in ("newest", "max_age", "stable_for") if schemes[0] in WEB else ():
        if getattr(values.source, name):
            message = f"`{name}` goes by when a file was modified, which web servers do not reliably tell"
            yield Finding(message, (("source", name),))
    for index, path in enumerate(values.source.path):
        at: Path = ("source", "path", index) if find(values.tree, ("source", "path", index)) else ("source", "path")
        for message in _url_mistakes(path) if schemes[0] in WEB else _file_mistakes(path, schemes[0]):
            yield Finding(message, (at,))


def _url_mistakes(url: str) -> Iterator[str]:
    yield from _web_mistakes(url)
    if has_magic(urlsplit(url).path):
        yield "a web server has no list of its files, so there are no patterns: name each file"


def _file_mistakes(path: str, kind: str) -> Iterator[str]:
    if missing("remote"):
        yield f"a file at {kind}:// {missing('remote')}"
        return
    parts = _split(path)
    if parts is None:
        yield "this is not a well-formed URL"
    elif parts.password is not None:
        yield "a password does not belong into a URL: put it into `options`, best as a variable"
    yield from _library_mistakes(kind)


def _library_mistakes(kind: str) -> Iterator[str]:
    if kind in _OF_EXTRA:
        if find_spec(_OF_EXTRA[kind]) is None:
            yield f"a file at {kind}:// needs a library that is not installed: pip install 'bulkimport[remote]'"
        return
    from fsspec import get_filesystem_class  # only who has remote files has it

    try:
        get_filesystem_class(kind)
    except ValueError:
        yield f"there is no kind of file system called {kind}://"
    except ImportError as error:
        yield f"a file at {kind}:// needs a library that is not installed: {error}"


def _report(values: DatasetValues) -> Iterator[Finding]:
    """The address of a report can be asked for without telling anybody else."""
    url = values.source.url
    if url is None or not _is_report(values):
        return
    for message in _web_mistakes(url.reveal()):
        yield Finding(message, (("source", "url"),))


def _web_mistakes(url: str) -> Iterator[str]:
    parts = _split(url)
    if parts is None or parts.scheme.lower() not in WEB or not parts.hostname:
        yield "expected an address such as https://host/report"
        return
    if parts.scheme.lower() == "http" and not is_loopback(parts.hostname):
        yield "plain http would show data and credentials to everyone on the way: expected https (or this machine)"
    if parts.username is not None or parts.password is not None:
        yield "names and passwords do not belong into a URL: with `url`, use `auth`"


def _auth(values: DatasetValues) -> Iterator[Finding]:
    """One way to prove who asks."""
    auth = values.source.auth
    if auth is None:
        return
    if (auth.basic is None) == (auth.bearer is None):
        yield Finding("expected either `basic` or `bearer`", (("source", "auth"),))
    if "authorization" in map(str.lower, values.source.headers or {}):
        yield Finding("`auth` and the header Authorization exclude one another", (("source", "headers"),))
    if auth.basic is not None and ":" in auth.basic.username.reveal():
        yield Finding("a name in basic authentication has no colon", (("source", "auth", "basic", "username"),))


def _paging(values: DatasetValues) -> Iterator[Finding]:
    """One way to the next page, which the content allows."""
    paging = values.source.paging
    if paging is None:
        return
    ways = {"link": paging.link, "next": paging.next, "page": paging.page, "offset": paging.offset}
    given = [name for name, value in ways.items() if value]
    if len(given) != 1:
        found = f", found {listed(f'`{name}`' for name in given)}" if given else ""
        yield Finding(f"expected one of `link: true`, `next`, `page` and `offset`{found}", (("source", "paging"),))
        return
    if paging.first is not None and given[0] not in ("page", "offset"):
        yield Finding("`first` goes with `page` and `offset`", (("source", "paging", "first"),))
    if given[0] != "link" and _kind(values) in ("csv", "ndjson"):
        message = f"`{given[0]}` looks into JSON; pages of {_kind(values)} can follow one another by `link: true` alone"
        yield Finding(message, (("source", "paging", given[0]),))


def _flatten(values: DatasetValues) -> Iterator[Finding]:
    if values.source.flatten and _kind(values) in ("csv", "ndjson"):
        yield Finding(f"`flatten` is for json; this source is {_kind(values)}", (("source", "flatten"),))


def _kind(values: DatasetValues) -> str | None:
    """The type of a report."""
    url = values.source.url
    return values.source.type or (None if url is None else TYPE_OF_EXTENSION.get(extension(url.reveal())))


def _is_report(values: DatasetValues) -> bool:
    return [name for name in KEYS_OF_ORIGIN if find(values.tree, ("source", name)) is not None] == ["url"]


def _split(url: str) -> SplitResult | None:
    try:
        parts = urlsplit(url)
        return parts if parts.port is None or parts.port else None  # reading the port checks it
    except ValueError:
        return None


REMOTE_RULES: tuple[Rule, ...] = (_remote_paths, _report, _auth, _paging, _flatten)
