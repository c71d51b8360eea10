"""Accounts that were left come back by themselves: a look, then one text, then all."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from providers.simulator.journal import Kind
from router.rules.health import State, Status, on_trial
from tests.sweep.town import Town, town

_QUICK = """
[health]
probe_first = "50ms"
probe_longest = "100ms"

[workers]
poll_every = "1h"
"""

MEANWHILE = 0.5
"""Seconds for which others might come, while one hangs."""

_HASTY = """
call_deadline = "1s"
"""


def alone(written: str) -> str:
    """Nobody stands in for anybody."""
    head, _, rest = written.partition("[numbers.poster]")
    lines: list[str] = []
    inside = False
    for line in f"[numbers.poster]{rest}".splitlines():
        if line.startswith("fallback"):
            inside = True
            lines.append("fallback = []")
        if not inside:
            lines.append(line)
        inside = inside and line != "]"
    return head + "\n".join(lines)


async def _state(place: Town, account: str = "twilio") -> State | None:
    await place.house.watch.refresh()
    return place.house.office.facts.health.get((account, ""))


async def _left(place: Town) -> None:
    await place.eventually(
        lambda: _state(place), lambda state: state is not None and state.status is Status.CUT_OFF
    )


async def _back(place: Town) -> None:
    await place.eventually(
        lambda: _state(place), lambda state: state is not None and state.status is Status.OPEN
    )


@pytest.mark.parametrize("trouble", ["suspend", "unpaid", "revoke"])
async def test_an_account_that_was_left_comes_back(database: str, tmp_path: Path, trouble: str) -> None:
    async with town(database, tmp_path, more=_QUICK) as place:
        await place.network.fault("twilio", trouble)
        texter = await place.text("twilio")
        await place.attempted(texter, "refused", "accepted")
        assert [sent.carrier for sent in place.sends(texter)] == ["vonage"]
        await place.network.clear("twilio")
        await _back(place)
        later = await place.text("twilio")
        await place.attempted(later, "accepted")
        assert [sent.carrier for sent in place.sends(later)] == ["twilio"]
        by = await place.rows("SELECT DISTINCT by FROM health_history WHERE status = 'open'")
        assert [row["by"] for row in by] in (["probe"], ["flow"])
        await place.audit()


async def test_texts_that_nobody_can_carry_wait_and_each_probe_is_one_of_them(
    database: str, tmp_path: Path
) -> None:
    async with town(database, tmp_path, more=_QUICK, change=alone) as place:
        await place.network.fault("twilio", "refuse", code="20005")
        texters = [await place.text("twilio") for _ in range(8)]
        await _left(place)

        async def tried() -> int:
            return len(place.network.journal.of(Kind.REFUSED, "twilio"))

        began, before = await _probes(place), await tried()
        after = await place.eventually(tried, lambda now: now >= before + 3)
        assert after - before <= await _probes(place) - began + 1
        await place.network.clear("twilio")
        for texter in texters:
            await place.eventually(partial(_answers, place, texter), lambda n: n == 1)
        await place.audit()


async def _probes(place: Town) -> int:
    (row,) = await place.rows("SELECT count(*) AS n FROM health_history WHERE status = 'probing'")
    return int(row["n"])


async def _answers(place: Town, texter: str) -> int:
    return len(place.sends(texter))


async def test_a_look_that_is_not_good_costs_no_text(database: str, tmp_path: Path) -> None:
    async with town(database, tmp_path, more=_QUICK, change=alone) as place:
        await place.network.fault("twilio", "suspend", on="all")
        texter = await place.text("twilio")
        await _left(place)
        refused = len(place.network.journal.of(Kind.REFUSED, "twilio"))
        probed = await place.rows("SELECT max(id) AS n FROM health_history")
        await place.eventually(
            lambda: place.rows("SELECT max(id) AS n FROM health_history"),
            lambda rows: rows[0]["n"] > probed[0]["n"] + 4,
        )
        assert len(place.network.journal.of(Kind.REFUSED, "twilio")) == refused
        await place.network.clear("twilio")
        await place.eventually(lambda: _answers(place, texter), lambda n: n == 1)


async def test_only_the_probing_relay_may_use_an_account_that_is_probed(
    database: str, tmp_path: Path
) -> None:
    """While the probe hangs at the carrier, no other text goes there, from this process either."""
    async with town(database, tmp_path, more=_QUICK, change=alone) as place:
        await place.network.fault("twilio", "unpaid")
        texters = [await place.text("twilio") for _ in range(5)]
        await _left(place)
        hanging = await place.network.fault("twilio", "hang_before", seconds=MEANWHILE + 1)
        await place.network.clear("twilio", "unpaid")
        async with asyncio.timeout(10):
            await hanging.hit.wait()
        with suppress(TimeoutError):
            async with asyncio.timeout(MEANWHILE):
                while hanging.struck == 1:  # noqa: ASYNC110 -- a fault tells nobody of its second time
                    await asyncio.sleep(0.02)
        struck = hanging.struck
        await place.network.clear("twilio")
        assert struck == 1
        for texter in texters[1:]:
            await place.eventually(partial(place.replies, texter), lambda rows: rows)
        assert max(len(place.sends(texter)) for texter in texters) <= 1


async def test_the_operator_s_cut_is_not_probed(database: str, tmp_path: Path) -> None:
    async with town(database, tmp_path, more=_QUICK) as place:
        await place.database.execute(
            "INSERT INTO health (account, status, operator, version, changed_at)"
            " VALUES ('twilio', 'open', 'cut', 1, now())"
        )
        await place.house.watch.refresh()
        for _ in range(3):
            await place.round("probes")
        state: Any = await _state(place)
        assert state.operator == "cut"
        assert state.version == 1


async def test_an_account_that_delivers_slowly_is_left(database: str, tmp_path: Path) -> None:
    async with town(database, tmp_path) as place:
        await place.database.execute(
            "INSERT INTO receipt"
            " (account, digest, provider_id, status, received_at, raw, applied_at, seconds)"
            " SELECT 'vonage', n::text::bytea, n::text, 'delivered', now(), '', now(),"
            " CASE WHEN n <= 4 THEN 400 ELSE 2 END FROM generate_series(1, 20) n"
        )
        await place.round("slow_delivery")
        state = await _state(place, "vonage")
        assert state is not None
        assert state.status is Status.SLOW
        texter = await place.text("vonage")
        await place.attempted(texter, "accepted")
        assert [sent.carrier for sent in place.sends(texter)] == ["ovh"]


async def test_where_all_deliver_slowly_nobody_is_left(database: str, tmp_path: Path) -> None:
    async with town(database, tmp_path) as place:
        for account in ("twilio", "vonage", "ovh"):
            await place.database.execute(
                "INSERT INTO receipt"
                " (account, digest, provider_id, status, received_at, raw, applied_at, seconds)"
                " SELECT $1, n::text::bytea, n::text, 'delivered', now(), '', now(), 400"
                " FROM generate_series(1, 20) n",
                account,
            )
        await place.round("slow_delivery")
        await place.house.watch.refresh()
        assert place.house.office.facts.health == {}


async def _on_trial(place: Town, account: str) -> None:
    await place.eventually(
        lambda: _state(place, account), lambda state: state is not None and on_trial(state)
    )


@pytest.mark.parametrize("carrier", ["twilio", "ovh"])
async def test_an_account_that_hangs_on_sends_alone_traps_one_text_at_a_time(
    database: str, tmp_path: Path, carrier: str
) -> None:
    """Its status looks well all the while, and others carry its texts: none waits that could be tried."""
    async with town(database, tmp_path, more=f"{_QUICK}{_HASTY}") as place:
        await place.network.fault(carrier, "hang_before", seconds=5)
        for _ in range(3):
            await place.text(carrier)
        await _on_trial(place, carrier)
        began, trapped = await _probes(place), len(await _doubtful(place))
        texters = [await place.text(carrier) for _ in range(12)]
        for texter in texters:
            await place.eventually(partial(place.replies, texter), _over)
        # one at a time; the next may begin between a doubt that is booked and one that everybody knows of
        assert len(await _doubtful(place)) - trapped <= 2 * (await _probes(place) - began + 1)
        await place.network.clear(carrier)
        await place.eventually(partial(_under_way, place, carrier), lambda attempts: not attempts)
        await _on_trial(place, carrier)
        later = await place.text(carrier)
        await place.attempted(later, "accepted")
        assert [sent.carrier for sent in place.sends(later)] == [carrier]
        state = await _state(place, carrier)
        assert state is not None
        assert state.status is Status.OPEN
        await place.audit()


async def _doubtful(place: Town) -> list[dict[str, Any]]:
    return await place.rows("SELECT reply FROM attempt WHERE state = 'unknown'")


async def _under_way(place: Town, account: str) -> list[dict[str, Any]]:
    return await place.rows("SELECT reply FROM attempt WHERE account = $1 AND state = 'open'", account)


def _over(rows: list[dict[str, Any]]) -> bool:
    return bool(rows) and all(row["state"] in {"accepted", "in_doubt"} for row in rows)
