"""A drill's report for a terminal of 80 columns; every block names the rows that it was counted from."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence
from datetime import datetime

from router.rules.answer import Replies
from router.rules.failover import Why
from router.stage.drill.drill import Moved, Order
from router.stage.drill.figures import lasted, moment, money, share, shown
from router.stage.drill.scenes import Restore
from router.stage.drill.tale import Tale

_WIDTH = 78
_LABEL = 30
_EXPIRY = Replies.model_fields["expiry"].default


def report(tales: Sequence[Tale]) -> str:
    """One drill, or several of the same traffic side by side."""
    return "\n".join(_lines(tales[0]) if len(tales) == 1 else _compared(tales))


def scaled(order: Order) -> str:
    """What the scale means for a story that is told at scale 1; empty where it is."""
    if order.scale == 1:
        return ""
    return (
        f"Scale {order.scale:g}: of every 1,000 texts that the story tells of, {1_000 * order.scale:g} are"
        " written here, and the budget and what is topped up are smaller likewise."
    )


def _lines(tale: Tale) -> Iterator[str]:
    played, order = tale.played, tale.played.order
    yield ""
    yield f"{order.scenario.name}, seed {order.seed}, scale {order.scale:g}".upper()
    yield from textwrap.wrap(f"{order.scenario.story} {scaled(order)}".strip(), _WIDTH)
    for title, source, rows in blocks(tale):
        yield from _block(title, source, rows)
    yield ""
    yield "The promises"
    for promise in tale.promises:
        yield f"  {'kept  ' if promise.kept else 'BROKEN'}  {promise.name}"
        yield from (f"          {line}" for line in textwrap.wrap(promise.said, _WIDTH - 10))
    yield ""
    rate = len(played.texts) / played.seconds
    yield f"Played in {played.seconds:.0f} s: {len(played.texts):,} texts, {rate:,.0f} a second."
    yield f"Decisions {tale.digest}: the same seed, scale and policy give the same."


def blocks(tale: Tale) -> Iterator[tuple[str, str, list[tuple[str, str]]]]:
    """The report's parts: title, the tables that it is counted from, and its lines."""
    yield "The genuine texters", "reply, attempt, judgement", _people(tale)
    if tale.raiders.texts:
        yield "The raid", "reply, judgement, raid_change", _raid(tale)
    yield "The money, in EUR", "ledger, purse_window, carriers' journal", _money(tale)
    yield "The carriers", "attempt, health", _carriers(tale)
    yield "The evidence", "evidence, evidence_root, judgement", _evidence(tale)


def _block(title: str, source: str, rows: list[tuple[str, str]]) -> Iterator[str]:
    yield ""
    yield f"{title}  [from {source}]"
    for name, said in rows:
        first, *rest = textwrap.wrap(said, _WIDTH - _LABEL - 2) or [""]
        yield f"  {name:<{_LABEL}}{first}"
        yield from (f"  {'':<{_LABEL}}{line}" for line in rest)


def _people(tale: Tale) -> list[tuple[str, str]]:
    people = tale.people
    late = people.answered - people.at_once
    rows = [
        ("wrote", f"{people.texters:,}"),
        ("answered", f"{people.answered:,} ({share(people.answered, people.texters)})"),
        ("  within ten minutes", f"{people.at_once:,} ({share(people.at_once, people.texters)})"),
    ]
    if late:
        waited = f"half of them within {lasted(people.waited)}, the last after {lasted(people.longest)}"
        rows.append(("  later", f"{late:,}; {waited}{_kept_for(tale)}"))
    sends = sum(people.by_account.values())
    more = f", {sends - people.answered:,} of them to somebody who had one before: a day later, or for a STOP"
    rows.append(("answers to them", f"{sends:,}{more * (sends > people.answered)}"))
    rows += [(f"  through {name}", f"{sends:,}") for name, sends in sorted(people.by_account.items())]
    if people.held or people.inside:
        rows += [
            ("first wrote during the raid", f"{people.inside:,}"),
            (
                "  answered at once",
                f"{people.inside_at_once:,} ({share(people.inside_at_once, people.inside)})",
            ),
            ("held back by mistake", f"{people.held:,}; {people.held_answered:,} of them answered later"),
        ]
    rows += [("wait still", f"{people.waiting:,}")] * bool(people.waiting)
    rows += [("waited in vain (expired)", f"{people.expired:,}")] * bool(people.expired)
    rows += [("no carrier would text them", f"{people.refused:,}")] * bool(people.refused)
    return rows


def _kept_for(tale: Tale) -> str:
    """Why people were answered later than they would be at home."""
    expiry = tale.played.expiry
    if tale.people.longest <= _EXPIRY.total_seconds():
        return ""
    return (
        f". In this drill an answer is worth sending for {lasted(expiry.total_seconds())} (replies.expiry);"
        f" where nothing is said, for {lasted(_EXPIRY.total_seconds())}"
    )


def _raid(tale: Tale) -> list[tuple[str, str]]:
    raid = tale.raiders
    found = "never: nothing in the words gave it away"
    if len(tale.played.texts) - raid.texts < tale.played.warm_up:
        found = f"never: too few came in before it, and the first {tale.played.warm_up:,} only teach"
    if raid.found_after is not None and raid.minutes is not None:
        found = f"after {raid.found_after:,} of its texts, {lasted(60 * raid.minutes)}"
    rows = [
        ("texts", f"{raid.texts:,} from {raid.phones:,} phones"),
        ("found", found),
        ("paid answers to raiders", f"{raid.paid:,} ({share(raid.paid, raid.texts)})"),
        ("  as they came", f"{raid.paid - raid.paid_later:,}"),
        ("  let go afterwards", f"{raid.paid_later:,}"),
        ("silent by rule", f"{raid.silent:,}"),
        (
            "held, unpaid",
            f"{raid.held:,}, of which {raid.released:,} were let go, and {raid.left:,} wait for the operator",
        ),
    ]
    rows += [
        (
            f"{moment(row.at)}  {row.mode}",
            _change(row.cause, row.statistic, row.limit, row.flagged, row.texts),
        )
        for row in tale.played.rows.raids
    ]
    return rows


def _change(cause: str, statistic: float, limit: float, flagged: int, texts: int) -> str:
    if cause == "operator":
        return "the operator said so"
    return f"the sum was {statistic:.1f} of {limit:g}: {flagged:,} of {texts:,} texts looked abusive"


def _money(tale: Tale) -> list[tuple[str, str]]:
    purse = tale.money
    limit = "unlimited" if purse.limit is None else money(purse.limit)
    rows = [
        ("could be spent", f"{limit}, of which {money(purse.topped_up)} was topped up"),
        ("spent", money(purse.spent)),
        *_by_account(tale),
        ("over", money(purse.over)),
    ]
    rows += [("was empty", _lasting(empty.since, empty.until)) for empty in tale.played.empties]
    return [*rows, ("an answer to every text", money(purse.naive)), *_not_spent(tale)]


def _by_account(tale: Tale) -> Iterator[tuple[str, str]]:
    """What was spent by whom it was paid to: the ledger and the carrier, each adding up to its sum."""
    said = tale.money.by_account
    ledger = shown([each[1] for each in said.values()])
    carrier = shown([each[2] for each in said.values()])
    for (name, (sends, _, _)), ours, theirs in zip(said.items(), ledger, carrier, strict=True):
        yield f"  {name}: {sends:,} sends", f"ledger {ours}, carrier {theirs}"


def _not_spent(tale: Tale) -> Iterator[tuple[str, str]]:
    """What an answer to every text would have cost, in parts that add up to it."""
    purse = tale.money
    rest = "waiting, expired, refused or asked not to be texted"
    parts = (
        ("  spent", purse.spent, ""),
        ("  saved by rule", purse.saved, ""),
        ("  held still, unpaid", purse.unpaid, ": the operator's to say"),
        ("  not answered otherwise", purse.rest, f": {rest}"),
        ("  by another carrier's price", purse.cheaper, " less than by the preferred one's"),
    )
    amounts = shown([amount for _, amount, _ in parts])
    yield from (
        (name, f"{said}{more}")
        for (name, amount, more), said in zip(parts, amounts, strict=True)
        if amount or said != "0.00"
    )


def _lasting(since: datetime, until: datetime | None) -> str:
    if until is None:
        return f"from {moment(since)} to the end"
    return f"{moment(since)} to {moment(until)}, {lasted((until - since).total_seconds())}"


def _evidence(tale: Tale) -> list[tuple[str, str]]:
    kept, raid = tale.kept, tale.raiders
    rows = [
        ("texts sealed as they came", f"{kept.sealed:,}, of the raid {kept.raid:,} of {raid.texts:,}"),
        ("the chain", f"{kept.leaves:,} leaves under {kept.roots:,} roots"),
        ("its last root", kept.last),
    ]
    if kept.wordings:
        common = f"{kept.largest:,} texts from {kept.phones:,} phones"
        rows.append(("concertation", f"{kept.wordings:,} wordings came more than once; one was {common}"))
    return rows


def _carriers(tale: Tale) -> list[tuple[str, str]]:
    rows = [(f"{moment(move.at)}  {move.account}", _moved(move)) for move in tale.moves]
    if any(isinstance(event, Restore) for event in tale.played.order.scenario.events):
        rows.append(("brought back", _BROUGHT_BACK))
    for each, sends in sorted(tale.failovers.items()):
        way, _, why = each.partition(": ")
        left, _, took = way.partition(" > ")
        rows.append(
            (f"{took} instead of {left}", f"{sends:,} sends, for {left} was passed over: {Why(why).said}")
        )
    rows += [(f"refused, {which}", f"{sends:,} sends") for which, sends in sorted(tale.refusals.items())]
    return rows or [("nothing happened to them", "")]


_BROUGHT_BACK = (
    "by the operator. At home the router's own probe does it within minutes; but probes go by the machine's"
    " clock, and a drill is over in a few minutes of that: here they are put off"
)


def _moved(move: Moved) -> str:
    code = f"code {move.code}" if move.code else ""
    return ", ".join(filter(None, (move.word.replace("_", " "), move.reason.replace("_", " "), code)))


def _compared(tales: Sequence[Tale]) -> Iterator[str]:
    order = tales[0].played.order
    yield ""
    yield f"{order.scenario.name}, seed {order.seed}, scale {order.scale:g}: {len(tales)} policies"
    yield ""
    width = (_WIDTH - _LABEL) // len(tales)
    yield " " * _LABEL + "".join(f"{tale.played.order.name:>{width}.{width - 1}}" for tale in tales)
    for name, values in compare(tales):
        yield f"{name:<{_LABEL}}" + "".join(f"{value:>{width}}" for value in values)


def compare(tales: Sequence[Tale]) -> list[tuple[str, list[str]]]:
    """The figures in which policies differ, a column each."""
    return [
        ("genuine texters", [f"{tale.people.texters:,}" for tale in tales]),
        ("  answered", [share(tale.people.answered, tale.people.texters) for tale in tales]),
        ("  within ten minutes", [share(tale.people.at_once, tale.people.texters) for tale in tales]),
        ("  held by mistake", [f"{tale.people.held:,}" for tale in tales]),
        ("raid texts", [f"{tale.raiders.texts:,}" for tale in tales]),
        (
            "  found after",
            [
                "never" if tale.raiders.found_after is None else f"{tale.raiders.found_after:,}"
                for tale in tales
            ],
        ),
        ("  paid as they came", [f"{tale.raiders.paid - tale.raiders.paid_later:,}" for tale in tales]),
        ("  paid afterwards", [f"{tale.raiders.paid_later:,}" for tale in tales]),
        ("  held", [f"{tale.raiders.held:,}" for tale in tales]),
        ("spent", [money(tale.money.spent) for tale in tales]),
        ("saved by rule", [money(tale.money.saved) for tale in tales]),
        ("over", [money(tale.money.over) for tale in tales]),
        ("promises kept", ["all" if tale.good else "NOT ALL" for tale in tales]),
    ]
