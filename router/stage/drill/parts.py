"""What a drill's report says in either language, line by line; every part names what it is counted from."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import TypeAlias

from router.rules.answer import Replies
from router.stage.drill.drill import Moved, Order
from router.stage.drill.scenes import Fault, Restore
from router.stage.drill.tale import Tale
from router.stage.drill.wording import Wording

Rows: TypeAlias = list[tuple[str, str]]
"""Lines: what is counted, and what came of it. A name that begins with spaces belongs to the one above."""

_EXPIRY = Replies.model_fields["expiry"].default
_NOTICED = timedelta(minutes=1)
_SUB = "  "


def blocks(tale: Tale, say: Wording) -> Iterator[tuple[str, str, Rows]]:
    """The report's parts: title, the tables that it is counted from, and its lines."""
    yield say.say("people"), say.say("people.from"), list(_people(tale, say))
    if tale.raiders.texts:
        yield say.say("raid"), say.say("raid.from"), list(_raid(tale, say))
    yield say.say("money.title"), say.say("money.from"), list(_money(tale, say))
    yield say.say("carriers"), say.say("carriers.from"), list(_carriers(tale, say))
    yield say.say("evidence"), say.say("evidence.from"), list(_evidence(tale, say))


def scaled(order: Order, say: Wording) -> str:
    """What the scale means for a story that is told at scale 1; empty where it is."""
    if order.scale == 1:
        return ""
    return say.say("scale", scale=say.plain(order.scale), all=1_000, part=say.plain(1_000 * order.scale))


def compare(tales: Sequence[Tale], say: Wording) -> list[tuple[str, list[str]]]:
    """The figures in which policies differ, a column each."""
    people, raids = [tale.people for tale in tales], [tale.raiders for tale in tales]
    purses, number = [tale.money for tale in tales], say.number
    never, every, some = (say.say(f"policy.{key}") for key in ("never", "kept.all", "kept.not"))
    found = [never if each.found_after is None else number(each.found_after) for each in raids]
    return [
        (say.say("policy.texters"), [number(each.texters) for each in people]),
        (_SUB + say.say("policy.answered"), [say.share(each.answered, each.texters) for each in people]),
        (_SUB + say.say("policy.soon"), [say.share(each.at_once, each.texters) for each in people]),
        (_SUB + say.say("policy.held"), [number(each.held) for each in people]),
        (say.say("policy.raid"), [number(each.texts) for each in raids]),
        (_SUB + say.say("policy.found"), found),
        (_SUB + say.say("policy.paid"), [number(each.paid - each.paid_later) for each in raids]),
        (_SUB + say.say("policy.paid.later"), [number(each.paid_later) for each in raids]),
        (_SUB + say.say("policy.raid.held"), [number(each.held) for each in raids]),
        (say.say("money.spent"), [say.money(each.spent) for each in purses]),
        (say.say("money.saved"), [say.money(each.saved) for each in purses]),
        (say.say("money.over"), [say.money(each.over) for each in purses]),
        (say.say("policy.kept"), [every if tale.good else some for tale in tales]),
    ]


def _people(tale: Tale, say: Wording) -> Iterator[tuple[str, str]]:
    people = tale.people
    texts = say.many("texts", people.texts)
    yield say.say("people.wrote"), say.say("people.wrote.said", people=people.texters, texts=texts)
    yield say.say("people.answered"), _of(people.answered, people.texters, say)
    yield _SUB + say.say("people.soon"), _of(people.at_once, people.texters, say)
    if late := people.answered - people.at_once:
        half, last = say.lasted(people.waited), say.lasted(people.longest)
        waited = say.many("people.later.said", late, half=half, last=last)
        yield _SUB + say.say("people.later"), waited + _kept_for(tale, say)
    sends = sum(people.by_account.values())
    more = sends - people.answered
    said = say.say("people.more", sends=sends, more=more) if more > 0 else say.number(sends)
    yield say.say("people.sends"), said
    for name, carried in sorted(people.by_account.items()):
        yield _SUB + say.say("people.through", account=say.carrier(name)), say.number(carried)
    yield from _people_texts(tale, say)
    if people.held or people.inside:
        yield say.say("people.inside"), say.number(people.inside)
        yield _SUB + say.say("people.inside.soon"), _of(people.inside_at_once, people.inside, say)
        held = say.say("people.held.said", held=people.held, answered=people.held_answered)
        yield say.say("people.held"), held
    for key in ("waiting", "expired", "refused"):
        if count := getattr(people, key):
            yield say.say(f"people.{key}"), say.number(count)


def _people_texts(tale: Tale, say: Wording) -> Iterator[tuple[str, str]]:
    """Their texts that got no answer: with the answers they are all."""
    people, period = tale.people, say.lasted(tale.played.period.total_seconds())
    yield say.say("people.silent"), say.say("people.silent.said", texts=people.silent, period=period)
    if people.rest:
        yield say.say("people.rest"), say.say("people.rest.said", texts=people.rest)


def _of(part: int, whole: int, say: Wording) -> str:
    return say.say("of", count=part, share=say.share(part, whole))


def _kept_for(tale: Tale, say: Wording) -> str:
    """Why people were answered later than they would be at home."""
    if tale.people.longest <= _EXPIRY.total_seconds():
        return ""
    here, usual = (say.lasted(span.total_seconds()) for span in (tale.played.expiry, _EXPIRY))
    return f". {say.say('people.expiry', here=here, usual=usual)}"


def _raid(tale: Tale, say: Wording) -> Iterator[tuple[str, str]]:
    raid = tale.raiders
    texts, phones = say.many("texts", raid.texts), say.many("phones", raid.phones)
    yield say.say("raid.texts"), say.say("raid.texts.said", texts=texts, phones=phones)
    yield say.say("raid.found"), _found(tale, say)
    yield say.say("raid.paid"), _of(raid.paid, raid.texts, say)
    yield _SUB + say.say("raid.paid.came"), _as_they_came(tale, say)
    yield _SUB + say.say("raid.paid.later"), say.number(raid.paid_later)
    yield say.say("raid.silent"), _of(raid.silent, raid.texts, say)
    if raid.silent_later:
        yield _SUB + say.say("raid.paid.came"), say.number(raid.silent - raid.silent_later)
        yield _SUB + say.say("raid.paid.later"), say.number(raid.silent_later)
    yield say.say("raid.left"), say.say("raid.left.said", texts=_of(raid.left, raid.texts, say))
    if raid.rest:
        yield say.say("raid.rest"), say.say("raid.rest.said", texts=_of(raid.rest, raid.texts, say))
    for row in tale.played.rows.raids:
        total, limit = say.number(row.statistic, 1), say.plain(row.limit)
        sums = say.many("raid.sum", row.texts, sum=total, limit=limit, flagged=row.flagged)
        why = say.say("raid.operator") if row.cause == "operator" else sums
        yield f"{say.moment(row.at)}  {say.say(f'mode.{row.mode}')}", why


def _found(tale: Tale, say: Wording) -> str:
    raid, played = tale.raiders, tale.played
    if raid.found_after is not None and raid.minutes is not None:
        return say.say("raid.found.said", found=raid.found_after, after=say.lasted(60 * raid.minutes))
    if len(played.texts) - raid.texts < played.warm_up:
        return say.say("raid.found.warm", texts=played.warm_up)
    return say.say("raid.found.never")


def _as_they_came(tale: Tale, say: Wording) -> str:
    """How many raid texts were answered without being held, and why more than came before it was found."""
    raid = tale.raiders
    paid, after = raid.paid - raid.paid_later, raid.paid_unseen
    if not after:
        return say.number(paid)
    return say.say("raid.paid.came.said", paid=paid, before=paid - after, after=after)


def _money(tale: Tale, say: Wording) -> Iterator[tuple[str, str]]:
    purse = tale.money
    limit = say.say("money.unlimited") if purse.limit is None else say.money(purse.limit)
    if purse.topped_up:
        limit = say.say("money.limit.said", limit=limit, added=say.money(purse.topped_up))
    yield say.say("money.limit"), limit
    yield say.say("money.spent"), say.money(purse.spent)
    yield from _by_account(tale, say)
    if purse.received:
        received = say.say("money.received.said", amount=say.money(purse.received))
        yield _SUB + say.say("money.receiving"), received
    yield say.say("money.over"), say.money(purse.over)
    for empty in tale.played.empties:
        yield say.say("money.empty"), _lasting(empty.since, empty.until, say)
    if purse.receiving:
        received = say.say("money.receiving.said", amount=say.money(purse.receiving))
        yield say.say("money.receiving"), received
    yield say.say("money.naive"), say.money(purse.naive)
    yield from _not_spent(tale, say)


def _by_account(tale: Tale, say: Wording) -> Iterator[tuple[str, str]]:
    """What was spent by whom it was paid to: the ledger and the carrier, each adding up to its sum."""
    said = tale.money.by_account
    ledger = say.shown([each[1] for each in said.values()])
    carrier = say.shown([each[2] for each in said.values()])
    for (name, (sends, _, _)), ours, theirs in zip(said.items(), ledger, carrier, strict=True):
        account = say.say("money.account", account=say.carrier(name), sends=say.many("sends", sends))
        yield _SUB + account, say.say("money.account.said", ours=ours, theirs=theirs)


def _not_spent(tale: Tale, say: Wording) -> Iterator[tuple[str, str]]:
    """What an answer to every text would have cost, in parts that add up to it."""
    purse = tale.money
    parts = {
        "spent": purse.spent,
        "saved": purse.saved,
        "unpaid": purse.unpaid,
        "rest": purse.rest,
        "cheaper": purse.cheaper,
    }
    for (key, part), amount in zip(parts.items(), say.shown([*parts.values()]), strict=True):
        if part or amount != say.money(0):
            explained = f"money.{key}.said" in say.words
            said = say.say(f"money.{key}.said", amount=amount) if explained else amount
            yield _SUB + say.say(f"money.{key}"), said


def _lasting(since: datetime, until: datetime | None, say: Wording) -> str:
    if until is None:
        return say.say("money.empty.end", since=say.moment(since))
    lasted = say.lasted((until - since).total_seconds())
    return say.say("money.empty.said", since=say.moment(since), until=say.moment(until), lasted=lasted)


def _carriers(tale: Tale, say: Wording) -> Iterator[tuple[str, str]]:
    if not (tale.moves or tale.failovers or tale.refusals):
        yield say.say("carriers.nothing"), say.say("carriers.nothing.said")
    for move in tale.moves:
        yield f"{say.moment(move.at)}  {say.carrier(move.account)}", _moved(move, tale, say)
    if any(isinstance(event, Restore) for event in tale.played.order.scenario.events):
        yield say.say("carriers.restored"), say.say("carriers.restored.said")
    for each, sends in sorted(tale.failovers.items()):
        way, _, why = each.partition(": ")
        left, took = (say.carrier(name) for name in way.split(" > "))
        yield (
            say.say("carriers.instead", took=took, left=left),
            say.say(
                "carriers.instead.said", sends=say.many("sends", sends), left=left, why=say.say(f"why.{why}")
            ),
        )
    for which, sends in sorted(tale.refusals.items()):
        account, _, code = which.partition(" ")
        name = say.say("carriers.refused", account=say.carrier(account), code=code)
        yield name.rstrip(), say.many("sends", sends)


def _moved(move: Moved, tale: Tale, say: Wording) -> str:
    reason = say.say(f"reason.{move.reason}") if move.reason else ""
    code = say.say("carriers.code", code=move.code) if move.code else ""
    since = say.say("carriers.since", since=say.moment(began)) if (began := _began(move, tale)) else ""
    return ", ".join(filter(None, (say.say(f"word.{move.word}"), reason, code, since)))


def _began(move: Moved, tale: Tale) -> datetime | None:
    """When the carrier had gone wrong that the router only now has left; None where both were at once."""
    scenario = tale.played.order.scenario
    before = [
        scenario.when(event)
        for event in scenario.events
        if isinstance(event, Fault) and event.account == move.account and scenario.when(event) <= move.at
    ]
    left = move.word not in {"open", "operator_cut"}
    return before[-1] if left and before and move.at - before[-1] >= _NOTICED else None


def _evidence(tale: Tale, say: Wording) -> Iterator[tuple[str, str]]:
    kept, raid = tale.kept, tale.raiders
    sealed = say.say("evidence.sealed.said", sealed=kept.sealed, raid=kept.raid, texts=raid.texts)
    yield say.say("evidence.sealed"), sealed if raid.texts else say.number(kept.sealed)
    yield say.say("evidence.chain"), say.say("evidence.chain.said", leaves=kept.leaves, roots=kept.roots)
    yield say.say("evidence.last"), kept.last
    if kept.wordings:
        texts, phones = say.many("texts", kept.largest), say.many("phones", kept.phones)
        common = say.say("evidence.common.said", wordings=kept.wordings, texts=texts, phones=phones)
        yield say.say("evidence.common"), common
