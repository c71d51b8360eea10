"""Counts a drill's rows: what became of people, raiders and money, hour by hour."""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from statistics import median

from router.postgres.counts import SAVING
from router.postgres.night import TextRow
from router.rules.answer import Reason
from router.rules.budget import TOTAL
from router.stage.drill.drill import Played
from router.stage.drill.promises import charged, promises, received
from router.stage.drill.tale import Hour, Kept, Money, People, Raiders, Tale

AT_ONCE = timedelta(minutes=10)
"""An answer within this time did not wait."""
_AN_INSTANT = timedelta(microseconds=1)


def tell(played: Played) -> Tale:
    """Add up what a drill came to."""
    rows = played.rows
    of = defaultdict(list)
    for row in rows.texts:
        of[row.texter].append(row)
    genuine = [those for texter, those in of.items() if not played.people[texter]]
    money = _money(played)
    return Tale(
        played=played,
        people=_people(genuine, played),
        raiders=_raiders(played),
        money=money,
        kept=_kept(played),
        moves=played.moves,
        failovers=_failovers(played),
        refusals=Counter(
            {f"{each.account} {each.code}": each.sends for each in rows.attempts if each.state == "refused"}
        ),
        silences=Counter(row.reason for row in rows.texts if row.state == "suppressed"),
        hours=list(_hours(played)),
        promises=promises(played, money),
        digest=_digest(played),
    )


def _people(genuine: list[list[TextRow]], played: Played) -> People:
    waits, by_account, ends = [], Counter[str](), Counter[str]()
    inside = inside_at_once = held = held_answered = 0
    spans = list(_spans(played))
    for those in genuine:
        answers = [row for row in those if row.answered_at is not None]
        first = min(row.received_at for row in those)
        by_account.update(row.account for row in answers)
        soonest = min((row.answered_at for row in answers if row.answered_at), default=None)
        if soonest is None:
            ends[_end(those)] += 1
        else:
            waits.append((soonest - first).total_seconds())
        was_held = any(row.held for row in those)
        held += was_held
        held_answered += was_held and bool(answers)
        if any(begin <= first < end for begin, end in spans):
            inside += 1
            inside_at_once += soonest is not None and soonest - first <= AT_ONCE
    late = [wait for wait in waits if wait > AT_ONCE.total_seconds()]
    rows = [row for those in genuine for row in those]
    silent = sum(map(_by_rule, rows))
    return People(
        texters=len(genuine),
        texts=len(rows),
        silent=silent,
        rest=len(rows) - by_account.total() - silent,
        answered=len(waits),
        at_once=len(waits) - len(late),
        waited=median(late) if late else 0.0,
        longest=max(late, default=0.0),
        held=held,
        held_answered=held_answered,
        inside=inside,
        inside_at_once=inside_at_once,
        waiting=ends["waiting"],
        expired=ends["expired"],
        refused=ends["refused"],
        by_account=dict(by_account),
    )


def _end(those: list[TextRow]) -> str:
    """What became of somebody who got no answer."""
    if any(row.state in {"queued", "delayed", "held"} for row in those):
        return "waiting"
    if any(row.reason == Reason.EXPIRED for row in those):
        return "expired"
    return "refused" if any(row.state == "failed" for row in those) else "silent"


def _by_rule(row: TextRow) -> bool:
    """Whether a text got no answer because a rule says so, and not because it waited too long."""
    return row.state == "suppressed" and row.reason != Reason.EXPIRED


def _spans(played: Played) -> Iterator[tuple[datetime, datetime]]:
    """From when until when a raid was thought to be on."""
    begin = None
    for change in played.rows.raids:
        if change.mode == "raid":
            begin = begin or change.at
        elif begin is not None:
            yield begin, change.at
            begin = None
    if begin is not None:
        yield begin, played.order.scenario.ends


def _raiders(played: Played) -> Raiders:
    rows = [row for row in played.rows.texts if played.people[row.texter]]
    came = sorted(row.received_at for row in rows)
    found = next(
        (change.at for change in played.rows.raids if change.mode == "raid" and came and change.at > came[0]),
        None,
    )
    paid, silent = sum(row.answered_at is not None for row in rows), sum(map(_by_rule, rows))
    left = sum(row.state == "held" for row in rows)
    return Raiders(
        texts=len(rows),
        phones=len({row.texter for row in rows}),
        paid=paid,
        paid_later=sum(row.held and row.answered_at is not None for row in rows),
        paid_unseen=0
        if found is None
        else sum(row.answered_at is not None and not row.held and row.received_at > found for row in rows),
        held=sum(row.held for row in rows),
        released=sum(row.held and row.released_at is not None for row in rows),
        left=left,
        silent=silent,
        silent_later=sum(row.held and _by_rule(row) for row in rows),
        rest=len(rows) - paid - silent - left,
        found_after=None if found is None else sum(at <= found for at in came),
        minutes=None if found is None else (found - came[0]).total_seconds() / 60,
        alarms=sum(
            change.mode == "raid" and not (came and change.at > came[0]) for change in played.rows.raids
        ),
    )


def _money(played: Played) -> Money:
    rows = played.rows
    ledger, truth = _ledger(played), charged(played)
    sends = Counter(each.carrier for each in played.truth)
    totals = [purse for purse in rows.purses if purse.purse == TOTAL]
    limited = None if any(purse.unlimited for purse in totals) else sum(purse.cap for purse in totals)
    came = received(played)
    taken = sum(truth.values()) + came
    over = max(0, taken - limited) if limited is not None else 0
    over = max(0, max(over, sum(purse.overrun for purse in totals)) - came)
    price, spent = played.price, sum(purse.spent for purse in totals)
    answered = sum(row.answered_at is not None for row in rows.texts)
    saved = sum(row.state == "suppressed" and row.reason in SAVING for row in rows.texts)
    held = sum(row.state == "held" for row in rows.texts)
    return Money(
        limit=limited,
        topped_up=sum(row.cap for row in rows.top_ups if row.purse == TOTAL),
        spent=spent,
        charged=taken,
        saved=price * saved,
        unpaid=price * held,
        rest=price * (len(rows.texts) - answered - saved - held),
        cheaper=price * answered - (spent - came),
        naive=price * len(rows.texts) + came,
        over=over,
        received=came,
        receiving=played.receiving * len(rows.texts),
        by_account={
            name: (sends[name], ledger.get(name, 0), truth.get(name, 0)) for name in sorted({*ledger, *truth})
        },
    )


def _ledger(played: Played) -> Mapping[str, int]:
    found = Counter[str]()
    for row in played.rows.charges:
        found[row.account] += row.spent
    return found


def _kept(played: Played) -> Kept:
    raid = [row for row in played.rows.texts if played.people[row.texter]]
    of: defaultdict[str, list[bytes]] = defaultdict(list)
    for row in raid:
        if row.wording:
            of[row.wording].append(row.texter)
    largest = max(of.values(), key=len, default=[])
    roots = played.rows.roots
    return Kept(
        sealed=sum(row.sealed for row in played.rows.texts),
        raid=sum(row.sealed for row in raid),
        leaves=sum(root.leaves for root in roots),
        roots=len(roots),
        last=roots[-1].root if roots else "",
        wordings=sum(len(texters) > 1 for texters in of.values()),
        largest=len(largest),
        phones=len(set(largest)),
    )


def _failovers(played: Played) -> Mapping[str, int]:
    """Sends that another account should have carried, by ``from > to: why``."""
    found = Counter[str]()
    for each in played.rows.attempts:
        if each.state == "accepted" and each.passed_over:
            left, _, why = each.passed_over.split(" ")[0].partition(":")
            found[f"{left} > {each.account}: {why}"] += each.sends
    return found


def _hours(played: Played) -> Iterator[Hour]:
    came, spent = Counter[tuple[datetime, bool]](), Counter[datetime]()
    answers: defaultdict[datetime, Counter[str]] = defaultdict(Counter)
    for row in played.rows.texts:
        came[_hour(row.received_at), played.people[row.texter]] += 1
        if row.answered_at is not None:
            answers[_hour(row.answered_at)][row.account] += 1
            spent[_hour(row.answered_at)] += row.spent
    # What waited as an hour ended; in the last, which the drill may end as it begins, what waits still.
    depths = {_hour(depth.at - _AN_INSTANT): depth for depth in played.depths}
    depths |= {_hour(depth.at): depth for depth in played.depths[-1:]}
    so_far = 0
    for at, depth in sorted(depths.items()):
        so_far += spent[at]
        yield Hour(
            at=at,
            genuine=came[at, False],
            raid=came[at, True],
            answers=dict(answers[at]),
            waiting=depth.waiting,
            held=depth.held,
            spent=so_far,
        )


def _hour(at: datetime) -> datetime:
    return at.replace(minute=0, second=0, microsecond=0)


def _digest(played: Played) -> str:
    """What became of each text, in one word: the same for the same decisions, in whatever order they fell."""
    lines = [
        f"{row.texter.hex()} {row.received_at.isoformat()} {played.people[row.texter]} "
        f"{row.state}/{row.reason}/{row.account}/{row.held}/{row.answered_at}/{row.released_at}"
        for row in played.rows.texts
    ]
    return hashlib.sha256("\n".join(sorted(lines)).encode()).hexdigest()[:16]
