"""A string that shows itself to nobody who does not ask for it by name."""

import hmac
from typing import Any, Self

from pydantic import GetCoreSchemaHandler
from pydantic_core import CoreSchema, core_schema


class Secret:
    """A credential: printed, logged, dumped or formatted it is ``***``."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    @classmethod
    def from_text(cls, text: str) -> Self:
        """Take a credential as somebody wrote it; ValueError when no header could carry it."""
        if not text or not all("!" <= character <= "~" for character in text):
            raise ValueError("must be one or more visible ASCII characters, without spaces")
        return cls(text)

    def reveal(self) -> str:
        """Give the secret itself, for the one call that needs it."""
        return self._value

    def matches(self, other: str) -> bool:
        """Compare in a time that does not depend on where the two differ."""
        # A header can hold anything that latin-1 can; comparing must not raise.
        theirs = other.encode("utf-8", "surrogatepass")
        return hmac.compare_digest(self._value.encode("utf-8", "surrogatepass"), theirs)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and self.matches(other.reveal())

    def __hash__(self) -> int:
        return hash(self._value)

    def __repr__(self) -> str:
        return "***"

    @classmethod
    def __get_pydantic_core_schema__(
        cls, _source: type[Any], _handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        from_text = core_schema.no_info_after_validator_function(
            cls.from_text, core_schema.str_schema(strict=True)
        )
        return core_schema.json_or_python_schema(
            json_schema=from_text,
            python_schema=core_schema.union_schema(
                [core_schema.is_instance_schema(cls), from_text]
            ),
            serialization=core_schema.to_string_ser_schema(),
        )
