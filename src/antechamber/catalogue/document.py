"""Renders the catalogue as docs/reference/models.md; as a module it writes to standard output."""

import sys
from collections.abc import Callable
from datetime import datetime

from antechamber.catalogue.facts import Lifecycle, ModelFacts, Rates
from antechamber.catalogue.reader import Catalogue, load_catalogue

_INTRODUCTION = """\
# Models

<!-- Written by `python -m antechamber.catalogue.document > docs/reference/models.md`. -->

Every id and alias below is served without configuration, retired ones too. Figures are those of the
hosted API; `GET /v1/models` shows the smaller of these and of what the engine can hold. The
refusals bind under `fidelity = "hosted"` alone. The suffix `[1m]` may follow any name and changes
nothing. Where each figure comes from stands beside it in `src/antechamber/catalogue/models.toml`.
"""

_NOTHING = "-"

_Column = tuple[str, Callable[[ModelFacts], str]]


def render_document(catalogue: Catalogue) -> str:
    """Render the reference page in Markdown, newest model first."""
    sections = [
        _INTRODUCTION,
        "## Limits and lifecycle\n\nTokens; of images the longest edge that is read, and the most "
        "that one costs.\n",
        _table(catalogue, _LIMITS),
        "## Prices\n\nUSD per million tokens; see also [costs](../how-to/costs.md).\n",
        _table(catalogue, _PRICES),
        "## Behaviour\n",
        _table(catalogue, _BEHAVIOUR),
    ]
    return "\n".join(sections)


def _table(catalogue: Catalogue, columns: tuple[_Column, ...]) -> str:
    head = [title for title, _ in columns]
    rows = [[cell(facts) for _, cell in columns] for facts in catalogue.models]
    lines = [head, ["---"] * len(head), *rows]
    return "".join(f"| {' | '.join(cells)} |\n" for cells in lines)


def _id(facts: ModelFacts) -> str:
    return f"`{facts.id}`"


def _names(names: tuple[str, ...]) -> str:
    return ", ".join(f"`{name}`" for name in names) or _NOTHING


def _tokens(count: int | None) -> str:
    return _NOTHING if count is None else f"{count:,}"


def _window(facts: ModelFacts) -> str:
    wide = facts.beta_window
    return _tokens(facts.window_tokens) + (
        "" if wide is None else f" ({wide.tokens:,} with `{wide.beta}`)"
    )


def _output(facts: ModelFacts) -> str:
    longer = facts.beta_output
    return _tokens(facts.max_output_tokens) + (
        "" if longer is None else f" ({longer.tokens:,} with `{longer.beta}`)"
    )


def _images(facts: ModelFacts) -> str:
    tier = facts.image_tier
    return f"{tier.long_edge_px:,} px, {tier.max_tokens:,}"


def _lifecycle(facts: ModelFacts) -> str:
    match facts.lifecycle:
        case Lifecycle(state="active", not_retired_before=datetime() as day):
            return f"active, not retired before {day:%Y-%m-%d}"
        case Lifecycle(state="active"):
            return "active"
        case Lifecycle(state="deprecated", retires_at=datetime() as day):
            return f"deprecated, retires {day:%Y-%m-%d}"
        case Lifecycle(state="retired", retires_at=datetime() as day):
            return f"retired {day:%Y-%m-%d}"
        case Lifecycle(state=state):
            return state


def _rate(choose: Callable[[Rates], object]) -> Callable[[ModelFacts], str]:
    def cell(facts: ModelFacts) -> str:
        if facts.prices is None:
            return _NOTHING
        long = facts.prices.long_prompt
        ordinary = f"{choose(facts.prices)}"
        if long is None:
            return ordinary
        return f"{ordinary} ({choose(long)} above {long.above_input_tokens:,})"

    return cell


def _thinking(facts: ModelFacts) -> str:
    thinking = facts.thinking
    if not thinking.supported:
        return "none"
    when_absent = "always on" if thinking.always_on else f"absent: {thinking.when_absent}"
    return f"{_names(thinking.types)}; {when_absent}"


def _effort(facts: ModelFacts) -> str:
    levels = (
        f"**{level}**" if level == facts.effort.default else level for level in facts.effort.levels
    )
    return ", ".join(levels) or _NOTHING


def _refusals(facts: ModelFacts) -> str:
    refuses = facts.refuses
    refused = {
        "sampling parameters": refuses.sampling,
        "`temperature` with `top_p`": refuses.temperature_with_top_p,
        "prefill": refuses.prefill,
        "forced `tool_choice`": refuses.forced_tool_choice,
        "`inference_geo`": refuses.inference_geo,
        "output beyond the window": refuses.output_beyond_window,
    }
    return ", ".join(name for name, is_refused in refused.items() if is_refused) or _NOTHING


def _yes(*, yes: bool) -> str:
    return "yes" if yes else _NOTHING


_LIMITS: tuple[_Column, ...] = (
    ("Id", _id),
    ("Aliases", lambda facts: _names(facts.aliases)),
    ("Window", _window),
    ("Output", _output),
    ("Cache minimum", lambda facts: _tokens(facts.cache_minimum_tokens)),
    ("Images", _images),
    ("Released", lambda facts: f"{facts.created_at:%Y-%m-%d}"),
    ("Lifecycle", _lifecycle),
)

_PRICES: tuple[_Column, ...] = (
    ("Id", _id),
    ("Input", _rate(lambda rates: rates.input_usd_per_mtok)),
    ("Output", _rate(lambda rates: rates.output_usd_per_mtok)),
    ("Cache write, 5 minutes", _rate(lambda rates: rates.cache_write_5m_usd_per_mtok)),
    ("Cache write, 1 hour", _rate(lambda rates: rates.cache_write_1h_usd_per_mtok)),
    ("Cache read", _rate(lambda rates: rates.cache_read_usd_per_mtok)),
)

_BEHAVIOUR: tuple[_Column, ...] = (
    ("Id", _id),
    ("Thinking", _thinking),
    ("Effort (default bold)", _effort),
    ("Refuses", _refusals),
    ("System messages inside", lambda facts: _yes(yes=facts.supports.mid_conversation_system)),
    ("Compaction", lambda facts: _yes(yes=facts.supports.compaction)),
    ("Fast mode", lambda facts: facts.fast_mode),
)


if __name__ == "__main__":
    sys.stdout.write(render_document(load_catalogue()))
