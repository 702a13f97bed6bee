"""Every secret that a config holds, in the forms in which others may quote it."""

import dataclasses
from collections.abc import Iterator, Mapping
from urllib.parse import unquote, unquote_plus

from bulkimport.model import Secret

_TELLING = 12
"""Characters from which on a value in a query is more likely to be a key than a word that messages need."""


def secrets_in(value: object) -> Iterator[Secret]:
    """The secrets anywhere in a tree of dataclasses, mappings and collections."""
    match value:
        case Secret():
            yield value
        case Mapping():
            for inner in value.values():
                yield from secrets_in(inner)
        case tuple() | list() | set() | frozenset():
            for item in value:
                yield from secrets_in(item)
        case _ if dataclasses.is_dataclass(value):
            for field in dataclasses.fields(value):
                yield from secrets_in(getattr(value, field.name))
        case _:
            pass


def forms_of(secret: Secret) -> Iterator[str]:
    """What must not be seen of a secret: all of it; of a URL its password and query alone, since people know a source
    by the rest."""
    text = secret.reveal()
    scheme, separator, rest = text.partition("://")
    if not separator or not scheme.replace("+", "").replace("-", "").replace(".", "").isalnum():
        yield text
        return
    authority = rest.partition("/")[0]
    password = authority.rpartition("@")[0].partition(":")[2]
    query = rest.partition("#")[0].partition("?")[2]
    values = [pair.partition("=")[2] for pair in query.split("&")]
    if password or query:
        yield text
    yield from (form for form in (password, unquote(password), query, unquote(query)) if form)
    yield from (form for value in values if len(value) >= _TELLING for form in (value, unquote_plus(value)))
