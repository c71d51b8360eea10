"""A drill's report for a terminal of 80 columns; every block names the rows that it was counted from."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence

from router.rules.plural import counted
from router.stage.columns import side_by_side
from router.stage.drill.parts import Rows, blocks, compare, scaled
from router.stage.drill.tale import Tale
from router.stage.drill.wording import ENGLISH

_WIDTH = 78
_LABEL = 30


def report(tales: Sequence[Tale]) -> str:
    """One drill, or several of the same traffic side by side."""
    return "\n".join(_lines(tales[0]) if len(tales) == 1 else _compared(tales))


def _lines(tale: Tale) -> Iterator[str]:
    played, order = tale.played, tale.played.order
    story = f"{ENGLISH.story(order.scenario.name)} {scaled(order, ENGLISH)}"
    yield ""
    yield f"{order.scenario.name}, seed {order.seed}, scale {order.scale:g}".upper()
    yield from textwrap.wrap(f"{story.strip()} {ENGLISH.say('times')}", _WIDTH)
    for title, source, rows in blocks(tale, ENGLISH):
        yield from _block(title, source, rows)
    yield ""
    yield "The promises"
    for promise in tale.promises:
        name, said = promise.told(ENGLISH)
        yield f"  {'kept  ' if promise.kept else 'BROKEN'}  {name}"
        yield from (f"          {line}" for line in textwrap.wrap(said, _WIDTH - 10))
    yield ""
    rate = len(played.texts) / played.seconds
    yield f"Played in {played.seconds:.0f} s: {counted(len(played.texts), 'text')}, {rate:,.0f} a second."
    yield f"Decisions {tale.digest}: the same seed, scale and policy give the same."


def _block(title: str, source: str, rows: Rows) -> Iterator[str]:
    yield ""
    yield f"{title}  [from {source}]"
    for name, said in rows:
        first, *rest = textwrap.wrap(said, _WIDTH - _LABEL - 2) or [""]
        yield f"  {name:<{_LABEL}}{first}"
        yield from (f"  {'':<{_LABEL}}{line}" for line in rest)


def _compared(tales: Sequence[Tale]) -> Iterator[str]:
    order = tales[0].played.order
    yield ""
    yield f"{order.scenario.name}, seed {order.seed}, scale {order.scale:g}: {len(tales)} policies"
    yield ""
    names = [tale.played.order.name or ENGLISH.say("own") for tale in tales]
    yield from side_by_side(names, compare(tales, ENGLISH), _LABEL)
