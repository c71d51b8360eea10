"""The simulated carriers in a process of their own (`paravent simulate`), and the journal of the truth."""

from __future__ import annotations

import asyncio
import json
import sys
from collections import defaultdict
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any

import aiohttp

from tests.faults.database import ROOT

_PATIENCE = 60.0
_PAGE = 5_000


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the journal; see the simulator's `Kind` for what kinds there are."""

    kind: str
    carrier: str
    at: datetime
    provider_id: str
    reference: str
    to: str = field(repr=False)
    sender: str = field(repr=False)
    text: str = field(repr=False)
    parts: int
    price: Decimal
    status: int | None


@dataclass
class Carriers:
    """Three carriers, worked through their control API.

    Args:
        numbers: Each carrier's published number.
        environment: What settings take from the environment to reach them.
        journal: What happened so far, by kind; `read` brings the rest.
    """

    control: str
    numbers: Mapping[str, str]
    environment: Mapping[str, str] = field(repr=False)
    session: aiohttp.ClientSession = field(repr=False)
    journal: defaultdict[str, list[Entry]] = field(default_factory=lambda: defaultdict(list), repr=False)
    struck: defaultdict[str, int] = field(default_factory=lambda: defaultdict(int))
    _read: int = 0

    async def text(self, carrier: str, texter: str, words: str) -> None:
        """Text a carrier's number; what became of it is in the journal."""
        said = {"to": self.numbers[carrier], "from": texter, "text": words}
        await self._call("POST", "/texts", said)

    async def fault(self, carrier: str, name: str, *, times: int | None = None, **more: object) -> None:
        """Make something go wrong, `times` times or until `clear`."""
        await self._call("POST", "/faults", {"carrier": carrier, "fault": name, **more}
                         | ({} if times is None else {"times": times}))  # fmt: skip
        self.struck[name] += times or 1

    async def clear(self, carrier: str = "", name: str = "") -> None:
        """End one fault, or all."""
        narrowed = "&".join(f"{key}={said}" for key, said in (("carrier", carrier), ("fault", name)) if said)
        await self._call("DELETE", f"/faults?{narrowed}")

    async def read(self) -> None:
        """Read the journal on."""
        while True:
            page = (await self._call("GET", f"/journal?since={self._read}&limit={_PAGE}"))["entries"]
            for one in page:
                self.journal[one["kind"]].append(
                    Entry(
                        kind=one["kind"],
                        carrier=one["carrier"],
                        at=datetime.fromisoformat(one["at"]),
                        provider_id=one["provider_id"],
                        reference=one["reference"],
                        to=one["to"],
                        sender=one["sender"],
                        text=one["text"],
                        parts=one["parts"],
                        price=Decimal(one["price"]),
                        status=one["status"],
                    )
                )
            self._read += len(page)
            if len(page) < _PAGE:
                return

    async def connect(self, carrier: str, hook: str) -> None:
        """Say where a carrier posts."""
        urls = {"inbound_url": f"{hook}/inbound", "receipt_url": f"{hook}/receipt"}
        await self._call("POST", "/webhooks", {"carrier": carrier, **urls})

    async def balance(self, carrier: str, amount: int) -> None:
        """Set what is left there."""
        await self._call("POST", "/balance", {"carrier": carrier, "balance": amount})

    async def _call(self, method: str, path: str, said: Mapping[str, object] | None = None) -> Any:
        async with self.session.request(method, self.control + path, json=said) as answer:
            body = await answer.text()
            assert answer.status < 300, f"{path}: {body}"
            return json.loads(body) if body else None


@asynccontextmanager
async def carriers() -> AsyncIterator[Carriers]:
    """Have carriers running, each with money for a long night."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "router.cli", "simulate", "--json", "--for", "86400",
        cwd=ROOT, stdout=asyncio.subprocess.PIPE, start_new_session=True,
    )  # fmt: skip
    assert process.stdout is not None
    try:
        said = b""
        async with asyncio.timeout(_PATIENCE):
            while not said.endswith(b"\n}\n"):
                said += await process.stdout.readline()
        found = json.loads(said)
        urls = {f"{name.upper()}_URL": one["base_url"] for name, one in found["carriers"].items()}
        urls["OVH_URL"] += "/1.0"
        timeout = aiohttp.ClientTimeout(total=_PATIENCE)
        connector = aiohttp.TCPConnector(limit=256)
        async with aiohttp.ClientSession(timeout=timeout, connector=connector, trust_env=False) as session:
            numbers = {name: one["numbers"][0] for name, one in found["carriers"].items()}
            running = Carriers(found["control_url"], numbers, found["environment"] | urls, session)
            for name in numbers:
                await running.balance(name, 10_000_000)
            yield running
    finally:
        with suppress(ProcessLookupError):
            process.kill()
        await process.wait()
