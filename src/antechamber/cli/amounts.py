"""Money as people write and read it: dollars, where the database has whole nano-dollars; pure."""

from decimal import Decimal, InvalidOperation

from antechamber.cli.failures import CommandFailed

_NANOS = 9
_MOST_USD = 1_000_000_000


def nano_usd(text: str, option: str) -> int:
    """Read dollars, ``25`` or ``0.50``; raises ``CommandFailed``."""
    try:
        dollars = Decimal(text.removeprefix("$"))
        is_money = 0 <= dollars <= _MOST_USD
    except InvalidOperation as error:  # no number, or one that has no size
        raise CommandFailed(_refusal(text, option)) from error
    if not is_money:
        raise CommandFailed(_refusal(text, option))
    return int(dollars.scaleb(_NANOS))


def _refusal(text: str, option: str) -> str:
    return f"{option} {text}: give dollars, 25 or 0.50 for instance"


def usd(nano: int) -> str:
    """Write dollars: cents, and where that would be little, four digits more."""
    dollars = Decimal(nano).scaleb(-_NANOS)
    return f"${dollars:,.2f}" if dollars == 0 or dollars >= 1 else f"${dollars:.6f}"
