import pytest

from bulkimport.model import Secret
from bulkimport.sources.addresses import database_name


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("postgresql+psycopg://me:secret@db.example:5432/hr?sslmode=require", "postgresql://db.example:5432/hr"),
        ("mysql://db.example/hr", "mysql://db.example/hr"),
        ("sqlite:///people.db", "sqlite:///people.db"),
        ("postgresql://me:sec@ret@db.example/hr", "postgresql://db.example/hr"),
        ("postgresql://me:sec/ret@db.example/hr", "postgresql://db.example/hr"),
        ("postgresql://me:sec?ret@db.example/hr", "postgresql://…"),
        ("postgresql://db.example/hr?password=secret", "postgresql://db.example/hr"),
        ("postgresql://me:x@db.example/hr?password=sec@ret", "postgresql://db.example/hr"),
    ],
)
def test_an_address_has_neither_names_nor_passwords(url: str, name: str) -> None:
    assert database_name(Secret(url)) == name
