"""The checked `source` block → the source that the rest of the program knows."""

from dataclasses import replace

from bulkimport import model
from bulkimport.config.paths import absolute, absolute_pattern
from bulkimport.config.source_block import AuthBlock, PagingBlock, SourceBlock
from bulkimport.config.source_types import TYPE_OF_EXTENSION, default_delimiter, extension, scheme

_PATHS = ("known_hosts", "client_keys")
"""Options of file systems that name files on this machine."""
_ELSEWHERE, _MADE = 3600.0, 600.0
"""Seconds that rows may take which come from elsewhere, or are made for us."""


def source(block: SourceBlock, directory: str) -> model.Source:
    """`directory` is the absolute one of the file that holds the block."""
    if block.query is not None or block.query_file is not None:
        return _query(block, directory)
    if block.python is not None:
        timeout = block.timeout or _MADE
        return model.PythonSource(block.python, directory, tuple(block.arguments.items()), timeout)
    if block.command and block.type is not None:
        content = _content(block, block.type, (), "")
        return model.CommandSource(tuple(block.command), directory, content, block.timeout or _MADE)
    name = block.path[0] if block.url is None else block.url.reveal()
    kind = block.type or TYPE_OF_EXTENSION[extension(name)]
    if block.url is not None:
        return _report(block, _content(block, kind, (), name), block.url)
    if scheme(name):
        options = {key: _option(key, value, directory) for key, value in block.options.items()}
        urls, content = tuple(map(model.Secret, block.path)), _content(block, kind, (), name)
        return model.RemoteSource(urls, content, options, block.timeout or _ELSEWHERE)
    return _content(block, kind, tuple(absolute_pattern(directory, path) for path in block.path), name)


def _query(block: SourceBlock, directory: str) -> model.Source:
    file = None if block.query_file is None else absolute(directory, block.query_file)
    parameters, timeout = tuple(block.parameters.items()), block.timeout or _MADE
    if block.url is None:
        return model.DuckDbSource(directory, block.query, file, timeout)
    return model.SqlSource(block.url, directory, block.query, file, parameters, timeout)


def _option(key: str, value: object, directory: str) -> object:
    return absolute(directory, value) if key in _PATHS and isinstance(value, str) else value


def _report(block: SourceBlock, content: model.FileSource, url: model.Secret) -> model.HttpSource:
    report = model.HttpSource(
        url,
        content,
        params=tuple(block.params.items()),
        headers=tuple(block.headers.items()),
        auth=None if block.auth is None else _auth(block.auth),
        flatten=block.flatten,
        timeout=block.timeout or _ELSEWHERE,
    )
    paging = block.paging
    return report if paging is None else replace(report, paging=_paging(paging), max_pages=paging.max_pages)


def _auth(block: AuthBlock) -> model.Basic | model.Bearer | None:
    if block.basic is not None:
        return model.Basic(block.basic.username, block.basic.password)
    return None if block.bearer is None else model.Bearer(block.bearer)


def _paging(block: PagingBlock) -> model.Paging:
    first = block.first
    if block.page is not None:
        return model.CountedPaging(block.page, 1 if first is None else first, by_rows=False)
    if block.offset is not None:
        return model.CountedPaging(block.offset, first or 0, by_rows=True)
    return model.LinkPaging() if block.next is None else model.NextPaging(block.next)


def _content(block: SourceBlock, kind: str, paths: tuple[str, ...], name: str) -> model.FileSource:
    """Files as the block says they are to be read; `name` is that of one of them."""
    choice = model.FileChoice(block.newest, block.max_age, block.stable_for)
    match kind:
        case "csv":
            delimiter = block.delimiter or default_delimiter(name)
            differing = block.differing_columns
            return model.CsvSource(paths, delimiter, block.encoding, block.quotechar, differing, block.member, choice)
        case "excel":
            return model.ExcelSource(paths, block.sheet, block.header_row, choice)
        case "json":
            return model.JsonSource(paths, block.records or (), block.member, choice)
        case "parquet":
            return model.ParquetSource(paths, choice)
        case _:
            return model.NdjsonSource(paths, member=block.member, choice=choice)
