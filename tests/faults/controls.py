"""Each protection with the scenario that needs it: the judge is content with it, and names the harm without.

`python -m tests.faults --without NAME` shows both.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.faults import clock, judge
from tests.faults.chaos import ANSWERS, ROOM, Order, Round, stage, texter_of
from tests.faults.routers import LEASE, Plan


@dataclass(frozen=True, slots=True, kw_only=True)
class Control:
    """One protection.

    Args:
        protects: What it is, in words.
        harm: What the judge says without it.
        sql: It lives in the function `arm`: these words of it are replaced. None: the launcher knows it.
        dropped: Statements that take it away.
        always: Words of `arm` replaced in both runs, and statements: what would hide it, or help to show it.
        points: Where processes are killed or frozen, in turn.
        faults: Of every carrier, each so many times.
        outage: Whether the database is away for a while.
        together: So many texts of one texter come at the same moment.
        limit: Money of every account.
        asleep: Seconds that a frozen process sleeps after its lease.
        set_back: Seconds that the wall clock is set back while a process is frozen; needs libfaketime.
    """

    protects: str
    harm: str
    sql: Mapping[str, str] | None = None
    dropped: Sequence[str] = ()
    always: tuple[Mapping[str, str], Sequence[str]] = ({}, ())
    points: Sequence[tuple[str, str]] = ()
    faults: Mapping[str, int] | None = None
    outage: bool = False
    together: int = 1
    limit: int = ROOM
    asleep: float = 1.5
    set_back: int = 0


_MINE = """r.state = 'claimed' AND r.owner = p_owner AND r.fence = m.fence
               AND r.lease_until > clock_timestamp() AS mine"""
_COOL = "WHEN p_purpose[i] = 'answer' AND item.next_allowed_at > p_now THEN 'cooldown'"
_COLD = "WHEN false THEN 'cooldown'"
_BUSY = "WHEN item.turn > 1 THEN 'busy'"
_LOCK = """        ORDER BY w.purse, w.starts_at
        FOR UPDATE OF w"""
_IN_FLIGHT = "    SELECT coalesce(array_agg(DISTINCT o.tag), '{}') INTO boarded"

CONTROLS: Mapping[str, Control] = {
    "doubt": Control(
        protects="a send whose outcome is not known is not sent again",
        harm=judge.TWICE,
        faults={"error_after": 3, "reset_after": 3, "hang_after": 2},
    ),
    "absence": Control(
        protects="a look-up that finds nothing proves nothing",
        harm=judge.TWICE,
        points=[("between guard and write", "stop")] * 2,
        asleep=7.0,  # where it held the duty of looking up, that is another's after six seconds
    ),
    "commit": Control(
        protects="a text is acknowledged after the commit that holds it",
        harm=judge.LOST,
        points=[("texts are to be stored", "kill")] * 3,
    ),
    "dedupe": Control(protects="a text that comes twice has one key", harm=judge.TWICE_STORED),
    "guard": Control(
        protects="no byte leaves after the lease",
        harm=judge.LATE,
        points=[("before the guard", "stop")] * 2,
    ),
    "clock": Control(
        protects="leases are measured by clocks that nobody sets",
        harm=judge.LATE,
        points=[("before the guard", "stop")] * 2,
        set_back=600,
    ),
    "intent": Control(
        protects="a send is written down before a byte leaves",
        harm=judge.TWICE,
        points=[("an answer begins", "kill")],
    ),
    "spool": Control(
        protects="what the database does not take is on disk before it is acknowledged",
        harm=judge.LOST,
        outage=True,
    ),
    "reservation": Control(
        protects="a dead worker's sends are in doubt and keep their money",
        harm=judge.BOOKS,
        points=[("an answer begins", "kill")] * 3,
    ),
    "purse": Control(
        protects="purses are locked while it is asked what is left in them",
        harm=judge.OVER,
        sql={_LOCK: "        ORDER BY w.purse, w.starts_at"},
        dropped=["ALTER TABLE purse_window DROP CONSTRAINT purse_window_check1"],
        always=({_IN_FLIGHT: "    PERFORM pg_sleep(0.3);\n" + _IN_FLIGHT}, ()),
        limit=1,
    ),
    "grant": Control(
        protects="a texter's answer of the period is granted where the send is armed",
        harm=judge.TWICE,
        sql={_COOL: _COLD, _BUSY: "WHEN false THEN 'busy'"},
        together=4,
    ),
    "never twice": Control(
        protects="one attempt of a reply lives, by a unique index, should fence and grant fail",
        harm=judge.TWICE,
        sql={},
        dropped=["DROP INDEX attempt_never_twice"],
        always=(
            {_MINE: "true AS mine", _COOL: _COLD},
            ["ALTER TABLE reply DROP CONSTRAINT reply_check, DROP CONSTRAINT reply_check1"],
        ),
        points=[("texts are to be armed", "stop")] * 3,
    ),
}
"""By the name that `--without` takes."""

_TEXTS, _PACE = 90, 25.0


async def show(
    name: str,
    *,
    without: bool,
    seed: int = 2017,
    seconds: float = 60.0,
    server_at: tuple[str, Path] | None = None,
) -> list[str]:
    """Run a protection's scenario, with it or without; what the judge says in the end.

    Args:
        name: In `CONTROLS`.
        without: Whether it is off; then the first harm is enough.
        seed: Of the traffic.
        seconds: For everything to come to rest.
        server_at: See `chaos.stage`.
    """
    control = CONTROLS[name]
    off = ("--without", name) if without and control.sql is None else ()
    order = Order(texts=_TEXTS, pace=_PACE, seed=seed, limit=control.limit)
    wrong = [clock.environment(control.set_back > 0)]
    plan = Plan(launcher=off, limit=control.limit, processes=(3,), environment=wrong)
    async with stage(order, plan, server_at=server_at) as one:
        one.judge.lease = LEASE if control.harm == judge.LATE else 0.0
        swaps, statements = dict(control.always[0]), list(control.always[1])
        if without:
            swaps |= control.sql or {}
            statements += control.dropped
        await _rewrite(one, swaps, statements)
        one.routers.asleep = control.asleep
        watching = asyncio.create_task(one.watch())
        try:
            await _scenario(one, control)
            return await one.settled(seconds, until=control.harm if without else "")
        finally:
            watching.cancel()
            await asyncio.gather(watching, return_exceptions=True)


async def _rewrite(one: Round, swaps: Mapping[str, str], statements: Sequence[str]) -> None:
    for statement in statements:
        await one.database.fetch(statement)
    if not swaps:
        return
    [written] = await one.database.fetch("SELECT pg_get_functiondef('arm'::regproc) AS said")
    said: str = written["said"]
    for old, new in swaps.items():
        assert old in said, f"arm no longer says {old!r}"
        said = said.replace(old, new)
    await one.database.fetch(said)


async def _scenario(one: Round, control: Control) -> None:
    for carrier in one.carriers.numbers:
        for fault, times in (control.faults or {}).items():
            await one.carriers.fault(carrier, fault, times=times)
    enough = asyncio.Event()
    async with asyncio.TaskGroup() as group:
        group.create_task(_traffic(one, control.together, enough))
        for point, how in control.points:
            await one.at(point, how, set_back=control.set_back)
        if control.outage:
            one.database.proxy.refuse()
            await asyncio.sleep(2)
            one.database.proxy.resume()
        enough.set()


async def _traffic(one: Round, together: int, enough: asyncio.Event) -> None:
    names, place = list(one.carriers.numbers), 0
    async with asyncio.TaskGroup() as texts:
        while place < _TEXTS // together or not enough.is_set():
            place += 1
            for each in range(together):
                carrier = names[(place + each) % len(names)]
                texts.create_task(one.carriers.text(carrier, texter_of(place), ANSWERS[0]))
            await asyncio.sleep(together / _PACE)
