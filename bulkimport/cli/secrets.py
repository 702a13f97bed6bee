"""The forms in which others may quote a secret of a config."""

from collections.abc import Iterator
from urllib.parse import unquote, unquote_plus

from bulkimport.model import Secret

_LENGTH_OF_KEYS = 12
"""Characters from which on a value in a query is more likely to be a key than a word that messages need."""


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
    yield from (form for value in values if len(value) >= _LENGTH_OF_KEYS for form in (value, unquote_plus(value)))
