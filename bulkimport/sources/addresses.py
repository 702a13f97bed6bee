"""What people call a database: its address without names, passwords and options."""

from bulkimport.model import Secret


def database_name(url: Secret) -> str:
    """`postgresql://db.example/hr` of `postgresql+psycopg://me:secret@db.example/hr?sslmode=require`."""
    scheme, _, rest = url.reveal().partition("://")
    kind = scheme.partition("+")[0]
    main, _, options = rest.partition("?")
    if "@" in options and "@" not in main:  # a password with a question mark: better no address than a part of it
        return f"{kind}://…"
    return f"{kind}://{main.rpartition('@')[2]}"
