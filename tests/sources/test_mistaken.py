import pytest

from bulkimport.errors import SourceError
from bulkimport.sources.mistaken import told_from_utf8


def read(data: bytes, encoding: str, size: int = 3) -> bytes:
    chunks = (data[start : start + size] for start in range(0, len(data), size))
    return b"".join(told_from_utf8(chunks, "f.csv", encoding))


@pytest.mark.parametrize("encoding", ["cp1252", "latin-1", "ISO-8859-15"])
@pytest.mark.parametrize("size", [1, 1000])
def test_utf_8_is_not_taken_for_a_western_text(encoding: str, size: int) -> None:
    with pytest.raises(SourceError, match=r"f.csv is UTF-8, not .*'ü' would become 'Ã(¼|Œ)'") as caught:
        read("id,name\n1,Zürich\n2,Genève\n".encode(), encoding, size)
    assert caught.value.hint.startswith("Set `encoding: utf-8`")


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        ("1,Zürich\n2,Genève\n", "cp1252"),
        ("1,CAFÉ\xa0x\n2,Genève\n", "cp1252"),
        ("1,CAFÉ\xa0x\n2,ACTIVITÉ\xa0y\n", "latin-1"),
        ("1,plain\n", "latin-1"),
        ("1,Zürich\n2,Genève\n", "utf-8"),
        ("1,PÓŁNOC,WÓŻ\n", "cp1250"),
    ],
)
def test_text_that_is_what_it_is_said_to_be_passes(text: str, encoding: str) -> None:
    assert read(text.encode(encoding), encoding).decode(encoding) == text
