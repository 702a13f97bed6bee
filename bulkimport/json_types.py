"""What JSON's types are called in messages. Pure."""

_WORDS = {dict: "an object", list: "an array", str: "a text", bool: "a truth value", type(None): "null"}


def json_type(of: type) -> str:
    """The words for the values that Python has as this type; a number, whatever holds it."""
    return _WORDS.get(of, "a number")
