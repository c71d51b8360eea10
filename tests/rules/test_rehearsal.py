"""Texts played again under other settings: who is answered, who waits, what it costs."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import NAMESPACE_URL, uuid5
from zoneinfo import ZoneInfo

from router.rules.abuse import score
from router.rules.answer import Policy, Reason, Replies, Text
from router.rules.budget import TOTAL, Period, Purse
from router.rules.campaign import Mode, Raids
from router.rules.caps import Cap, Caps
from router.rules.holding import worthless_at
from router.rules.nights import Added, Heard, Outcome, Terms
from router.rules.rehearsal import rehearse
from router.rules.senders import Policy as Senders

NOON = datetime(2017, 11, 24, 12, tzinfo=UTC)
PRICE = 70_000
INSULTS = ("sale pute", "va te faire foutre connasse", "nique ta mere salope", "on va vous ruiner connasses")


def heard(place: int, minutes: float, body: str = "Salut c'est Kevin", who: int | None = None) -> Heard:
    at, sender = NOON + timedelta(minutes=minutes), f"+3363998{place if who is None else who:04}"
    text = Text(
        id=uuid5(NAMESPACE_URL, str(place)), account="twilio", number="poster", sender=sender, body=body,
        received_at=at, expires_at=at + timedelta(hours=6),
    )  # fmt: skip
    return Heard(text, sender.encode(), score(body).value)


def terms(total: str = "unlimited", caps: dict[str, Cap] | None = None, **raids: Any) -> Terms:
    zone = ZoneInfo("UTC")
    replies = Replies(texts={"fr": "Non."}, lifetime=3)
    return Terms(
        policy=Policy(replies=replies, senders=Senders(), caps=Caps(caps or {}, zone)),
        raids=Raids(**raids),
        purses={
            TOTAL: Purse.model_validate({"limit": total, "period": "fixed"}),
            "twilio": Purse.model_validate({"limit": "unlimited", "period": "fixed"}),
        },
        zone=zone,
        plans={"poster": ["twilio"]},
        price=lambda _account, _to, _words: PRICE,
    )


def counts(outcome: Outcome) -> tuple[int, int, int, int]:
    """Answers, held, silences, texts that wait still: together they are all texts."""
    assert len(outcome.waits) + outcome.silences.total() + outcome.waiting == outcome.texts
    return len(outcome.waits), outcome.held, outcome.silences.total(), outcome.waiting


def test_each_texter_is_answered_once_and_the_rest_is_saved() -> None:
    outcome = rehearse([heard(n, n, who=n % 3) for n in range(9)], (), terms())
    assert counts(outcome) == (3, 0, 6, 0)
    assert outcome.silences == {Reason.COOLDOWN: 6}
    assert (outcome.spent.total(), outcome.saved) == (3 * PRICE, 6 * PRICE)
    assert outcome.at_once == 3


def test_an_empty_purse_keeps_texts_waiting_until_it_is_topped_up_newest_first() -> None:
    texts = [heard(n, n) for n in range(10)]
    rich = rehearse(texts, [Added(NOON + timedelta(hours=1), TOTAL, 2 * PRICE)], terms("0.14"))
    assert counts(rich) == (4, 0, 6, 0)
    assert rich.silences == {Reason.EXPIRED: 6}
    assert rich.answered == {texts[n].texter for n in (0, 1, 8, 9)}
    assert rich.spent.total() == 4 * PRICE
    poor = rehearse(texts, (), terms("0.14"))
    assert counts(poor) == (2, 0, 8, 0)


def test_a_cap_puts_off_to_its_next_window() -> None:
    texts = [heard(n, n) for n in range(5)]
    hourly = {"range": Cap(prefix="+3363998", answers=2, period=Period.HOUR)}
    outcome = rehearse(texts, (), terms(caps=hourly))
    assert (counts(outcome), outcome.capped) == ((5, 0, 0, 0), 3)
    assert sorted(wait > 3_000 for wait in outcome.waits) == [False, False, True, True, True]
    for_good = {"range": Cap(number="poster", answers=2, period=Period.FIXED)}
    outcome = rehearse(texts, (), terms(caps=for_good))
    assert outcome.silences == {Reason.CAPPED: 3}
    assert outcome.saved == 3 * PRICE


def raided() -> list[Heard]:
    """Two hours of 240 texts, few of them insults, then 300 insults from new numbers, then 400 openers."""
    calm = [
        heard(n, 0.5 * n, f"{INSULTS[n % 4] if n % 16 == 5 else 'Salut c est Kevin'} {n}") for n in range(240)
    ]
    raid = [heard(240 + n, 120 + 0.2 * n, f"{INSULTS[n % 4]} {n}") for n in range(300)]
    return [*calm, *raid, *(heard(540 + n, 181 + 0.3 * n, f"Coucou c'est Max {n}") for n in range(400))]


def test_a_raid_is_held_and_let_go_in_calm() -> None:
    outcome = rehearse(raided(), (), terms(warm_up=100, grave=0.03))
    assert [change.mode for change in outcome.raids] == [Mode.RAID, Mode.CALM]
    assert outcome.held > 150
    assert outcome.let_go > 0
    assert outcome.grave > 0
    assert outcome.silences == {Reason.EXPIRED: outcome.grave}
    assert len(outcome.waits) == 940 - outcome.grave
    assert outcome.saved == 0


def test_control_without_the_gravest_kept_back_the_raid_is_paid_in_the_end() -> None:
    outcome = rehearse(raided(), (), terms(warm_up=100, grave=0.0))
    assert (outcome.grave, len(outcome.waits)) == (0, 940)


def test_what_a_raid_took_does_not_count_towards_expiry() -> None:
    hour = timedelta(hours=1)
    assert worthless_at(NOON + 6 * hour, NOON, NOON + 5 * hour) == NOON + 11 * hour
    assert worthless_at(NOON + 6 * hour, NOON + hour, NOON) == NOON + 6 * hour


def test_control_without_holding_nobody_waits() -> None:
    outcome = rehearse(raided(), (), terms(warm_up=100, held=0.0))
    assert (outcome.held, outcome.at_once) == (0, 940)


def test_who_said_stop_hears_nothing_more() -> None:
    night = [heard(0, 0, "STOP", who=1), heard(1, 5, who=1)]
    outcome = rehearse(night, (), terms())
    assert outcome.silences == {Reason.OPTED_OUT: 1}
    told = replace(
        terms(), policy=replace(terms().policy, replies=Replies(texts={"fr": "Non."}, stop_confirmation={}))
    )
    assert rehearse(night, (), told).silences == {Reason.NO_TEXT: 1, Reason.OPTED_OUT: 1}
