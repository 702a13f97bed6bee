"""Source values as the values of a property of some type."""

from collections.abc import Callable, Sequence

from bulkimport.dates import DateReader
from bulkimport.model import DateFormat, Field, FieldType, Scalar
from bulkimport.payload.cleaning import UNCLEANED, Cleaning, as_text
from bulkimport.payload.numbers import number_text, number_value
from bulkimport.sources import ExactNumber

Value = Scalar | ExactNumber
_TRUTH = {
    **dict.fromkeys(("true", "yes", "y", "t", "1"), True),
    **dict.fromkeys(("false", "no", "n", "f", "0"), False),
}
_LONGEST_INT = 18  # digits that certainly fit a signed 64-bit integer
_MEMO_SIZES = {"date": 32_768, "number": 4096, "boolean": 1024}


class Conversion(dict[str, Value]):
    """Texts and what they become, filled as they come and bounded in size: cells repeat.

    `cleaning` comes first, then `default` stands in for blank values. Blank are None and the empty text; where a text
    has to be understood (every type but text), white space alone is blank as well, and None is what remains of it
    without a default.
    """

    def __init__(
        self,
        understand: Callable[[str], Value] | None,
        kind: FieldType | None,
        default: Value,
        verbatim: frozenset[str],
        cleaning: Cleaning = UNCLEANED,
    ) -> None:
        super().__init__()
        self._cleaning = cleaning
        self._understand = understand
        self._kind = kind
        self._verbatim = verbatim
        self._capacity = _MEMO_SIZES.get(kind or "", 1024)
        self._integers = understand is number_value and not cleaning and not any(map(str.isdigit, verbatim))
        self.default: Value = None
        self.default = self._typed(default)

    def __missing__(self, text: str) -> Value:
        value = self._of_text(text)
        if len(self) >= self._capacity:
            self.clear()
        self[text] = value
        return value

    def column(self, cells: Sequence[str]) -> list[Value]:
        """All cells of a column. Raises ValueError if one of them cannot be what it should."""
        if self._understand is None:
            return self._texts(list(cells))
        if self._integers:
            joined = "".join(cells)
            if joined.isascii() and joined.isdigit() and "" not in cells and len(max(cells, key=len)) <= _LONGEST_INT:
                return list(map(int, cells))
        return list(map(self.__getitem__, cells))

    def value(self, value: Value) -> Value:
        """One value, of whatever type the source has it. Raises ValueError, whose text says what was expected."""
        if isinstance(value, str):
            return self._of_text(value) if self._understand is None else self[value]
        if self._cleaning and value is not None:
            text = as_text(value)
            cleaned = self._cleaning.text(text)
            if cleaned != text:
                return self._typed(cleaned)
        return self._typed(value)

    def _typed(self, value: Value) -> Value:
        """A value that is clean already."""
        if isinstance(value, str):
            return self._of_clean_text(value)
        if value is None:
            return self.default
        match self._kind:
            case None:
                return value
            case "text":
                return as_text(value)
            case "boolean":
                return self._of_clean_text(as_text(value))
            case "number" if not isinstance(value, bool):
                return number_text(str(value)) if self._understand is number_text else value
            case "number" | "date":
                raise ValueError(f"is not a {self._kind}")

    def _texts(self, cells: list[str]) -> list[Value]:
        """All cells of a column that are not to be understood."""
        if self._cleaning.value_map or (self._cleaning and self._verbatim):
            return list(map(self.__getitem__, cells))
        texts = self._cleaning.texts(cells)
        default = self.default
        return list(texts) if default is None else [cell or default for cell in texts]

    def _of_text(self, text: str) -> Value:
        if not self._cleaning or text in self._verbatim:
            return self._of_clean_text(text)
        return self._typed(self._cleaning.text(text))

    def _of_clean_text(self, text: str) -> Value:
        if text in self._verbatim:
            return text
        if self._understand is None:
            return text or (text if self.default is None else self.default)
        stripped = text.strip()
        return self._understand(stripped) if stripped else self.default


def conversion(field: Field, *, date_format: DateFormat, verbatim: frozenset[str], as_text: bool) -> Conversion | None:
    """What turns source values into values of `field`; None where they go out as they are.

    `as_text` gives numbers and truth values as text (for CSV payloads, which keep a number's digits as written).
    Raises ValueError if the default is none of the field's type.
    """
    understand: Callable[[str], Value] | None = None
    cleaning = Cleaning.of(field)
    match field.type:
        case "number":
            understand = number_text if as_text else number_value
        case "date":
            understand = DateReader(field.format, date_format)
        case "boolean":
            understand = _truth_text if as_text else _truth
        case "text":
            pass
        case None:
            if field.default is None and not field.is_constant and not cleaning:
                return None
    default = field.constant if field.is_constant else field.default
    return Conversion(understand, field.type, default, verbatim, cleaning)


def _truth(text: str) -> bool:
    try:
        return _TRUTH[text.lower()]
    except KeyError:
        raise ValueError("is not a truth value (true/false, yes/no, y/n, t/f, 1/0)") from None


def _truth_text(text: str) -> str:
    return as_text(_truth(text))
