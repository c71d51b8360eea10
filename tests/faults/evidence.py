"""What was sealed while everything went wrong, verified as others would: by commands, each in a process.

Roots are told away as they are made; the database, and a folder made of it, are held against what was told.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

from aiohttp import web

from tests.faults.database import ROOT, Database
from tests.faults.routers import Routers

EVIDENCE = "evidence"
_PATIENCE, _TELLING = 300.0, 150.0
_EVER = ("--from", "2017-01-01", "--to", "2100-01-01")
_TEXTS = "SELECT id::text FROM inbound"


@dataclass
class Notary:
    """Takes down the roots that it is told.

    Args:
        url: Where.
        told: Lines of JSON, as they came.
    """

    url: str = ""
    told: list[str] = field(default_factory=list)
    heard: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def settings(self) -> str:
        """A section of the settings, by which routers tell it."""
        return f'\n[evidence]\nroots_to = ["{self.url}"]\nroots_every = "1s"\n'

    async def hear(self, request: web.Request) -> web.Response:
        """Take down what is told in a request."""
        self.told += (await request.text()).splitlines()
        self.heard.set()
        return web.Response()


@asynccontextmanager
async def notary() -> AsyncIterator[Notary]:
    """Have one listening, away from everything that goes wrong."""
    found = Notary()
    app = web.Application()
    app.router.add_post("/roots", found.hear)
    runner = web.AppRunner(app)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        found.url = f"http://127.0.0.1:{runner.addresses[0][1]}/roots"
        yield found
    finally:
        await runner.cleanup()


async def unsealed(told: Notary, database: Database, routers: Routers) -> list[str]:
    """Everything that does not verify, or is not in the folder, once all has come to rest."""
    environment, settings = routers.serves[0].environment, routers.folder / "judge.toml"
    paravent = ("-m", "router.cli", "evidence")
    with suppress(TimeoutError):  # it is said below, as there is no root to compare
        await asyncio.wait_for(told.heard.wait(), _TELLING)
    with TemporaryDirectory(prefix="paravent-evidence-") as place:
        roots, folder = Path(place) / "roots.jsonl", Path(place) / "handed"
        roots.write_text("".join(f"{line}\n" for line in told.told))
        export = ("export", *_EVER, "--out", str(folder), "--full", "--config", str(settings))
        verify = ("verify", "--roots", str(roots), "--config", str(settings))
        found = [
            *await _wrong("a folder could not be made", environment, *paravent, *export),
            *await _wrong("the database does not verify", environment, *paravent, *verify),
        ]
        if not folder.exists():
            return found
        stranger = ("-I", str(folder / "verify.py"), "--roots", str(roots))
        found += await _wrong("the folder does not verify", {}, *stranger)
        sheet = (folder / "texts.csv").read_text("utf-8")
    left_out = [row["id"] for row in await database.fetch(_TEXTS) if row["id"] not in sheet]
    return found + [f"{EVIDENCE}: {len(left_out)} texts are not in the folder"] * bool(left_out)


async def _wrong(what: str, environment: Mapping[str, str], *words: str) -> list[str]:
    """Run Python; what it said, where it did not end well."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, *words, cwd=ROOT, env=dict(environment),
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip
    try:
        said, _ = await asyncio.wait_for(process.communicate(), _PATIENCE)
    except TimeoutError:
        process.kill()
        await process.wait()
        return [f"{EVIDENCE}: {what}: no end after {_PATIENCE:.0f} s"]
    return (
        [f"{EVIDENCE}: {what}: {said.decode(errors='replace')[:3_000].strip()}"] if process.returncode else []
    )
