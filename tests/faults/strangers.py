"""Many strangers: `python -m tests.faults.strangers --senders 50000`.

Each texts once, through the carriers, to real `serve` processes; the database is away for a while, and
carriers fail. Then the series of both pages are counted, and every output is searched for every sender's
number, for the word that is in each text, and for every secret of the settings. Exit code 1: too many, or one
was found.
"""

from __future__ import annotations

import argparse
import asyncio
import secrets
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic

import aiohttp
from aiohttp import web

from tests.canaries import found, numbers_found
from tests.faults.chaos import Order, Round, in_order, stage, texter_of
from tests.faults.database import ROOT
from tests.faults.routers import Plan

MOST_SERIES = 2_000
WORD = "canari-au-fond-de-la-mine"
"""In every text."""
_TOGETHER, _SAMPLE = 48, 40
_SPOOLED, _NEWS = 20, 15.0
_PATIENCE, _PATIENCE_PER_TEXT = 45.0, 0.02
_PAGES = (
    "/metrics", "/metrics/state", "/healthz", "/readyz", "/", "/api/v1/health", "/api/v1/accounts",
    "/api/v1/budget", "/api/v1/raid", "/api/openapi.json", "/nowhere",
)  # fmt: skip
COMMANDS = (
    ("accounts",), ("accounts", "--json"), ("accounts", "cut", "nobody"), ("budget", "--json"),
    ("raid", "--json"), ("doctor",), ("check",), ("migrate",), ("evidence", "verify"),
)  # fmt: skip
_TABLES = "SELECT tablename FROM pg_tables WHERE schemaname = 'public'"
_EVER = ("--from", "2017-01-01", "--to", "2100-01-01")


@dataclass
class Said:
    """What came of it.

    Args:
        senders: Who texted, by E.164 number.
        before: The series of both pages, before the first text.
        after: Likewise, after the last.
        outputs: Everything that came out, by where.
        secrets: By name.
    """

    senders: list[str] = field(repr=False)
    before: set[str] = field(default_factory=set, repr=False)
    after: set[str] = field(default_factory=set, repr=False)
    outputs: dict[str, bytes] = field(default_factory=dict, repr=False)
    secrets: dict[str, str] = field(default_factory=dict, repr=False)

    def hits(self) -> list[str]:
        """Each number, word and secret that was found, by where."""
        few = dict(zip(map("sender {}".format, range(_SAMPLE)), self.senders, strict=False))
        encoded = {name: number.removeprefix("+") for name, number in few.items()}
        return [
            *numbers_found(self.senders, self.outputs),
            *found({"the word of the texts": WORD} | self.secrets | encoded, self.outputs),
        ]


@asynccontextmanager
async def _told() -> AsyncIterator[tuple[str, list[bytes]]]:
    """Where the operator is told news: the address, and what came there."""
    came: list[bytes] = []

    async def hear(request: web.Request) -> web.Response:
        came.append(repr(request.headers).encode() + await request.read())
        return web.Response()

    app = web.Application()
    app.router.add_post("/news", hear)
    runner = web.AppRunner(app)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        yield f"http://127.0.0.1:{runner.addresses[0][1]}/news", came
    finally:
        await runner.cleanup()


async def run(
    senders: int,
    *,
    without: Sequence[str] = (),
    commands: Sequence[Sequence[str]] = COMMANDS,
    server_at: tuple[str, Path] | None = None,
) -> Said:
    """So many senders, each with one text.

    Args:
        senders: How many.
        without: Protections that are off.
        commands: What is asked of `paravent`, beside a folder of evidence.
        server_at: See `chaos.stage`.
    """
    token = secrets.token_urlsafe(24)
    off = [word for name in without for word in ("--without", name)]
    async with _told() as (url, came):
        more = f'{Plan().more}\n[operator]\ntoken = "{token}"\nnotify_url = "{url}"\n'
        plan = Plan(launcher=off or None, processes=(2,), limit=max(5, senders // 100), more=more)
        async with stage(Order(texts=0), plan, server_at=server_at) as one:
            said = Said([texter_of(place) for place in range(senders)])
            said.secrets = {name: value for name, value in one.carriers.environment.items() if _secret(name)}
            said.secrets["the operator's token"] = token
            async with aiohttp.ClientSession(headers={"Authorization": f"Bearer {token}"}) as session:
                said.before = await _series(one, session)
                await _texts(one, said)
                with suppress(TimeoutError):  # accounts were suspended: most likely it is said
                    async with asyncio.timeout(_NEWS):
                        while not came:  # noqa: ASYNC110
                            await asyncio.sleep(0.1)
                await _pages(one, session, said.outputs)
                said.after = await _series(one, session)
            await _commands(one, said.outputs, commands)
            await _files(one, said.outputs)
            said.outputs["news"] = b"\n".join(came)
            said.outputs["roots"] = "\n".join(one.notary.told).encode()
    return said


def _secret(name: str) -> bool:
    return name.endswith(("_TOKEN", "_SECRET", "_KEY"))


def _base(one: Round) -> str:
    return f"http://127.0.0.1:{one.routers.serves[0].port}"


async def _series(one: Round, session: aiohttp.ClientSession) -> set[str]:
    series: set[str] = set()
    for path in ("/metrics", "/metrics/state"):
        async with session.get(_base(one) + path) as answer:
            lines = (await answer.text()).splitlines()
            series |= {line.rpartition(" ")[0] for line in lines if line and not line.startswith("#")}
    return series


async def _texts(one: Round, said: Said) -> None:
    """All of them, as fast as it goes; for the last, the database is away."""
    names, turns = list(one.carriers.numbers), asyncio.Semaphore(_TOGETHER)
    for carrier in names:
        for fault in ("suspend", "error_after", "refuse"):
            await one.carriers.fault(carrier, fault, times=2)

    async def text(place: int) -> None:
        async with turns:
            sender = said.senders[place]
            await one.carriers.text(names[place % len(names)], sender, f"Salut {WORD} {place}")

    last = max(0, len(said.senders) - _SPOOLED)
    async with asyncio.TaskGroup() as before:
        for place in range(last):
            before.create_task(text(place))
    one.database.proxy.refuse()
    async with asyncio.TaskGroup() as meanwhile:
        for place in range(last, len(said.senders)):
            meanwhile.create_task(text(place))
    spooled = [file.read_bytes() for file in (one.routers.folder / "spool").iterdir()]
    said.outputs["the spool"] = b"\n".join(spooled)
    one.database.proxy.resume()
    await _stored(one, len(said.senders))


async def _stored(one: Round, senders: int) -> None:
    """Wait until every sender's text is. Raises TimeoutError."""
    async with asyncio.timeout(_PATIENCE + senders * _PATIENCE_PER_TEXT):
        while await one.database.one("SELECT count(DISTINCT texter) FROM inbound") < senders:  # noqa: ASYNC110
            await asyncio.sleep(0.5)


async def _pages(one: Round, session: aiohttp.ClientSession, outputs: dict[str, bytes]) -> None:
    for path in _PAGES:
        async with session.get(_base(one) + path) as answer:
            outputs[path] = repr(answer.headers).encode() + await answer.read()
        async with session.get(_base(one) + path, headers={"Authorization": "Bearer wrong"}) as answer:
            outputs[f"{path}, by a stranger"] = repr(answer.headers).encode() + await answer.read()
    async with session.get(f"{_base(one)}/api/v1/events") as answer, asyncio.timeout(30):
        outputs["events"] = await answer.content.readuntil(b"\n\n")


async def _commands(one: Round, outputs: dict[str, bytes], commands: Sequence[Sequence[str]]) -> None:
    """What commands say, also those that fail, and a folder of evidence as it is handed on."""
    settings = ("--config", str(one.routers.folder / "judge.toml"))
    folder = one.routers.folder / "handed"
    export = ("evidence", "export", *_EVER, "--out", str(folder))
    asked = [(*words, *settings) for words in (*commands, export)]
    for words in (*asked, ("serve", "--config", str(one.routers.folder / "missing.toml"))):
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "router.cli", *words, cwd=ROOT, env=one.routers.serves[0].environment,
            stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
        )  # fmt: skip
        outputs[f"paravent {' '.join(words[:3])}"], _ = await asyncio.wait_for(process.communicate(), 600)
    for file in folder.rglob("*"):
        if file.is_file():
            outputs[f"handed on: {file.name}"] = file.read_bytes()


async def _files(one: Round, outputs: dict[str, bytes]) -> None:
    """Logs, and every table as a stolen copy shows it."""
    for serve in one.routers.serves:
        outputs[serve.log.name] = serve.log.read_bytes()
    outputs["the database's log"] = (one.database.folder / "postgres/server.log").read_bytes()
    for row in await one.database.fetch(_TABLES):
        name = row["tablename"]
        lines = await one.database.fetch(f"SELECT t::text AS said FROM {name} t")
        outputs[f"table {name}"] = "\n".join(line["said"] for line in lines).encode()


async def main(words: Sequence[str] | None = None) -> int:
    """Run it and say what came of it; 1 if it is not as promised."""
    parser = argparse.ArgumentParser(prog="python -m tests.faults.strangers", description=__doc__)
    parser.add_argument("--senders", type=int, default=50_000)
    parser.add_argument("--without", action="append", default=[], choices=["seal"])
    given = parser.parse_args(words)
    began = monotonic()
    said = await run(given.senders, without=given.without)
    size = sum(map(len, said.outputs.values()))
    print(
        f"{len(said.senders):,} senders; {len(said.before):,} series before, {len(said.after):,} after"
        f" (at most {MOST_SERIES:,}); {len(said.outputs)} outputs, {size / 1e6:,.0f} MB, searched for every"
        f" number, the word of the texts and {len(said.secrets)} secrets; {monotonic() - began:.0f} s"
    )
    hits = said.hits()
    print("\n".join(f"  {hit}" for hit in hits) or "  0 hits")
    return bool(hits) or len(said.after) > MOST_SERIES


if __name__ == "__main__":
    raise SystemExit(in_order(main()))
