"""The ledger's SQL, changed on purpose: the machine must notice each change.

A few by default; all of them with PARAVENT_SQL_MUTANTS=all.
"""

from __future__ import annotations

import os

import asyncpg
import pytest
from hypothesis import Phase

from tests.postgres.test_ledger_machine import run_machine

MUTANTS: dict[str, tuple[str, str, str]] = {
    "an owner's name is not asked for": ("arm", "AND r.owner = p_owner AND", "AND"),
    "an old fence will do": ("arm", "AND r.fence = m.fence", ""),
    "the ceiling is one higher": ("arm", "item.answered >= p_ceiling", "item.answered > p_ceiling"),
    "the cooldown is not looked at": ("arm", "item.next_allowed_at > p_now", "false"),
    "two texts of a texter at once": ("arm", "item.turn > 1", "false"),
    "the total's room is not looked at": ("arm", "w_room[t] < p_estimate[i]", "false"),
    "room is not used up within a call": ("arm", "w_room[a] := w_room[a] - p_estimate[i];", ""),
    "one more in flight": ("arm", "f_used[f] >= p_in_flight[i]", "f_used[f] > p_in_flight[i]"),
    "worst first": ("arm", "ORDER BY m.priority, m.id\n    LOOP", "ORDER BY m.priority DESC, m.id\n    LOOP"),
    "the fence stays": ("arm", "fence = n.fence + 1", "fence = n.fence"),
    "an answer is not counted": ("arm", "WHEN 'answer' THEN 1 ELSE 0 END", "WHEN 'answer' THEN 0 ELSE 0 END"),
    "an old receipt is believed": ("settle", "m.said <> 'accepted' THEN 'none'", "false THEN 'none'"),
    "a refusal frees a doubt's money twice": (
        "settle",
        "p.was IN ('open', 'unknown') THEN 'release'",
        "p.was <> 'refused' THEN 'release'",
    ),
    "an unproved write-off": ("settle", "AND p.was = 'unknown' THEN 'write_off'", "THEN 'write_off'"),
    "late proof is never a double": (
        "settle",
        "o.reply = m.reply_id AND o.live LIMIT",
        "o.reply = m.reply_id AND false LIMIT",
    ),
    "unsent again and again": (
        "settle",
        "n.outcome = 'unsent' AND n.requeued THEN 'failed'",
        "false THEN 'failed'",
    ),
    "a refund costs the estimate": (
        "settle",
        "WHEN 'refund' THEN coalesce(m.price, 0)",
        "WHEN 'refund' THEN m.estimate",
    ),
    "late proof is paid on top": (
        "settle",
        "coalesce(m.price, m.estimate) - m.spent_before",
        "coalesce(m.price, m.estimate)",
    ),
    "overrun is not booked": ("settle", "coalesce(a.over, 0)::bigint", "0::bigint"),
    "slack is not used up": (
        "settle",
        "greatest(0, e.taken - e.slack) - greatest(0, e.taken - e.net - e.slack)",
        "greatest(0, e.net - e.slack)",
    ),
    "the grant stays with a text that never left": (
        "settle",
        "WHEN x.holder = ANY (d.unsent) THEN greatest(x.holder_before",
        "WHEN false THEN greatest(x.holder_before",
    ),
    "late proof takes no grant": ("settle", "kind = 'late' AND state = 'accepted'", "false"),
    "a third send after a double": ("settle", "o.state = 'double' LIMIT 1)", "false LIMIT 1)"),
    "a doubt frees its money": (
        "settle",
        "WHEN d.reply = 'in_doubt' THEN r.reserved",
        "WHEN false THEN r.reserved",
    ),
}
_DEFAULT = ("an old fence will do", "the cooldown is not looked at")
_CHOSEN = MUTANTS if os.environ.get("PARAVENT_SQL_MUTANTS") == "all" else _DEFAULT


async def change(dsn: str, function: str, old: str, new: str) -> None:
    connection = await asyncpg.connect(dsn)
    try:
        source: str = await connection.fetchval("SELECT pg_get_functiondef($1::regproc)", function)
        assert old in source
        await connection.execute(source.replace(old, new))
    finally:
        await connection.close()


@pytest.fixture
async def changed(database: str, request: pytest.FixtureRequest) -> str:
    await change(database, *MUTANTS[request.param])
    return database


@pytest.mark.timeout(600)
@pytest.mark.parametrize("changed", _CHOSEN, indirect=True)
def test_the_machine_notices(changed: str) -> None:
    with pytest.raises((AssertionError, asyncpg.PostgresError, ExceptionGroup)):
        run_machine(changed, 100, (Phase.generate,))


async def test_every_change_can_still_be_made(database: str) -> None:
    connection = await asyncpg.connect(database)
    sources = {
        name: await connection.fetchval("SELECT pg_get_functiondef($1::regproc)", name)
        for name in ("arm", "settle")
    }
    await connection.close()
    gone = [name for name, (function, old, _) in MUTANTS.items() if old not in sources[function]]
    assert gone == []
