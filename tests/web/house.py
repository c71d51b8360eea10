"""A house with its door open: real database, real accounts, a worker that only notes what it is handed."""

from __future__ import annotations

import base64
import hmac
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlencode
from uuid import uuid4

import aiohttp
import asyncpg

from router import service
from router.departures import Departures
from router.metrics import Metrics
from router.office import Office, Purses
from router.postgres.accounts import Accounts
from router.postgres.desk import Desk
from router.postgres.inbox import Claimed, Inbox
from router.postgres.ledger import Ledger
from router.postgres.pool import Line, Pool
from router.postgres.purses import Purses as PurseRows
from router.settings import Settings, load
from router.settings.proof import seals
from router.spool import Spool
from router.vault import Vault
from router.web import Lately, Phone, Terms, app, serve
from router.web.terms import Public
from router.wire import AioWire

PUBLIC = "https://localhost/door"
TOKEN = "t0ken-of-twilio-0123456789abcdef"
HOOK_TOKEN = "hook-token-of-twenty-characters-and-more"
FRONT, SIDE = "+33937000001", "+33937000003"
TEXTER = "+33639980001"

_TOML = """
[rates]
credit = "0.065"

[budget]
limit = "20.00"
period = "month"

[accounts.twilio]
provider = "twilio"
prices = { FR = "0.05 EUR" }
receive_price = "0.01 EUR"
budget = { limit = "5.00", period = "day" }
[accounts.twilio.settings]
account_sid = "AC0000000000000000000000000000000a"
auth_token = "t0ken-of-twilio-0123456789abcdef"

[accounts.ovh]
provider = "ovh"
prices = { FR = "1 credit" }
budget = { limit = "unlimited", period = "month" }
hook_token = "hook-token-of-twenty-characters-and-more"
[accounts.ovh.settings]
service_name = "sms-ab12345-1"
application_key = "key-of-ovh"
application_secret = "secret-of-ovh"
consumer_key = "consumer-of-ovh"
virtual_numbers = ["+33937000003"]

[numbers.front]
number = "+33937000001"
account = "twilio"
reply_from = { account = "twilio", sender = "+33937000001" }
fallback = [{ account = "ovh", sender = "+33937000003" }]

[numbers.side]
number = "+33937000003"
account = "ovh"
reply_from = { account = "ovh", sender = "+33937000003" }
fallback = []

[replies]
language = "fr"
texts = { fr = "Un non est un non.", en = "No means no." }
"""


@dataclass
class Ledge:
    """Stands in for the worker: has room or not, and keeps what it is handed."""

    office: Office = field(repr=False)
    places: bool = False
    handed: list[Claimed] = field(default_factory=list)

    def room(self) -> bool:
        return self.places

    def open_lanes(self) -> list[str]:
        return self.office.open_lanes(self.office.now())

    def hand(self, claim: Claimed) -> None:
        self.handed.append(claim)


@dataclass
class House:
    """The open door, and ways to knock and to look."""

    url: str
    office: Office
    worker: Ledge
    metrics: Metrics
    pool: Pool
    session: aiohttp.ClientSession
    settings: Settings
    spool: Spool
    told: list[str] = field(default_factory=list)

    async def knock(self, path: str, form: dict[str, str], **more: Any) -> int:
        """Post a form as Twilio would, rightly signed unless headers say otherwise."""
        body = urlencode(form, errors="surrogatepass").encode()
        headers = {"Content-Type": "application/x-www-form-urlencoded", **signed(path, form)}
        headers |= more.pop("headers", {})
        async with self.session.post(self.url + path, data=body, headers=headers, **more) as answer:
            await answer.read()
            return answer.status

    async def text(self, words: str, sid: str = "SM" + "1" * 32, **more: Any) -> int:
        form = {"MessageSid": sid, "From": TEXTER, "To": FRONT, "Body": words} | more.pop("form", {})
        return await self.knock("/hooks/twilio/inbound", form, **more)

    async def receipt(self, status: str, sid: str = "SM" + "9" * 32, **more: Any) -> int:
        path = "/hooks/twilio/receipt?reference=" + "a" * 20
        return await self.knock(path, {"MessageSid": sid, "MessageStatus": status}, **more)

    async def get(self, path: str, **more: Any) -> tuple[int, str]:
        async with self.session.get(self.url + path, **more) as answer:
            return answer.status, await answer.text()

    async def sample(self, name: str, **labels: str) -> float:
        """One series of both pages of metrics."""
        told = ",".join(f'{key}="{value}"' for key, value in sorted(labels.items()))
        for path in ("/metrics", "/metrics/state"):
            for line in (await self.get(path))[1].splitlines():
                series, _, value = line.rpartition(" ")
                if series == (f"{name}{{{told}}}" if labels else name):
                    return float(value)
        raise LookupError(f"{name} {labels} is on no page")

    async def rows(self, query: str, *arguments: object) -> list[asyncpg.Record]:
        async with self.pool.connection() as connection:
            return await connection.fetch(query, *arguments)

    async def letters(self) -> list[tuple[str, str]]:
        """Sender and body of every stored text."""
        rows = await self.rows("SELECT id, letter FROM inbound ORDER BY stored_at")
        return [self.office.vault.open_letter(row["id"], row["letter"]) for row in rows]


def signed(path: str, form: dict[str, str], at: str = PUBLIC) -> dict[str, str]:
    """Twilio's signature of a form posted to this path of the public address, or of another."""
    said = at + path + "".join(key + form[key] for key in sorted(form))
    digest = hmac.digest(TOKEN.encode(), said.encode(errors="surrogatepass"), "sha1")
    return {"X-Twilio-Signature": base64.b64encode(digest).decode()}


@asynccontextmanager
async def open_house(
    database: str,
    folder: Path,
    *,
    operator: str | None = None,
    phone: Phone | None = None,
    public: Public | None = None,
    lately: Lately | None = None,
) -> AsyncIterator[House]:
    """Open the door on a free port of 127.0.0.1."""
    toml = folder / "paravent.toml"
    toml.write_text(_TOML)
    settings = load(toml, {"PARAVENT_DATA": str(folder / "data"), "PARAVENT_PUBLIC_URL": PUBLIC})
    async with Pool(database, application="tests") as pool:
        office = await _office(settings, pool)
        ledge = Ledge(office)
        metrics = Metrics(office.accounts, office.numbers.values(), settings.currency)
        terms = Terms(
            base_url=PUBLIC,
            drills=settings.drills,
            hook_tokens={"ovh": HOOK_TOKEN},
            operator_token=operator,
            public=public,
        )
        told: list[str] = []
        spool = Spool(settings.spool, office.vault)
        application = app(
            office, ledge, metrics, pool, terms, spool,  # type: ignore[arg-type]
            receipts_waiting=lambda: told.append("receipts"), phone=phone, lately=lately,
            seals=seals(settings, office.vault),
        )  # fmt: skip
        runner = await serve(application)
        url = "http://{}:{}".format(*runner.addresses[0][:2])
        async with aiohttp.ClientSession() as session:
            try:
                yield House(url, office, ledge, metrics, pool, session, settings, spool, told)
            finally:
                await runner.cleanup()
                await office.desk.drain()
                spool.close()
                await office.wire.close()  # type: ignore[attr-defined]


async def _office(settings: Settings, pool: Pool) -> Office:
    owner, lease = uuid4(), settings.workers.lease
    purses = Purses.of(settings.purses, settings.zone)
    now = service.wall_clock
    await PurseRows(pool).sync(
        settings.purses, {name: purses.window(name, now()) for name in settings.purses}
    )
    wire = AioWire()
    return Office(
        owner=owner,
        accounts=service._accounts(settings),
        numbers=service._numbers(settings),
        policy=settings.answering,
        purses=purses,
        currency=settings.currency,
        rates=settings.rates,
        desk=Desk(pool, Inbox(owner, lease), Ledger(owner, lease), now),
        vault=Vault.in_folder(settings.data),
        wire=wire,
        departures=Departures(settings.providers, wire, now, places={}),
        now=now,
        lease=lease,
        call_deadline=settings.workers.call_deadline,
        facts=await Accounts(pool).facts(),
    )


def logged(records: list[logging.LogRecord]) -> str:
    """Everything that was logged, as one text."""
    formatter = logging.Formatter()
    return "\n".join(formatter.format(record) for record in records)


@asynccontextmanager
async def away(house: House, database: str) -> AsyncIterator[None]:
    """The database refuses every connection, and breaks off those there are."""
    house.pool._dsn = "postgresql://127.0.0.1:1/nowhere"
    admin = await asyncpg.connect(database)
    who_wait: list[Pool | Line] = [house.pool, *house.pool._lines]
    patience = [each._patience for each in who_wait]
    for each in who_wait:
        each._patience = 0.2
    try:
        await admin.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'tests'"
        )
        yield
        assert await admin.fetchval("SELECT count(*) FROM inbound") == 0
    finally:
        await admin.close()
        house.pool._dsn = database
        for each, usual in zip(who_wait, patience, strict=True):
            each._patience = usual
