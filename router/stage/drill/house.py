"""All that a drill needs, set up in a temporary folder and gone afterwards."""

from __future__ import annotations

import hashlib
import socket
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import uuid4

from providers.simulator.account import Account
from providers.simulator.twilio import TwilioAccount
from router import service
from router.postgres.accounts import Accounts
from router.postgres.embedded import embedded
from router.postgres.migrate import migrate
from router.postgres.pool import Pool
from router.service import Service
from router.settings import Problem, Settings, SettingsError, load
from router.stage.cast import cast
from router.stage.drill.carriers import Carriers, carriers
from router.stage.drill.keeping import folder, keep_settings
from router.stage.drill.scenes import Scenario
from router.stage.drill.ticks import Clock
from router.stage.policy import as_environment

_SETTINGS = Path(__file__).with_name("drill.toml")
_CARRIERS = ("twilio", "vonage")
_NUMBER = "poster"
_STEP = 20.0
"""Business seconds from a carrier's yes to handing over, and again to the handset."""

_QUICK = "&synchronous_commit=off"
"""Nothing of a drill outlives a crash, so no commit waits for the disk; all else is as in earnest."""

_BY_HAND = ("costs", "held", "triage")
"""Duties that the drill does at its own moments: how many texts they take at once would else be chance."""


@dataclass(frozen=True, slots=True)
class House:
    """What a drill is played in."""

    service: Service
    carriers: Carriers
    clock: Clock
    number: str


@asynccontextmanager
async def house(
    scenario: Scenario, seed: int, scale: float, policy: Mapping[str, Any], keep: Path | None = None
) -> AsyncIterator[House]:
    """Run a router, its database and the carriers until the block ends.

    Args:
        scenario: Its budget and its beginning.
        seed: Of ids and keys.
        scale: Part of the budget.
        policy: Laid over the drill's settings, as a settings file would say it.
        keep: A folder in which all of it stays; None: nothing does.

    Raises:
        SettingsError: What the policy says cannot be.
        EmbeddedError: The database cannot run here.
        TakenError: Something is in that folder already.
    """
    made, clock = cast(), Clock(scenario.launch)
    accounts = {name: made.accounts[name] for name in _CARRIERS}
    tried = prove(scenario, scale, policy)
    for name, account in accounts.items():
        price = tried.accounts[name].receive_price
        account.inbound_price = Decimal(0) if price is None else price.amount
        account.balance, account.step_seconds = Decimal(10**6), _STEP
        if isinstance(account, TwilioAccount):
            account.landlines = True
    with folder(keep) as place, socket.create_server(("127.0.0.1", 0), backlog=1_024) as door:
        _keys(place, seed)
        async with embedded(place) as server, carriers(accounts, seed, scenario.launch) as simulated:
            await migrate(server.dsn)
            here = _place(place, f"127.0.0.1:{door.getsockname()[1]}", simulated.urls)
            environment = _environment(scenario, scale, policy, {**made.environment, **here})
            settings = load(_SETTINGS, environment)
            if keep is not None:
                keep_settings(place, _SETTINGS, environment)
            async with (
                _by_hand(server.dsn),
                service.house(settings, server.dsn + _QUICK, door, now=clock) as running,
            ):
                running.sweep.raid.by_hand = True
                await simulated.connect({name: service.hook_url(settings, name) for name in accounts})
                yield House(running, simulated, clock, _number(settings))


@asynccontextmanager
async def _by_hand(dsn: str) -> AsyncIterator[None]:
    """Have some duties as long as the drill lasts, so that the router does not do them by its own clock."""
    async with Pool(dsn, application="drill") as pool:
        accounts, owner = Accounts(pool), uuid4()
        await accounts.take_duties(_BY_HAND, owner, timedelta(days=1))
        try:
            yield
        finally:
            await accounts.drop_duties(owner)


def _keys(folder: Path, seed: int) -> None:
    """A drill protects nobody: its keys are of its seed, so that pseudonyms and their order are too."""
    file = folder / "keys"
    file.touch(mode=0o600)
    file.write_text(hashlib.sha256(f"paravent drill {seed}".encode()).hexdigest() + "\n", encoding="ascii")


def prove(scenario: Scenario, scale: float, policy: Mapping[str, Any]) -> Settings:
    """Try the settings that a drill would be played with, before anything of it is.

    A carrier charges for receiving what they say, in its own money.

    Args:
        scenario: As of `house`.
        scale: Likewise.
        policy: Likewise.

    Raises:
        SettingsError: What the policy says cannot be.
    """
    nowhere = "127.0.0.1:9"
    with folder(None) as place:
        here = _place(place, nowhere, dict.fromkeys(_CARRIERS, f"http://{nowhere}"))
        made = cast()
        found = load(_SETTINGS, _environment(scenario, scale, policy, {**made.environment, **here}))
    if problems := [*_foreign(found, made.accounts)]:
        raise SettingsError(problems)
    return found


def _foreign(settings: Settings, played: Mapping[str, Account]) -> Iterator[Problem]:
    """Prices for receiving that no carrier of a drill can charge."""
    for name, account in settings.accounts.items():
        if (price := account.receive_price) is not None and price.unit != played[name].unit:
            yield Problem(f"accounts.{name}.receive_price", f"must be in {played[name].unit} in a drill")


def _environment(
    scenario: Scenario, scale: float, policy: Mapping[str, Any], environment: Mapping[str, str]
) -> dict[str, str]:
    if problems := [*_strangers(policy)]:
        raise SettingsError(problems)
    limit = f"{scenario.budget * Decimal(str(scale)):.2f}"
    said = {"PARAVENT_BUDGET__LIMIT": limit, **as_environment(policy)}
    return {**environment, **said}


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
