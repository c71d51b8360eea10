"""What a process says of itself, its database and the last hour moves when its cause happens."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from datetime import timedelta
from uuid import uuid4

import asyncpg
import pytest
import pytest_asyncio

from providers import Accepted, CutOff, CutReason, InDoubt, Unreachable
from router.postgres import reach
from router.postgres.accounts import Accounts
from router.postgres.pool import DatabaseAwayError, Pool
from router.rules.health import Policy
from router.rules.story import FAILURES, failure_word, outcome_word
from router.vitals import Vitals
from router.watch import Watch
from tests.web.house import House, away
from tests.web.test_metrics import FIRST, SECOND, attempt, story


@pytest_asyncio.fixture
async def measured(house: House) -> AsyncIterator[House]:
    """A house whose vital signs are taken often."""
    async with Vitals(house.metrics.machine, house.pool, house.office.desk, every=0.02, ask_every=0.05):
        yield house


async def rises(house: House, name: str, least: float, **labels: str) -> None:
    """Wait until a series has got so far."""
    async with asyncio.timeout(10):
        while await house.sample(name, **labels) < least:  # noqa: ASYNC110 -- it is looked at as Prometheus does
            await asyncio.sleep(0.02)


async def test_a_process_says_that_it_runs_and_what_it_uses(measured: House) -> None:
    await rises(measured, "paravent_loop_lag_seconds_count", 3)
    assert await measured.sample("paravent_processes") == 1
    assert await measured.sample("paravent_processes_ordered") == 1
    assert await measured.sample("paravent_process_starts_total") == 1
    assert await measured.sample("paravent_process_memory_bytes") > 20e6
    assert await measured.sample("paravent_process_cpu_seconds_total") > 0


async def test_a_loop_that_is_blocked_is_late(measured: House) -> None:
    await rises(measured, "paravent_loop_lag_seconds_count", 1)
    time.sleep(0.3)  # noqa: ASYNC251 -- the fault
    await rises(measured, "paravent_loop_lag_seconds_sum", 0.2)


async def test_what_is_done_in_one_commit_is_counted(measured: House) -> None:
    await asyncio.gather(*(measured.text("Salut", sid=f"SM{place:032}") for place in range(20)))
    await rises(measured, "paravent_coalesced_items_total", 20, statement="store")
    commits = await measured.sample("paravent_coalesced_commits_total", statement="store")
    assert 1 <= commits <= 20
    assert await measured.sample("paravent_coalesced_items_total", statement="arm") == 0


async def test_the_way_to_the_database_is_measured(measured: House) -> None:
    await rises(measured, "paravent_database_round_trip_seconds_count", 2)
    assert await measured.sample("paravent_database_away") == 0
    assert abs(await measured.sample("paravent_clock_skew_seconds")) < 1


async def test_a_database_whose_clock_is_behind_is_noticed(
    measured: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    really = reach.clock

    async def behind(pool: Pool) -> object:
        return await really(pool) - timedelta(seconds=40)

    monkeypatch.setattr("router.vitals.clock", behind)
    await rises(measured, "paravent_clock_skew_seconds", 39)


async def test_a_database_that_is_away_is_noticed(measured: House, monkeypatch: pytest.MonkeyPatch) -> None:
    really = reach.clock

    async def away(_pool: Pool) -> object:
        raise DatabaseAwayError("gone")

    monkeypatch.setattr("router.vitals.clock", away)
    await rises(measured, "paravent_database_away", 1)
    monkeypatch.setattr("router.vitals.clock", really)
    before = await measured.sample("paravent_database_round_trip_seconds_count")
    await rises(measured, "paravent_database_round_trip_seconds_count", before + 1)
    assert await measured.sample("paravent_database_away") == 0


async def test_without_a_database_each_process_still_says_so_and_facts_are_not_there(
    measured: House, database: str
) -> None:
    """What the dashboards go by to tell a database that is away from a router that is down."""
    async with away(measured, database):
        await rises(measured, "paravent_database_away", 1)
        assert (await measured.get("/metrics"))[0] == 200
        assert (await measured.get("/metrics/state"))[0] == 503


async def test_a_snapshot_that_is_held_grows_old(house: House, database: str) -> None:
    assert await house.sample("paravent_database_snapshot_seconds") < 0.5
    held = await asyncpg.connect(database)
    async with held.transaction(isolation="repeatable_read"):
        await held.fetchval("SELECT count(*) FROM reply")
        await rises(house, "paravent_database_snapshot_seconds", 0.5)
        assert await house.sample("paravent_database_connections") >= 2
    await held.close()
    assert await house.sample("paravent_database_bytes") > 1e6


@pytest.mark.parametrize(
    ("status", "rank", "minutes", "receipt"),
    [("sent", 1, 30, "missing"), ("delivered", 3, 30, "delivered"), ("failed", 2, 30, "failed")],
)
async def test_what_receipts_say_of_the_last_hour_is_a_fact(
    house: House, status: str, rank: int, minutes: int, receipt: str
) -> None:
    for place, minutes_ago in enumerate((minutes, 5, 90)):
        await house.rows(
            "INSERT INTO attempt (reference, reply, fence, purpose, account, sender, texter, state, live,"
            " estimate, account_window, total_window, at, receipt, receipt_rank) VALUES"
            " ($1, $2, 1, 'answer', 'twilio', 'x', '\\x00', 'accepted', true, 1, $3, $3, $3, $4, $5)"
            " RETURNING 1",
            "abc"[place] * 20, uuid4(), house.office.now() - timedelta(minutes=minutes_ago), status, rank,
        )  # fmt: skip
    assert await house.sample("paravent_recent_replies", account="twilio", receipt=receipt) == 1
    assert await house.sample("paravent_recent_replies", account="ovh", receipt=receipt) == 0
    assert await house.sample("paravent_answered_texters", account="twilio") == 1, "three answers to one"
    assert await house.sample("paravent_answered_texters", account="ovh") == 0


async def test_why_an_account_is_closed_is_a_fact(house: House) -> None:
    watch = Watch(house.office, Accounts(house.pool), Policy())
    await watch.observe("twilio", "", CutOff(CutReason.UNPAID, "20003"), 0.1, by="flow")
    assert await house.sample("paravent_account_reason", account="twilio", reason="unpaid") == 1
    assert await house.sample("paravent_account_reason", account="twilio", reason="suspended") == 0
    assert await house.sample("paravent_account_reason", account="ovh", reason="unpaid") == 0


@pytest.mark.parametrize(
    ("failure", "reason"),
    [
        (CutOff(CutReason.UNPAID, "20003"), "unpaid"),
        (InDoubt("reset"), "reset"),
        (InDoubt("http_503"), "answer"),
        (Unreachable("dns"), "dns"),
    ],
)
async def test_why_a_send_failed_is_counted_in_words_of_ours(
    house: House, failure: CutOff | InDoubt | Unreachable, reason: str
) -> None:
    assert (outcome_word(failure), failure_word(failure)) in FAILURES
    house.metrics.fold(story(attempt(FIRST, failure)))
    labels = {"account": "twilio", "outcome": outcome_word(failure), "reason": reason}
    assert await house.sample("paravent_failures_total", **labels) == 1


async def test_who_carried_a_number_is_counted(house: House) -> None:
    for route in (FIRST, SECOND, SECOND):
        house.metrics.fold(story(attempt(route, Accepted(provider_id="1"))))
    assert await house.sample("paravent_carried_total", number="front", route="reply_from") == 1
    assert await house.sample("paravent_carried_total", number="front", route="fallback") == 2


async def test_a_receipt_of_nobody_is_counted(house: House) -> None:
    house.metrics.put_away("twilio")
    house.metrics.put_away("an account of last year")
    assert await house.sample("paravent_receipts_put_away_total", account="twilio") == 1
