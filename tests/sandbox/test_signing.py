"""Signatures over request targets."""

from hypothesis import given
from hypothesis import strategies as st

from bulkimport.sandbox.signing import Signer

SIGNER = Signer(b"key")
PATHS = st.from_regex(r"/[A-Za-z0-9/_~.%-]{0,30}", fullmatch=True)


@given(PATHS, st.floats(0, 4e9), st.floats(0.5, 1e6), st.sampled_from(["", "application/json"]))
def test_a_target_is_valid_from_the_first_moment_to_its_last(path: str, now: float, ttl: float, kind: str) -> None:
    target = SIGNER.target("PUT", path, now, ttl, kind)
    assert SIGNER.verify("PUT", target, now, kind) == "valid"
    assert SIGNER.verify("PUT", target, now + ttl - 0.01, kind) == "valid"
    assert SIGNER.verify("PUT", target, now + ttl + 0.01, kind) == "expired"


@given(PATHS, st.data())
def test_no_byte_can_be_changed(path: str, data: st.DataObject) -> None:
    target = SIGNER.target("GET", path, 1e9, 900)
    place = data.draw(st.integers(0, len(target) - 1))
    other = data.draw(st.characters(codec="ascii").filter(lambda character: character != target[place]))
    assert SIGNER.verify("GET", target[:place] + other + target[place + 1 :], 1e9) != "valid"


def test_method_key_and_content_type_are_part_of_it() -> None:
    target = SIGNER.target("PUT", "/a", 0, 900, "text/csv")
    assert SIGNER.verify("GET", target, 0, "text/csv") == "mismatch"
    assert SIGNER.verify("PUT", target, 0, "text/plain") == "mismatch"
    assert Signer(b"other").verify("PUT", target, 0, "text/csv") == "mismatch"
    assert SIGNER.verify("PUT", "/a", 0, "text/csv") == "unsigned"


def test_what_was_not_signed_may_be_sent_with_any_content_type() -> None:
    assert SIGNER.verify("GET", SIGNER.target("GET", "/a", 0, 900), 0, "anything") == "valid"


def test_a_wrong_signature_is_not_called_expired() -> None:
    target = SIGNER.target("GET", "/a", 0, 1)
    assert SIGNER.verify("GET", f"{target[:-1]}{'0' if target[-1] != '0' else '1'}", 100) == "mismatch"
