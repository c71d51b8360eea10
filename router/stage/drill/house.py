"""All that a drill needs, set up in a temporary folder and gone afterwards."""

from __future__ import annotations

import hashlib
import os
import socket
import tempfile
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

from providers.simulator.twilio import TwilioAccount
from router import service
from router.postgres.embedded import embedded
from router.postgres.migrate import migrate
from router.service import Service
from router.settings import Problem, Settings, SettingsError, load
from router.stage.cast import cast
from router.stage.drill.carriers import Carriers, carriers
from router.stage.drill.scenes import Scenario
from router.stage.drill.ticks import Clock
from router.stage.policy import as_environment

_SETTINGS = Path(__file__).with_name("drill.toml")
_CARRIERS = ("twilio", "vonage")
_NUMBER = "poster"
_STEP = 20.0
"""Business seconds from a carrier's yes to handing over, and again to the handset."""

_QUICK = "&synchronous_commit=off"
"""Nothing of a drill is kept, so no commit waits for the disk; all else is as in earnest."""


@dataclass(frozen=True, slots=True)
class House:
    """What a drill is played in."""

    service: Service
    carriers: Carriers
    clock: Clock
    number: str


@asynccontextmanager
async def house(
    scenario: Scenario, seed: int, scale: float, policy: Mapping[str, Any]
) -> AsyncIterator[House]:
    """Run a router, its database and the carriers until the block ends.

    Args:
        scenario: Its budget and its beginning.
        seed: Of ids and keys.
        scale: Part of the budget.
        policy: Laid over the drill's settings, as a settings file would say it.

    Raises:
        SettingsError: What the policy says cannot be.
        EmbeddedError: The database cannot run here.
    """
    made, clock = cast(), Clock(scenario.launch)
    accounts = {name: made.accounts[name] for name in _CARRIERS}
    for account in accounts.values():
        account.balance, account.inbound_price, account.step_seconds = Decimal(10**6), Decimal(0), _STEP
        if isinstance(account, TwilioAccount):
            account.landlines = True
    with _folder() as folder, socket.create_server(("127.0.0.1", 0), backlog=1_024) as door:
        _keys(folder, seed)
        async with embedded(folder) as server, carriers(accounts, seed, scenario.launch) as simulated:
            await migrate(server.dsn)
            place = _place(folder, f"127.0.0.1:{door.getsockname()[1]}", simulated.urls)
            settings = _settings(scenario, scale, policy, {**made.environment, **place})
            async with service.house(settings, server.dsn + _QUICK, door, now=clock) as running:
                await simulated.connect({name: service.hook_url(settings, name) for name in accounts})
                yield House(running, simulated, clock, _number(settings))


@contextmanager
def _folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="paravent-drill-") as made:
        folder = Path(made)
        if os.geteuid() == 0:  # the database's user must be able to pass through
            folder.chmod(0o711)
        yield folder


def _keys(folder: Path, seed: int) -> None:
    """A drill protects nobody: its keys are of its seed, so that pseudonyms and their order are too."""
    file = folder / "keys"
    file.touch(mode=0o600)
    file.write_text(hashlib.sha256(f"paravent drill {seed}".encode()).hexdigest() + "\n", encoding="ascii")


def prove(scenario: Scenario, scale: float, policy: Mapping[str, Any]) -> None:
    """Try the settings that a drill would be played with, before anything of it is.

    Args:
        scenario: As of `house`.
        scale: Likewise.
        policy: Likewise.

    Raises:
        SettingsError: What the policy says cannot be.
    """
    nowhere = "127.0.0.1:9"
    with _folder() as folder:
        place = _place(folder, nowhere, dict.fromkeys(_CARRIERS, f"http://{nowhere}"))
        _settings(scenario, scale, policy, {**cast().environment, **place})


def _settings(
    scenario: Scenario, scale: float, policy: Mapping[str, Any], environment: Mapping[str, str]
) -> Settings:
    if problems := [*_strangers(policy)]:
        raise SettingsError(problems)
    limit = f"{scenario.budget * Decimal(str(scale)):.2f}"
    said = {"PARAVENT_BUDGET__LIMIT": limit, **as_environment(policy)}
    return load(_SETTINGS, {**environment, **said})


def _strangers(policy: Mapping[str, Any]) -> Iterator[Problem]:
    """Accounts and numbers that nobody plays in a drill."""
    played = {"accounts": _CARRIERS, "numbers": (_NUMBER,)}
    for section, said in policy.items():
        known = played.get(section.lower())
        if known is not None and isinstance(said, Mapping):
            for name in said:
                if name.lower() not in known:
                    yield Problem(f"{section}.{name}", f"is not in a drill; there are {', '.join(known)}")


def _place(folder: Path, listen: str, urls: Mapping[str, str]) -> dict[str, str]:
    return {
        "PARAVENT_DATA": str(folder),
        "PARAVENT_LISTEN": listen,
        **{f"{name.upper()}_URL": url for name, url in urls.items()},
    }


def _number(settings: Settings) -> str:
    return settings.numbers[_NUMBER].number
