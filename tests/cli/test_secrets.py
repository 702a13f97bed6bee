from dataclasses import dataclass

import pytest

from bulkimport.cli.secrets import forms_of
from bulkimport.log import Redactor
from bulkimport.model import Bearer, CsvSource, HttpSource, RemoteSource, Secret, secrets_in


@dataclass(frozen=True)
class Holder:
    inner: object


def test_secrets_are_found_wherever_they_are() -> None:
    places = {"options": {"deep": [Secret("1"), (Secret("2"),)]}, "plain": "3", "none": None}
    found = secrets_in(
        Holder((places, {Secret("4")}, HttpSource(Secret("5"), CsvSource(()), auth=Bearer(Secret("6")))))
    )
    assert sorted(secret.reveal() for secret in found) == ["1", "2", "4", "5", "6"]


@pytest.mark.parametrize(
    ("url", "quoted"),
    [
        ("https://host/people?apikey=kept%20secret%2F1", "it was kept secret/1, they said"),
        ("https://host/people?apikey=kept%20secret%2F1", "GET /people?apikey=kept%20secret%2F1"),
        ("postgresql+psycopg://me:p%40hid%2Fden@host/hr", "p@hid/den was refused"),
        ("postgresql+psycopg://me:p%40hid%2Fden@host/hr", "postgresql+psycopg://me:p%40hid%2Fden@host/hr"),
    ],
)
def test_what_others_quote_of_a_url_is_hidden(url: str, quoted: str) -> None:
    redactor = Redactor(forms_of(Secret(url)))
    shown = redactor.text(quoted)
    assert "secret" not in shown
    assert "den" not in shown


def test_where_a_source_is_may_be_said() -> None:
    urls = (Secret("s3://bucket/people.csv"), Secret("https://host/people.csv"), Secret("sftp://me@host/people.csv"))
    forms = [form for secret in secrets_in(RemoteSource(urls, CsvSource(()))) for form in forms_of(secret)]
    text = "s3://bucket/people.csv, https://host/people.csv and sftp://host/people.csv"
    assert Redactor(forms).text(text) == text


def test_words_that_messages_need_stay() -> None:
    redactor = Redactor(forms_of(Secret("https://host/people?format=json&top=1000")))
    assert redactor.text("the report is not json: 1000 records") == "the report is not json: 1000 records"
