"""Metrics: every closed set is there from the start at 0, and each series moves with its cause."""

from __future__ import annotations

import asyncio
import json
import re
import subprocess
import sys
from asyncio.subprocess import PIPE, STDOUT
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from providers import Accepted, CutOff, CutReason, InDoubt, Refused, RefusedReason, Status, Unreachable
from router.metrics import OUTCOMES, REJECTIONS, TIERS
from router.postgres.accounts import Accounts
from router.postgres.figures import COSTS, RETURNS, WAITING
from router.rules import breaker
from router.rules.answer import Priority, Purpose, Reason, Reply, Silence
from router.rules.failover import Passed, Route, Why
from router.rules.health import WORDS
from router.rules.story import Attempt, Ending, Story, outcome_word
from tests.web.house import House

NOW = datetime(2017, 10, 21, 12, tzinfo=UTC)
FIRST, SECOND = Route("twilio", "+33937000001"), Route("ovh", "+33937000003")
REPLY = Reply(purpose=Purpose.ANSWER, language="fr", text="Non.", priority=Priority.FIRST_CONTACT)

NAMES = """
paravent_texts_received_total paravent_texts_flagged_total paravent_replies_total paravent_silences_total
paravent_attempts_total paravent_failovers_total paravent_receipts_total paravent_webhooks_rejected_total
paravent_ack_duration_seconds paravent_send_duration_seconds paravent_reply_duration_seconds
paravent_delivery_duration_seconds paravent_queue_texts paravent_queue_oldest_seconds
paravent_attempts_in_doubt paravent_cost_total paravent_cost_returned_total paravent_purse_limit_money
paravent_purse_reserved_money paravent_purse_spent_money paravent_purse_overrun_money
paravent_purse_runway_seconds paravent_account_state paravent_balance paravent_saved_money_total
paravent_spool_texts paravent_spool_receipts paravent_spool_oldest_seconds paravent_raid_held_texts
paravent_ledger_info
"""


def attempt(route: Route, outcome: Any, seconds: float = 0.2) -> Attempt:
    return Attempt(route=route, outcome=outcome, seconds=seconds, parts=2, reserved=50_000)


def story(*steps: Any, ending: Ending = Ending.ACCEPTED, decision: Any = REPLY) -> Story:
    return Story(
        text=uuid4(),
        account="twilio",
        number="front",
        decision=decision,
        steps=steps,
        ending=ending,
        received_at=NOW,
        ended_at=NOW + timedelta(seconds=3),
    )


async def pages(house: House) -> str:
    return (await house.get("/metrics"))[1] + (await house.get("/metrics/state"))[1]


def series(page: str, name: str) -> set[str]:
    return {line.rpartition(" ")[0] for line in page.splitlines() if re.match(f"{name}[ {{]", line)}


async def test_every_name_of_the_design_is_on_a_page(house: House) -> None:
    page = await pages(house)
    assert not [name for name in NAMES.split() if f"# TYPE {name} " not in page]


async def test_closed_sets_are_there_from_the_start_at_zero(house: House) -> None:
    page = await pages(house)
    accounts = ("twilio", "ovh")
    expected = {
        "paravent_replies_total": len(accounts) * len(Ending),
        "paravent_silences_total": len(Reason),
        "paravent_attempts_total": len(accounts) * len(OUTCOMES),
        "paravent_receipts_total": len(accounts) * len(Status),
        "paravent_webhooks_rejected_total": (len(accounts) + 1) * len(REJECTIONS),
        "paravent_texts_received_total": 2,
        "paravent_texts_flagged_total": len(TIERS),
        "paravent_failovers_total": len({*(why.value for why in Why), "unreachable", "refused"}),
        "paravent_queue_texts": len(WAITING),
        "paravent_attempts_in_doubt": len(accounts),
        "paravent_cost_total": len(accounts) * len(COSTS),
        "paravent_cost_returned_total": len(accounts) * len(RETURNS),
        "paravent_account_state": len(accounts) * len(WORDS),
        "paravent_purse_spent_money": 3,
        "paravent_send_duration_seconds_count": len(accounts),
    }
    assert {name: len(series(page, name)) for name in expected} == expected
    counters = [line for line in page.splitlines() if re.match(r"paravent_\w+_total[ {]", line)]
    assert counters
    assert not [line for line in counters if not line.endswith(" 0.0")]


async def test_every_outcome_has_its_word(house: House) -> None:
    outcomes = (
        Accepted(provider_id="SM" + "1" * 32),
        Unreachable("dns"),
        CutOff(CutReason.UNPAID, "20003"),
        Refused(RefusedReason.BAD_NUMBER, "21211"),
        InDoubt("timeout"),
    )
    for outcome in outcomes:
        word = outcome_word(outcome)
        house.metrics.fold(story(attempt(FIRST, outcome), ending=Ending.WAITING))
        assert await house.sample("paravent_attempts_total", account="twilio", outcome=word) == 1


async def test_an_accepted_reply_is_counted_where_it_left(house: House) -> None:
    house.metrics.fold(
        story(
            attempt(FIRST, CutOff(CutReason.UNPAID, "x")), attempt(SECOND, Accepted(provider_id="1", parts=3))
        )
    )
    assert await house.sample("paravent_replies_total", account="ovh", outcome="accepted") == 1
    assert await house.sample("paravent_replies_total", account="twilio", outcome="accepted") == 0
    assert await house.sample("paravent_parts_total", account="ovh") == 3
    assert await house.sample("paravent_reply_duration_seconds_sum") == 3
    assert await house.sample("paravent_send_duration_seconds_count", account="ovh") == 1
    labels = {"from": "twilio", "to": "ovh", "reason": "cut_off"}
    assert await house.sample("paravent_failovers_total", **labels) == 1


async def test_a_preferred_account_that_was_passed_over_is_a_failover_too(house: House) -> None:
    house.metrics.fold(story(Passed(FIRST, Why.BUDGET), attempt(SECOND, Accepted(provider_id="1"))))
    labels = {"from": "twilio", "to": "ovh", "reason": "budget"}
    assert await house.sample("paravent_failovers_total", **labels) == 1


async def test_a_silence_is_counted_by_its_reason(house: House) -> None:
    silence = Silence(reason=Reason.COOLDOWN)
    house.metrics.fold(story(ending=Ending.SILENT, decision=silence))
    house.metrics.fold(story(ending=Ending.DROPPED, decision=silence))
    house.metrics.silenced(Reason.EXPIRED, 4)
    assert await house.sample("paravent_silences_total", reason="cooldown") == 1
    assert await house.sample("paravent_silences_total", reason="expired") == 4
    assert await house.sample("paravent_replies_total", account="twilio", outcome="dropped") == 1


async def test_a_delivery_and_an_acknowledgement_are_timed(house: House) -> None:
    house.metrics.delivered("twilio", 12.0)
    await house.text("Salut")
    assert await house.sample("paravent_delivery_duration_seconds_sum", account="twilio") == 12
    assert await house.sample("paravent_ack_duration_seconds_count") == 1


async def test_a_flagged_text_is_counted_by_tier(house: House) -> None:
    house.metrics.received("twilio", "front", "lexicon", fresh=True)
    house.metrics.received("twilio", "front", "none", fresh=True)
    assert await house.sample("paravent_texts_flagged_total", tier="lexicon") == 1
    assert await house.sample("paravent_texts_received_total", account="twilio", number="front") == 2


async def test_the_queue_and_its_oldest_text_are_facts(house: House) -> None:
    await house.text("Salut")
    await house.rows("UPDATE reply SET received_at = received_at - interval '5 min' RETURNING 1")
    assert await house.sample("paravent_queue_texts", state="queued") == 1
    assert await house.sample("paravent_queue_oldest_seconds") >= 300
    assert await house.sample("paravent_answering_stalled") == 1


async def test_money_doubt_state_and_balance_are_facts(house: House) -> None:
    clock = NOW
    await _book(house, "settle", spent=70_000, reserved=-50_000)
    await _book(house, "refund", spent=-20_000)
    await _book(house, "adjust", spent=5_000)
    await _book(house, "adjust", spent=-1_000)
    await house.rows(
        "INSERT INTO attempt (reference, reply, fence, purpose, account, sender, texter, state, live,"
        " estimate, account_window, total_window, at)"
        " VALUES (repeat('a', 20), $1, 1, 'answer', 'twilio', 'x', '\\x00', 'unknown', true, 1, $2, $2, $2)"
        " RETURNING 1",
        uuid4(), clock,
    )  # fmt: skip
    await house.rows("INSERT INTO balance (account, amount, unit) VALUES ('ovh', 12.5, 'credit') RETURNING 1")
    window = house.office.purses.window("twilio", house.office.now())
    await house.rows(
        "INSERT INTO purse_window (purse, starts_at, cap, high_cap, unlimited, reserved, spent, overrun)"
        " VALUES ('twilio', $1, 5000000, 5000000, false, 1000000, 4500000, 500000) RETURNING 1",
        window,
    )  # fmt: skip
    accounts = Accounts(house.pool)
    was, now = await accounts.state("twilio")
    assert await accounts.swap(was, breaker.cut(was, now), "operator")

    assert await house.sample("paravent_cost_total", account="twilio", kind="settle") == 0.07
    assert await house.sample("paravent_cost_total", account="twilio", kind="adjust") == 0.005
    assert await house.sample("paravent_cost_returned_total", account="twilio", kind="refund") == 0.02
    assert await house.sample("paravent_cost_returned_total", account="twilio", kind="adjust") == 0.001
    assert await house.sample("paravent_estimated_money_total", account="twilio") == 0.05
    assert await house.sample("paravent_attempts_in_doubt", account="twilio") == 1
    assert await house.sample("paravent_queue_texts", state="in_doubt") == 1
    assert await house.sample("paravent_balance", account="ovh", unit="credit") == 12.5
    assert await house.sample("paravent_purse_spent_money", purse="twilio") == 4.5
    assert await house.sample("paravent_purse_overrun_money", purse="twilio") == 0.5
    assert await house.sample("paravent_purse_runway_seconds", purse="twilio") == 0
    assert await house.sample("paravent_account_state", account="twilio", state="operator_cut") == 1
    assert await house.sample("paravent_account_state", account="twilio", state="open") == 0
    assert await house.sample("paravent_last_reply_timestamp_seconds") == NOW.timestamp()


async def test_the_ledger_adds_up_alike_however_often_it_is_read(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("router.postgres.figures._SETTLED", -1.0)
    monkeypatch.setattr("router.web.reading._FRESH", timedelta(seconds=-1))
    for times in range(1, 6):
        await _book(house, "settle", spent=70_000)
        cost = await house.sample("paravent_cost_total", account="twilio", kind="settle")
        assert cost == pytest.approx(times * 0.07)


async def test_a_silence_by_rule_saves_what_an_answer_costs(house: House) -> None:
    for place, reason in enumerate(("cooldown", "opted_out", "capped", "expired")):
        await house.text("Salut", sid=f"SM{place:032}")
        await house.rows(
            "UPDATE reply SET state = 'suppressed', reason = $1 WHERE state = 'queued' RETURNING 1", reason
        )
    assert await house.sample("paravent_saved_money_total") == pytest.approx(3 * 0.05)


async def test_no_number_text_or_secret_is_on_any_page(house: House) -> None:
    await house.text("Salut c'est Kevin")
    await house.text("Salut c'est Kevin", form={"To": "+33937999999"})
    await house.receipt("delivered")
    house.metrics.fold(story(Passed(FIRST, Why.BUDGET), attempt(SECOND, Accepted(provider_id="1"))))
    told = await pages(house)
    for path in ("/api/v1/health", "/api/v1/accounts", "/api/v1/budget", "/healthz", "/readyz"):
        told += (await house.get(path))[1]
    assert "paravent_failovers_total" in told
    assert not re.search(r"(?<![0-9.])\+?33[0-9]{9}(?![0-9])|63998[0-9]{4}(?![0-9])|Kevin|t0ken", told)


async def test_strangers_add_no_series(house: House) -> None:
    before = len((await pages(house)).splitlines())
    for place in range(20):
        await house.get(f"/hooks/nobody{place}/inbound")
        await house.text("Salut", sid=f"SM{place:032}", form={"From": f"+3363998{place:04d}"})
    assert len((await pages(house)).splitlines()) == before


@pytest.mark.require("promtool")
async def test_promtool_finds_nothing_to_say(house: House) -> None:
    await house.rows("INSERT INTO balance (account, amount, unit) VALUES ('ovh', 12.5, 'credit') RETURNING 1")
    for path in ("/metrics", "/metrics/state"):
        page = (await house.get(path))[1]
        done = await asyncio.create_subprocess_exec(
            "promtool", "check", "metrics", stdin=PIPE, stdout=PIPE, stderr=STDOUT
        )
        said, _ = await asyncio.wait_for(done.communicate(page.encode()), 30)
        assert (done.returncode, said) == (0, b"")


_PROCESS = """
import json, sys
from datetime import timedelta
from router.metrics import Metrics
from router.office import Number
from router.rules.failover import Route
route = Route("twilio", "x")
number = Number("front", "+33937000001", "twilio", (route,), "lane", (timedelta(0), timedelta(0)))
metrics = Metrics(["twilio"], [number], "EUR")
for _ in range(int(sys.argv[1])):
    metrics.received("twilio", "front", "none", fresh=True)
    metrics.acknowledged(0.01)
print(json.dumps(metrics.events().decode()))
"""


def test_several_processes_are_shown_together_also_after_one_has_ended(tmp_path: Path) -> None:
    page = ""
    for times in ("2", "3"):
        done = subprocess.run(
            [sys.executable, "-c", _PROCESS, times],
            env={"PROMETHEUS_MULTIPROC_DIR": str(tmp_path)},
            cwd=Path(__file__).parents[2],
            capture_output=True,
            check=True,
            timeout=60,
        )
        page = json.loads(done.stdout)
    assert 'paravent_texts_received_total{account="twilio",number="front"} 5.0' in page
    assert "paravent_ack_duration_seconds_count 5.0" in page
    assert 'paravent_silences_total{reason="cooldown"} 0.0' in page


async def _book(house: House, kind: str, *, spent: int, reserved: int = 0) -> None:
    reference = None if kind in {"inbound", "top_up"} else uuid4().hex[:20]
    await house.rows(
        "INSERT INTO ledger (kind, reference, account, account_window, total_window, reserved, spent, source,"
        " at) VALUES ($1, $2, 'twilio', $3, $3, $4, $5, 'send', $3) RETURNING 1",
        kind, reference, NOW, reserved, spent,
    )  # fmt: skip
