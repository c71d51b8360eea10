"""A fourth provider, as a distribution of its own: installed, listed, held to the contract, and texted."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import re
import shutil
import socket
import tempfile
from base64 import b64encode
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import web

from providers.simulator.line import Site
from tests.house.installed import Environment, wheel
from tests.house.tree import TOP

pytestmark = pytest.mark.xdist_group("wheel")
ACME = Path(__file__).parent / "paravent-acme"
NUMBER, TEXTER, ANSWER = "+33199000001", "+33639980001", "Bonjour. Un non se respecte."
SECRETS = {"ACME_TOKEN": "token-of-acme", "ACME_SECRET": "hook-secret"}
SETTINGS = f"""
currency = "EUR"
timezone = "Europe/Paris"
listen = "127.0.0.1:DOOR"
plugins = ["acme"]
budget = {{ limit = "5.00", period = "day" }}

[accounts.acme]
provider = "acme"
prices = {{ FR = "0.05 EUR" }}
budget = {{ limit = "5.00", period = "day" }}

[accounts.acme.settings]
token = "env:ACME_TOKEN"
webhook_secret = "env:ACME_SECRET"
base_url = "http://127.0.0.1:CARRIER"

[numbers.poster]
number = "{NUMBER}"
account = "acme"
reply_from = {{ account = "acme", sender = "{NUMBER}" }}
fallback = []

[replies]
language = "fr"
texts = {{ fr = "{ANSWER}" }}
"""

Install = Callable[..., Environment]


@pytest.fixture(scope="module")
def _ours(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return wheel(TOP, tmp_path_factory.mktemp("ours"))


@pytest.fixture(scope="module")
def install(_ours: Path, tmp_path_factory: pytest.TempPathFactory) -> Install:
    """Makes an environment with Paravent and the plugin, after `change` of its page."""

    def make(change: Callable[[str], str] = str) -> Environment:
        source = shutil.copytree(ACME, tmp_path_factory.mktemp("source") / "paravent-acme")
        page = source / "acme.py"
        page.write_text(change(page.read_text(encoding="utf-8")), encoding="utf-8")
        made = Environment.make(tmp_path_factory.mktemp("environment"))
        made.install(_ours, wheel(source, tmp_path_factory.mktemp("acme")))
        return made

    return make


@pytest.fixture(scope="module")
def environment(install: Install) -> Environment:
    """Paravent with the plugin as it is."""
    return install()


@pytest.fixture
def outside() -> Iterator[Path]:
    """A folder outside the checkout, which a database's own user can pass through."""
    with tempfile.TemporaryDirectory(prefix="paravent-acme-") as folder:
        Path(folder).chmod(0o711)
        yield Path(folder)


def write(folder: Path, settings: str, **ports: int) -> None:
    for name, port in ports.items():
        settings = settings.replace(name.upper(), str(port))
    (folder / "paravent.toml").write_text(settings, encoding="utf-8")


def listed(environment: Environment, folder: Path) -> dict[str, Any]:
    """The plugin as `paravent providers` tells of it."""
    done = environment.run("paravent", "providers", "--json", cwd=folder, variables=SECRETS)
    (found,) = [each for each in json.loads(done.stdout)["providers"] if each["name"] == "acme"]
    return {**found, "exit": done.returncode}


def test_it_stands_as_the_plugin_authors_page_shows_it() -> None:
    page = (TOP / "providers" / "README.md").read_text(encoding="utf-8")
    blocks = dict(re.findall(r"```(?:python|toml)\n# (\S+)\n(.*?)```", page, re.DOTALL))
    assert {name: (ACME / name).read_text(encoding="utf-8") for name in blocks} == blocks


def test_it_knows_nothing_but_the_public_face() -> None:
    imported = re.findall(
        r"^(?:from|import) (\S+)", (ACME / "acme.py").read_text(encoding="utf-8"), re.MULTILINE
    )
    assert set(imported) == {"hashlib", "hmac", "json", "base64", "providers", "pydantic"}


def test_it_shows_among_the_providers_and_runs_once_it_is_named(
    environment: Environment, outside: Path
) -> None:
    write(outside, SETTINGS.replace('plugins = ["acme"]', ""))
    found = listed(environment, outside)
    assert (found["distribution"], found["version"], found["state"]) == (
        "paravent-acme",
        "1.0.0",
        "not named",
    )
    write(outside, SETTINGS)
    found = listed(environment, outside)
    assert (found["state"], found["abilities"], found["exit"]) == (
        "may run",
        ["balance", "signed_webhooks"],
        0,
    )


def test_settings_that_use_it_without_naming_it_do_not_start(environment: Environment, outside: Path) -> None:
    write(outside, SETTINGS.replace('plugins = ["acme"]', ""), door=8080, carrier=9)
    done = environment.run("paravent", "serve", cwd=outside, variables=SECRETS)
    assert done.returncode == 2
    assert "accounts.acme.provider" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_plugin_for_another_contract_is_refused_by_name(install: Install, outside: Path) -> None:
    environment = install(
        lambda page: page.replace('    name = "acme"', '    name = "acme"\n    contract = 2')
    )
    write(outside, SETTINGS, door=8080, carrier=9)
    found = listed(environment, outside)
    assert (found["state"], found["exit"]) == ("refused", 1)
    assert "another contract" in found["why"]
    done = environment.run("paravent", "serve", cwd=outside, variables=SECRETS)
    assert done.returncode == 2
    assert "acme" in done.stderr


@pytest.mark.parametrize("broken", [False, True], ids=["as it is", "control"])
def test_it_passes_the_shipped_suite_where_it_is_installed(
    install: Install, environment: Environment, outside: Path, broken: bool
) -> None:
    where = (
        install(lambda page: page.replace("if not hmac.compare_digest", "if hmac is not"))
        if broken
        else environment
    )
    shutil.copy(ACME / "test_acme.py", outside)
    done = where.run("python", "-m", "pytest", "-q", "-p", "no:cacheprovider", cwd=outside)
    assert done.returncode == int(broken), done.stdout
    assert ("test_a_forged_webhook_is_refused" in done.stdout) == broken


class Carrier:
    """Acme's own server, on loopback: takes sends, and says how many euros are left."""

    def __init__(self) -> None:
        self.took: asyncio.Queue[dict[str, str]] = asyncio.Queue()

    @asynccontextmanager
    async def open(self) -> AsyncIterator[int]:
        """Listen; gives the port."""
        app = web.Application()
        app.router.add_post("/messages", self._take)
        app.router.add_get("/balance", self._balance)
        runner = web.AppRunner(app)
        await runner.setup()
        site = Site(runner, "127.0.0.1", 0)
        await site.start()
        try:
            yield runner.addresses[0][1]
        finally:
            await runner.cleanup()

    async def _take(self, request: web.Request) -> web.Response:
        if request.headers["Authorization"] != f"Bearer {SECRETS['ACME_TOKEN']}":
            return web.json_response({"error": "bad_token"}, status=401)
        await self.took.put(await request.json())
        return web.json_response({"id": "m1", "price": "0.04"}, status=202)

    async def _balance(self, request: web.Request) -> web.Response:
        return web.json_response({"euros": 12.5})


@asynccontextmanager
async def serving(environment: Environment, folder: Path, carrier: int) -> AsyncIterator[str]:
    """The installed router; gives its address."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        door = free.getsockname()[1]
    write(folder, SETTINGS, door=door, carrier=carrier)
    process = await asyncio.create_subprocess_exec(
        str(environment.folder / "bin" / "paravent"),
        "serve",
        cwd=folder,
        env=environment.variables({**SECRETS, "PARAVENT_DATA": str(folder / "data")}),
        stdin=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
    )
    assert process.stderr is not None
    said: list[str] = []
    try:
        async with asyncio.timeout(60):
            while "ready" not in "".join(said[-1:]):
                said.append((await process.stderr.readline()).decode())
                assert said[-1], "".join(said)
        yield f"http://127.0.0.1:{door}"
    finally:
        if process.returncode is None:
            process.terminate()
        await asyncio.wait_for(process.communicate(), 40)


async def posted(session: aiohttp.ClientSession, url: str, secret: str = "hook-secret", **said: str) -> int:
    """Acme's webhook, signed; gives the answer's status."""
    body = json.dumps(said).encode()
    proof = b64encode(hmac.digest(secret.encode(), body, hashlib.sha256)).decode()
    async with session.post(url, data=body, headers={"X-Acme-Signature": proof}) as response:
        return response.status


async def shows(session: aiohttp.ClientSession, url: str, sample: str) -> None:
    """Wait until a page shows it: a reply is counted when its settling is committed, not when it is sent."""
    page = ""
    try:
        async with asyncio.timeout(20):
            while f"paravent_{sample}" not in page:
                async with session.get(url) as response:
                    page = await response.text()
                await asyncio.sleep(0.02)
    except TimeoutError:
        pytest.fail(f"{url} does not show {sample}:\n{page}")


async def test_a_text_flows_through_it(environment: Environment, outside: Path) -> None:
    carrier = Carrier()
    async with (
        asyncio.timeout(110),
        carrier.open() as port,
        serving(environment, outside, port) as door,
        aiohttp.ClientSession() as session,
    ):
        text = {"id": "in1", "from": TEXTER, "to": NUMBER, "text": "Salut c'est Kevin"}
        assert await posted(session, f"{door}/hooks/acme/inbound", "a-strangers", **text) in {401, 403}
        assert await posted(session, f"{door}/hooks/acme/inbound", **text) == 200
        sent = await carrier.took.get()
        assert (sent["to"], sent["from"], sent["text"]) == (TEXTER, NUMBER, ANSWER)
        assert await posted(session, sent["callback"], id="m1", ref=sent["ref"], status="arrived") == 200
        await shows(session, f"{door}/metrics", 'receipts_total{account="acme",status="delivered"} 1.0')
        await shows(session, f"{door}/metrics", 'replies_total{account="acme",outcome="accepted"} 1.0')
        assert carrier.took.empty()
