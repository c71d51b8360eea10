"""Three simulated carriers, the real router between them, and a database of their own."""

from __future__ import annotations

import asyncio
import itertools
import socket
import tomllib
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any, TypeVar
from unittest import mock

import asyncpg

from providers.simulator.journal import Entry
from providers.simulator.network import Network
from router import service
from router.arrivals import text_id
from router.settings import load
from router.stage import cast, signpost
from router.stage.cast import NUMBERS
from tests import audit

T = TypeVar("T")
PATIENCE = 30.0
CREDIT = Decimal("0.065")
_texters = itertools.count(1)
# To make an RSA key takes a tenth of what most towns live for: those of one process share theirs.
_key_pair = cache(cast._key_pair)

_MORE = """
[health]
probe_first = "200ms"

[workers]
poll_every = "1h"
"""


@dataclass
class Town:
    """What a test of the sweep works with. Sends and charges are read from the journal."""

    network: Network
    house: service.Service
    dsn: str
    database: asyncpg.Connection[Any] = field(repr=False)

    async def text(self, carrier: str, words: str = "Salut c'est Kevin") -> str:
        """Text a carrier's number from a number that nobody has had; answer that number."""
        texter = fresh_texter()
        await self.network.text(to=NUMBERS[carrier], sender=texter, text=words)
        return texter

    def sends(self, texter: str) -> list[Entry]:
        """What any carrier took to send to a texter."""
        return self.network.journal.sends(to=texter)

    async def round(self, duty: str) -> None:
        """One round of a duty, now, whoever's duty it is."""
        await self.house.sweep.duties[duty].act()

    async def rows(self, query: str, *arguments: Any) -> list[dict[str, Any]]:
        """What the database holds."""
        return [dict(row) for row in await self.database.fetch(query, *arguments)]

    async def attempts(self, texter: str) -> list[dict[str, Any]]:
        """Every attempt to answer a texter, oldest first."""
        pseudonym = self.house.office.vault.pseudonym(texter)
        return await self.rows("SELECT * FROM attempt WHERE texter = $1 ORDER BY armed_at", pseudonym)

    async def replies(self, texter: str) -> list[dict[str, Any]]:
        """Every reply to a texter."""
        pseudonym = self.house.office.vault.pseudonym(texter)
        return await self.rows("SELECT * FROM reply WHERE texter = $1 ORDER BY received_at", pseudonym)

    async def eventually(self, look: Callable[[], Awaitable[T]], holds: Callable[[T], object]) -> T:
        """Look again until it holds.

        Raises:
            AssertionError: It did not in time; the message has the last look.
        """
        deadline = asyncio.get_running_loop().time() + PATIENCE
        while not holds(seen := await look()):
            assert asyncio.get_running_loop().time() < deadline, f"it never held; last seen: {seen}"
            await asyncio.sleep(0.02)
        return seen

    async def attempted(self, texter: str, *states: str) -> list[dict[str, Any]]:
        """The attempts, once their states are these."""
        return await self.eventually(
            lambda: self.attempts(texter), lambda rows: [row["state"] for row in rows] == list(states)
        )

    async def settled(self) -> None:
        """Wait until every receipt is out, stored and applied."""
        await self.network.idle()
        await self.eventually(
            lambda: self.rows("SELECT id FROM receipt WHERE applied_at IS NULL"), lambda rows: not rows
        )

    async def books(self, carrier: str) -> int:
        """Millionths that our books say were spent through an account."""
        return int(
            await self.database.fetchval(
                "SELECT coalesce(sum(spent), 0) FROM purse_window WHERE purse = $1", carrier
            )
        )

    async def audit(self) -> None:
        """Every invariant of the books holds."""
        await audit.audit(self.dsn)


def fresh_texter() -> str:
    """A French mobile number that is kept for fiction."""
    return f"+3363998{next(_texters):04}"


def inbound_id(carrier: str, entry: Entry) -> Any:
    """The id that our house gives a text."""
    return text_id(carrier, entry.provider_id)


@asynccontextmanager
async def town(
    dsn: str,
    folder: Path,
    *,
    more: str = _MORE,
    change: Callable[[str], str] = lambda written: written,
    inbound_prices: Mapping[str, Decimal] | None = None,
    connected: bool = True,
    ahead: timedelta = timedelta(),
) -> AsyncIterator[Town]:
    """Run it until the block ends.

    Args:
        dsn: A migrated database.
        folder: For keys and settings.
        more: Further sections of the settings.
        change: Changes the demo's settings.
        inbound_prices: What carriers charge for receiving, where not the demo's.
        connected: Whether the carriers know our door.
        ahead: How far the carriers' clock is before ours.
    """
    with mock.patch.object(cast, "_key_pair", _key_pair):
        made = cast.cast()
    for account in made.accounts.values():
        account.step_seconds = 0.02
    for name, price in (inbound_prices or {}).items():
        made.accounts[name].inbound_price = price
    settings_file = folder / "paravent.toml"
    written = change(signpost.SETTINGS.read_text() + more)
    tomllib.loads(written)
    settings_file.write_text(written)
    with socket.create_server(("127.0.0.1", 0)) as door:
        async with Network(made.accounts, clock=lambda: datetime.now(UTC) + ahead) as network:
            environment = {
                **made.environment,
                "PARAVENT_DATA": str(folder),
                "PARAVENT_LISTEN": f"127.0.0.1:{door.getsockname()[1]}",
                "TWILIO_URL": network.base_url("twilio"),
                "VONAGE_URL": network.base_url("vonage"),
                "OVH_URL": f"{network.base_url('ovh')}/1.0",
            }
            settings = load(settings_file, environment)
            for name in network.carriers if connected else ():
                hook = service.hook_url(settings, name)
                network.connect(name, inbound_url=f"{hook}/inbound", receipt_url=f"{hook}/receipt")
            connection = await asyncpg.connect(dsn)
            try:
                async with service.house(settings, dsn, door) as house:
                    yield Town(network, house, dsn, connection)
            finally:
                await connection.close()
