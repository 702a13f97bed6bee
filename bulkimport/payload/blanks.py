"""How blank values go out: Orgvue treats an empty text, null, a property left out and its two tokens differently."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Self

from bulkimport.model import BlankPolicy, ImportOptions


@dataclass(frozen=True, slots=True)
class Blanks:
    """What becomes of null and the empty text; `token` is what `clear` and `noop` send (API page, query parameters)."""

    policy: BlankPolicy = "as_is"
    token: str | None = None

    @classmethod
    def of(cls, policy: BlankPolicy, options: ImportOptions) -> Self:
        """Raises ValueError where the policy needs a token that the options do not have."""
        tokens = {"clear": options.clear_token, "noop": options.noop_token}
        if policy in tokens and tokens[policy] is None:
            raise ValueError(f"`blanks: {policy}` needs import.{policy}_token")
        return cls(policy, tokens.get(policy))

    def cells(self, row: Iterable[Any]) -> Iterable[Any]:
        """A row of cells, none of which can be left out."""
        if self.policy in ("as_is", "omit"):
            return row
        return [self.token if value is None or value == "" else value for value in row]

    def record(self, record: dict[str, Any]) -> dict[str, Any]:
        """The properties of one item."""
        match self.policy:
            case "as_is":
                return record
            case "omit":
                return {name: value for name, value in record.items() if value is not None and value != ""}
            case "null" | "clear" | "noop":
                token = self.token
                return {name: token if value is None or value == "" else value for name, value in record.items()}

    def expression(self, variable: str) -> str:
        """The Python expression for one value in generated code; the token enters as a literal."""
        if self.policy in ("as_is", "omit"):
            return variable
        return f'({self.token!r} if {variable} is None or {variable} == "" else {variable})'


AS_IS = Blanks()
