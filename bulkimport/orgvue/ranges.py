"""How long a stored file is, from the answer to a request for its first byte."""

import re
from collections.abc import Mapping


def stored_length(status: int, headers: Mapping[str, str]) -> int | None:
    """The whole length in bytes, by an answer of 200, 206 or 416; None where it does not say."""
    if status in (206, 416):
        match = re.fullmatch(r"bytes (?:\d+-\d+|\*)/(\d+)", headers.get("Content-Range", "").strip(), re.ASCII)
        return int(match[1]) if match else None
    if headers.get("Content-Encoding", "identity").lower() != "identity":
        return None  # the length is then that of the encoded form
    length = headers.get("Content-Length", "")
    return int(length) if status == 200 and re.fullmatch(r"\d+", length, re.ASCII) else None
