"""How the input of one turn is split by the prompt cache, where the account of it is kept here."""

from typing import Self

import msgspec


class CacheUse(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Tokens of one input; every one of them is in exactly one of the four counts."""

    input_tokens: int
    """After the last breakpoint."""
    read: int = 0
    write_5m: int = 0
    write_1h: int = 0

    @property
    def total(self) -> int:
        """Tokens of the whole input."""
        return self.input_tokens + self.read + self.write_5m + self.write_1h

    def confirmed(self, reused: int) -> Self:
        """Return the use of an engine that read ``reused`` tokens from its own cache.

        It never adds to what the account says was read. What was not reused counts as written
        again, at the lower price.
        """
        lost = max(0, self.read - reused)
        return msgspec.structs.replace(self, read=self.read - lost, write_5m=self.write_5m + lost)

    def of_total(self, total: int) -> Self:
        """Return the use of the same prefix where the engine's own count of the input differs."""
        read = min(self.read, total)
        write_1h = min(self.write_1h, total - read)
        write_5m = min(self.write_5m, total - read - write_1h)
        return msgspec.structs.replace(
            self,
            input_tokens=total - read - write_1h - write_5m,
            read=read,
            write_5m=write_5m,
            write_1h=write_1h,
        )
