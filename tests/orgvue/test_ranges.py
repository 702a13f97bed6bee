import pytest

from bulkimport.orgvue.ranges import stored_length


@pytest.mark.parametrize(
    ("status", "headers", "length"),
    [
        (206, {"Content-Range": "bytes 0-0/12345"}, 12345),
        (206, {"Content-Range": "bytes 0-0/*"}, None),
        (206, {"Content-Length": "1"}, None),
        (206, {"Content-Range": "items 0-0/7"}, None),
        (416, {"Content-Range": "bytes */0"}, 0),
        (416, {}, None),
        (200, {"Content-Length": "77"}, 77),
        (200, {"Content-Length": "77", "Content-Encoding": "identity"}, 77),
        (200, {"Content-Length": "77", "Content-Encoding": "gzip"}, None),
        (200, {"Transfer-Encoding": "chunked"}, None),
    ],
)
def test_the_length_is_told_only_where_it_is_certain(status: int, headers: dict[str, str], length: int | None) -> None:
    assert stored_length(status, headers) == length
