"""Secrets, numbers and words planted everywhere, and searched for in everything that comes out."""

from __future__ import annotations

import asyncio
import base64
import logging
import os
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import quote, urlencode

import asyncpg
import pytest
from aiohttp import ClientSession
from pydantic import SecretStr

from router.postgres.embedded import Server, embedded
from router.postgres.migrate import migrate
from router.settings import Settings
from tests.canaries import found
from tests.sweep.town import Town, town

pytestmark = pytest.mark.xdist_group("own-database")
TEXTER = "+33639989876"
WORDS = "canary-words c'est Kevin"
OPERATOR = "canary-operator-token-0123456789"
PASSWORD = "canary-password"
NOTIFY = "canary-notify-secret"
PAGES = (
    "/metrics", "/metrics/state", "/healthz", "/readyz", "/api/v1/health", "/api/v1/accounts",
    "/api/v1/budget", "/api/openapi.json", "/", f"/hooks/{NOTIFY}/inbound", f"/api/v1/{quote(WORDS)}",
)  # fmt: skip


_NUMBERS = {"twilio": "poster", "vonage": "stickers", "ovh": "website"}


def planted(settings: Settings) -> dict[str, str]:
    """What must not come out, by what it is. The console may name a published number, nothing else may."""
    tree = {name: account.settings for name, account in settings.accounts.items()}
    secrets = {
        f"{name}.{field}": value.get_secret_value()
        for name, section in tree.items()
        for field, value in section
        if hasattr(value, "get_secret_value")
    }
    tokens = {
        f"{name}.hook_token": account.hook_token.get_secret_value()
        for name, account in settings.accounts.items()
        if account.hook_token is not None
    }
    return {
        **secrets,
        **tokens,
        "a texter": TEXTER[1:],
        "a texter at home": "0" + TEXTER[3:],
        "a text": "canary-words",
        "the operator's token": OPERATOR,
        "the database's password": PASSWORD,
        "where to tell": NOTIFY,
    }


@asynccontextmanager
async def house_of_canaries(folder: Path) -> AsyncIterator[tuple[Town, Server]]:
    """A router whose settings hold canaries, on a database server of its own."""
    os.chmod(folder, 0o711)  # noqa: PTH101 -- once
    more = f'\n[operator]\ntoken = "{OPERATOR}"\nnotify_url = "http://127.0.0.1:9/{NOTIFY}"\n'
    async with embedded(folder) as server:
        await migrate(server.dsn)
        dsn = server.dsn.replace("paravent@", f"paravent:{PASSWORD}@", 1)
        async with town(dsn, folder, more=more) as here:
            yield here, server


async def lived(here: Town, server: Server) -> dict[str, bytes]:
    """Everything that a router says in a life with faults, forgeries and an outage, by where it says it."""
    base, outputs = here.house.settings.base_url, {}
    for fault in ("suspend", "error_after"):
        await here.network.fault("twilio", fault, times=2)
    for carrier in ("twilio", "vonage", "ovh"):
        await here.network.text(
            to=here.house.settings.numbers[_NUMBERS[carrier]].number, sender=TEXTER, text=WORDS
        )
    async with ClientSession() as session:

        async def ask(name: str, method: str, path: str, token: str = OPERATOR, **more: object) -> None:
            headers = {"Authorization": f"Bearer {token}"}
            async with session.request(method, base + path, headers=headers, **more) as answer:  # type: ignore[arg-type]
                outputs[name] = repr(answer.headers).encode() + await answer.read()

        form = urlencode({"MessageSid": "SM" + "1" * 32, "From": TEXTER, "To": TEXTER, "Body": WORDS})
        for account in ("twilio", "vonage", f"ovh/{NOTIFY}", NOTIFY):
            await ask(f"forged {account}", "POST", f"/hooks/{account}/inbound?{form}", data=form.encode())
        await asyncio.gather(
            *(ask(path, "GET", path) for path in PAGES),
            *(ask(f"{path} with a wrong token", "GET", path, token=NOTIFY) for path in PAGES),
        )
        await server.stop(immediate=True)
        number = here.house.settings.numbers["poster"].number
        _, status = await here.network.text(to=number, sender=TEXTER, text=WORDS)
        assert status == 200
        outputs["the spool"] = b"".join(
            file.read_bytes() for file in (here.house.settings.data / "spool").iterdir()
        )
        assert outputs["the spool"]
        await asyncio.gather(*(ask(f"{path} without a database", "GET", path) for path in PAGES))
    await server.start()
    outputs["reprs"] = repr([here.house, here.house.settings, here.house.office, here.house.spool]).encode()
    return outputs


async def _nothing_comes_out(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    with tempfile.TemporaryDirectory(prefix="paravent-canaries-") as folder:
        async with house_of_canaries(Path(folder)) as (here, server):
            outputs = await lived(here, server)
            canaries = planted(here.house.settings)
            async with asyncio.timeout(20):
                while here.house.spool.waiting():  # noqa: ASYNC110 -- files tell nobody
                    await asyncio.sleep(0.05)
            outputs |= await _dumped(server)
            outputs["the database's log"] = server.log.read_bytes()
        formatter = logging.Formatter()
        outputs["the log"] = "\n".join(
            formatter.format(record) + repr(record.args)
            for record in caplog.records
            if record.name.startswith("router")
        ).encode()
    assert len(canaries) > 10
    assert len(outputs) > 40
    assert outputs["the log"]
    assert found(canaries, outputs) == []


async def _dumped(server: Server) -> dict[str, bytes]:
    """Every table, as text: what a stolen backup shows."""
    database = await asyncpg.connect(server.dsn)
    try:
        tables = await database.fetch("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
        return {
            f"table {name}": "\n".join(
                row["said"] for row in await database.fetch(f"SELECT t::text AS said FROM {name} t")
            ).encode()
            for (name,) in tables
        }
    finally:
        await database.close()


async def test_nothing_planted_comes_out(caplog: pytest.LogCaptureFixture) -> None:
    await _nothing_comes_out(caplog)


async def test_without_the_seal_it_would(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("router.vault.Vault.seal", lambda _vault, plain, _about: plain)
    with pytest.raises(AssertionError, match="in table inbound"):
        await _nothing_comes_out(caplog)


async def test_without_hiding_them_secrets_would(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(SecretStr, "_display", SecretStr.get_secret_value)
    with pytest.raises(AssertionError, match="in reprs"):
        await _nothing_comes_out(caplog)


def test_what_is_planted_would_be_found_however_it_is_spelled() -> None:
    said = WORDS.encode()
    outputs = {f"base64 at {lead}": base64.b64encode(b"x" * lead + said + b"more") for lead in range(5)}
    outputs |= {"plain": b"-" + said, "url": quote(WORDS).encode(), "hex": b"00" + said.hex().encode()}
    assert found({"a text": WORDS}, outputs) == [f"a text in {where}" for where in outputs]
