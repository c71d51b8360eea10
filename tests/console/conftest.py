"""One demo and one browser for all tests of the console, and a page for each."""

from __future__ import annotations

import asyncio
import json
import shutil
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, async_playwright

from tests.cli.paravent import Paravent

FLAGS = (
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
)  # fmt: skip
PATIENCE = 20_000
"""Milliseconds that anything on a page may take, on a busy machine too."""

Opener = Callable[..., Awaitable[Page]]


@dataclass(frozen=True)
class Demo:
    """A demo that runs: its console, and the simulated carriers' control API."""

    url: str
    control: str
    paravent: Paravent

    async def mend(self) -> None:
        """End every fault and every raid, and open every account."""
        async with aiohttp.ClientSession() as session:
            async with session.delete(f"{self.control}/faults") as answer:
                assert answer.status == 204
            for account in ("twilio", "vonage", "ovh"):
                async with session.post(f"{self.url}api/v1/accounts/{account}/restore", json={}) as answer:
                    assert answer.status == 200
            async with session.get(f"{self.url}api/v1/raid") as answer:
                raid = await answer.json()
        if raid["mode"] == "raid" or raid["held"]:
            await self.calm()

    async def counted(self) -> None:
        """Wait until what came in by now is counted: what is usual is known, and whether it is a raid."""
        now = datetime.now(UTC)
        async with aiohttp.ClientSession() as session:
            for _ in range(PATIENCE // 100):
                async with session.get(f"{self.url}api/v1/raid") as answer:
                    to = (await answer.json())["counted_to"]
                if to and datetime.fromisoformat(to) > now:
                    return
                await asyncio.sleep(0.1)
        raise AssertionError("the texts were not counted")

    async def calm(self) -> None:
        """End a raid: first what came in is counted, or it would begin another."""
        await self.counted()
        await self.order("api/v1/raid/held/drop")
        await self.order("api/v1/raid/end")

    async def order(self, path: str, what: dict[str, Any] | None = None) -> None:
        """Order something, as the page does."""
        async with aiohttp.ClientSession() as session, session.post(self.url + path, json=what or {}) as done:
            assert done.status == 200


@pytest.fixture(scope="session")
def running() -> Iterator[Demo]:
    with tempfile.TemporaryDirectory(prefix="paravent-console-") as made:
        folder = Path(made)
        folder.chmod(0o711)
        paravent = Paravent(folder)
        with paravent.started("demo", "--port", 0, "--for", 3_600, until="It ends by itself"):
            where = json.loads((folder / "demo" / "running.json").read_text())
            yield Demo(where["console_url"], where["control_url"], paravent)


@pytest_asyncio.fixture(loop_scope="session")
async def demo(running: Demo) -> AsyncIterator[Demo]:
    """The demo, whole again after each test."""
    yield running
    await running.mend()


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def browser() -> AsyncIterator[Browser]:
    found = shutil.which("chromium") or shutil.which("chromium-browser")
    assert found, "PARAVENT_REQUIRE names browser, but there is no chromium: apt-get install chromium"
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=found, args=[*FLAGS])
        yield browser
        await browser.close()


@pytest_asyncio.fixture(loop_scope="session")
async def visit(browser: Browser) -> AsyncIterator[Opener]:
    """Opens pages as a fresh visitor; whatever such a page complains of fails the test."""
    complaints: list[str] = []
    contexts = []

    async def opened(url: str, *, quiet: bool = False, **look: Any) -> Page:
        context = await browser.new_context(
            **{"locale": "en-GB", "viewport": {"width": 1280, "height": 900}, **look}
        )
        contexts.append(context)
        page = await context.new_page()
        page.set_default_timeout(PATIENCE)
        if not quiet:
            page.on("console", lambda said: _note(complaints, said.type, said.text))
            page.on("pageerror", lambda error: complaints.append(str(error)))
        await page.goto(url)
        return page

    yield opened
    for context in contexts:
        await context.close()
    assert complaints == []


def _note(complaints: list[str], kind: str, text: str) -> None:
    if kind in {"error", "warning"}:
        complaints.append(text)
