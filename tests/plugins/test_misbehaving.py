"""Plugins that misbehave: each is contained and named, and texts of the others are answered in time."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from importlib.metadata import EntryPoint, entry_points
from itertools import cycle
from pathlib import Path
from time import monotonic
from types import SimpleNamespace

import aiohttp
import pytest
from aiohttp import web

from providers.simulator.line import Site
from router import cell, plugins, send
from router.sweep import calls
from router.web import hooks
from tests.plugins import misbehaving
from tests.sweep.town import Town, fresh_texter, town

NUMBER = "+33199000004"
SETTINGS = f"""
[accounts.pigeon]
provider = "pigeon"
prices = {{ FR = "0.05 EUR" }}
budget = {{ limit = "5.00", period = "day" }}

[accounts.pigeon.settings]
base_url = "LOFT"

[numbers.flyer]
number = "{NUMBER}"
account = "pigeon"
reply_from = {{ account = "pigeon", sender = "{NUMBER}" }}
fallback = [{{ account = "vonage", sender = "+33261910002" }}]

[health]
probe_first = "1h"

[workers]
poll_every = "1h"
"""
OTHERS = ("twilio", "vonage", "ovh")
TEXTS, PACE, IN_TIME = 45, 15.0, 4.0
"""Of the others, so many a second; seconds until an answer is late (OVH gathers jobs for two)."""

SENDING = {
    "RaisesWhileForming": ("unreachable", "provider-raised"),
    "AsksJunk": ("unreachable", "provider-raised"),
    "Sleeps": ("unreachable", "plugin-hung"),
    "RaisesWhileReading": ("in_doubt", "provider-raised"),
    "LeavesTheProcess": ("in_doubt", "provider-raised"),
    "AnswersJunk": ("in_doubt", "provider-answered-junk"),
    "WantsAllMemory": ("in_doubt", "provider-raised"),
    "Spins": (r"unreachable|in_doubt", "plugin-hung"),
}
"""What goes wrong in a send: why the account is left, and the word beside it."""
RECEIVING = {
    "RaisesWhileVerifying": "plugin_raised",
    "ParsesSlowly": "plugin_raised",
    "NeverEnds": "malformed",
}
"""What goes wrong at the door: how it is counted."""
LOADING = {
    "FromAnotherTime": "is written for another contract; this is version 1",
    "LeavesAtImport": "cannot be imported: SystemExit",
    "Unhatched": "cannot be imported: AttributeError",
}
"""What does not even load, and what is said of it."""


@pytest.fixture
def install(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Pretends that Pigeon is installed, as this class."""
    real = tuple(entry_points(group=plugins.GROUP))

    def pretend(name: str) -> None:
        entry = EntryPoint("pigeon", f"{misbehaving.__name__}:{name}", plugins.GROUP)
        vars(entry)["dist"] = SimpleNamespace(name="paravent-pigeon", version="1.0")
        monkeypatch.setattr(plugins, "entry_points", lambda group: (*real, entry))

    return pretend


@asynccontextmanager
async def loft() -> AsyncIterator[tuple[str, list[str]]]:
    """Pigeon's own server: its address, and the texts that it took."""
    took: list[str] = []

    async def take(request: web.Request) -> web.Response:
        took.append(request.path)
        return web.json_response({})

    app = web.Application()
    app.router.add_post("/messages", take)
    runner = web.AppRunner(app)
    await runner.setup()
    site = Site(runner, "127.0.0.1", 0)
    await site.start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}", took
    finally:
        await runner.cleanup()


@asynccontextmanager
async def neighbours(database: str, folder: Path) -> AsyncIterator[tuple[Town, list[str]]]:
    """The town with Pigeon in it."""

    def change(written: str) -> str:
        return f'plugins = ["pigeon"]\n{written}'

    async with loft() as (address, took):
        more = SETTINGS.replace("LOFT", address)
        async with town(database, folder, more=more, change=change) as place:
            yield place, took


async def kept(place: Town) -> float:
    """The share of the others' texts that are answered in time, while Pigeon is texted too."""
    done = asyncio.Event()
    pestering = asyncio.create_task(_pester(place, done))
    began, carriers = monotonic(), cycle(OTHERS)
    async with asyncio.TaskGroup() as texts:
        tasks = [texts.create_task(_answered(place, next(carriers), began + n / PACE)) for n in range(TEXTS)]
    done.set()
    await pestering
    return sum(task.result() for task in tasks) / TEXTS


async def _answered(place: Town, carrier: str, due: float) -> bool:
    await asyncio.sleep(due - monotonic())
    texter = await place.text(carrier)
    while not place.sends(texter) and monotonic() < due + 20:  # noqa: ASYNC110 -- the journal tells nobody
        await asyncio.sleep(0.02)
    return monotonic() - due < IN_TIME


async def _pester(place: Town, done: asyncio.Event) -> None:
    """Five texts a second to Pigeon's number."""
    settings = place.house.settings
    host, port = settings.door
    url = f"http://{host}:{port}/hooks/pigeon/inbound"
    async with aiohttp.ClientSession() as session:
        while not done.is_set():
            said = {"id": fresh_texter(), "from": fresh_texter(), "to": NUMBER}
            async with session.post(url, data=json.dumps(said), headers={"X-Pigeon": "coo"}) as answer:
                await answer.read()
            await asyncio.sleep(0.2)


async def counted(place: Town) -> str:
    host, port = place.house.settings.door
    async with aiohttp.ClientSession() as session, session.get(f"http://{host}:{port}/metrics") as answer:
        return await answer.text()


async def a_send_is_contained(
    place: Town, took: list[str], why: tuple[str, str], caplog: pytest.LogCaptureFixture
) -> None:
    """It is left, named with its reason, never sent twice; its texts go through another or are in doubt."""
    share = await kept(place)
    print(f"{share:.0%} of the others' texts answered in time,", end=" ")
    assert share >= 0.9
    [state] = await place.rows("SELECT * FROM health WHERE account = 'pigeon' AND sender = ''")
    assert state["status"] == "cut_off"
    assert re.fullmatch(why[0], state["reason"])
    assert state["code"] == why[1]
    attempts = await place.rows("SELECT reply, state FROM attempt WHERE account = 'pigeon'")
    assert 0 < len(attempts) <= 12  # those of the second until it was given up, and three strikes
    assert len(took) <= len(attempts)
    moved = await place.rows(
        "SELECT reply.id FROM attempt JOIN reply ON reply = reply.id"
        " WHERE attempt.account = 'vonage' AND number = 'flyer'"
    )
    assert moved
    assert "+3363998" not in caplog.text
    await place.audit()


@pytest.mark.parametrize(("name", "why"), SENDING.items(), ids=SENDING)
async def test_what_goes_wrong_in_its_sends_stays_with_it(
    database: str,
    tmp_path: Path,
    install: Callable[[str], None],
    caplog: pytest.LogCaptureFixture,
    name: str,
    why: tuple[str, str],
) -> None:
    install(name)
    async with neighbours(database, tmp_path) as (place, took):
        await a_send_is_contained(place, took, why, caplog)


@pytest.mark.parametrize(("name", "how"), RECEIVING.items(), ids=RECEIVING)
async def test_what_goes_wrong_at_its_door_stays_with_it(
    database: str, tmp_path: Path, install: Callable[[str], None], name: str, how: str
) -> None:
    install(name)
    async with neighbours(database, tmp_path) as (place, _):
        share = await kept(place)
        print(f"{share:.0%} of the others' texts answered in time,", end=" ")
        assert share >= 0.9
        assert re.search(
            rf'webhooks_rejected_total{{account="pigeon",reason="{how}"}} [1-9]', await counted(place)
        )
        assert await place.rows("SELECT id FROM inbound WHERE account = 'pigeon'") == []


@pytest.mark.parametrize(("name", "why"), LOADING.items(), ids=LOADING)
def test_what_does_not_load_is_refused_by_name(install: Callable[[str], None], name: str, why: str) -> None:
    install(name)
    loaded = plugins.load({"pigeon"})
    assert loaded.refused == {"pigeon": why}
    assert set(loaded.providers) == {"twilio", "vonage", "ovh"}


async def test_as_it_should_be_it_carries_its_own_texts(
    database: str, tmp_path: Path, install: Callable[[str], None]
) -> None:
    install("Pigeon")
    async with neighbours(database, tmp_path) as (place, took):
        assert await kept(place) >= 0.9
        await place.audit()
    assert len(took) > 5


@pytest.fixture
def no_cells(monkeypatch: pytest.MonkeyPatch) -> None:
    """Plugins are called where they stand, as our own pages are."""
    for module in (send, calls, hooks):
        monkeypatch.setattr(module, "cell_of", lambda _provider, **_door: cell.HERE)


@pytest.mark.usefixtures("no_cells")
async def test_control_called_where_it_stands_it_holds_up_all_others(
    database: str, tmp_path: Path, install: Callable[[str], None], caplog: pytest.LogCaptureFixture
) -> None:
    install("Sleeps")
    async with neighbours(database, tmp_path) as (place, took):
        with pytest.raises(AssertionError, match=r">= 0\.9"):
            await a_send_is_contained(place, took, SENDING["Sleeps"], caplog)
