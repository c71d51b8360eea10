"""The demo: simulated carriers, a database and the real router between them, in one process."""

from __future__ import annotations

import fcntl
import os
import secrets
import socket
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path

from providers.simulator.journal import Entry, Kind
from providers.simulator.simulation import Simulation
from router import service
from router.arrivals import text_id
from router.postgres.embedded import embedded
from router.postgres.migrate import MigrationError, migrate
from router.rules.health import State, Status
from router.rules.story import Story
from router.settings import Settings, load
from router.stage import signpost
from router.stage.cast import NUMBERS, cast
from router.stage.levers import LEVERS, is_on, pull
from router.web.shapes import Bubble, Carrier, Fault
from router.web.terms import Phone

_SEEN = {Kind.INBOUND: "in", Kind.DELIVERED: "out", Kind.NOTICE: "out"}


@dataclass(frozen=True, slots=True)
class Demo:
    """A demo that runs.

    Args:
        where: How it is found.
        closed: Accounts that were closed when the last demo ended, and are.
    """

    where: signpost.Running
    closed: list[str]


@asynccontextmanager
async def demo(
    home: Path,
    port: int,
    *,
    fresh: bool = False,
    begins: Callable[[], None] = lambda: None,
    hear: Callable[[Story], None] = lambda _story: None,
) -> AsyncIterator[Demo]:
    """Run everything until the block ends.

    Args:
        home: The demo's data folder.
        port: Of the door and the console, on 127.0.0.1.
        fresh: Begin with an empty database.
        begins: Called once folder and port are its own, before anything is started.
        hear: Told what became of every text.

    Raises:
        signpost.NoDemoError: The port is taken, or a demo uses the folder already.
        EmbeddedError: The database cannot run here.
    """
    signpost.prepare(home)
    made = cast()
    with _alone(home), _listening(port) as door:
        begins()
        # The last demo's texts are kept, and a seed told twice would give new texts the same ids.
        simulated = Simulation(made.accounts, seed=secrets.randbits(64))
        async with embedded(home, fresh=fresh) as server, simulated as simulation:
            await _prepare(server.dsn)
            environment = {**_environment(home, door, simulation), **made.environment}
            signpost.keep_environment(home, environment)
            settings = load(signpost.SETTINGS, environment)
            _connect(simulation, settings)
            phone = _phone(simulation)
            async with service.house(settings, server.dsn, door, phone=phone, hear=hear) as running:
                where = signpost.Running(
                    pid=os.getpid(),
                    console_url=f"{settings.base_url}/",
                    control_url=simulation.control_url,
                    numbers=NUMBERS,
                )
                signpost.put_up(home, where)
                try:
                    yield Demo(where, _closed(running.office.facts.health.values()))
                finally:
                    signpost.take_down(home)


async def _prepare(dsn: str) -> None:
    try:
        await migrate(dsn)
    except MigrationError as error:
        raise signpost.NoDemoError(f"{error} Or throw the demo's data away: paravent demo --fresh") from error


@contextmanager
def _alone(home: Path) -> Iterator[None]:
    """One demo a folder. The lock is on the folder itself: it leaves no file, and a kill drops it."""
    held = os.open(home, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(held)
        raise signpost.NoDemoError(
            f"A demo is running already in {home}{_whose(home)}; see it with `paravent accounts`,"
            " or end it first. PARAVENT_DATA gives another one a folder of its own."
        ) from None
    try:
        yield
    finally:
        os.close(held)


def _whose(home: Path) -> str:
    try:
        return f" (process {signpost.running(home).pid})"
    except signpost.NoDemoError:  # it is still starting
        return ""


@contextmanager
def _listening(port: int) -> Iterator[socket.socket]:
    try:
        door = socket.create_server(("127.0.0.1", port), backlog=1_024)
    except OSError as error:
        raise signpost.NoDemoError(
            f"Port {port} of 127.0.0.1 cannot be used ({os.strerror(error.errno or 0)}):"
            " name another with --port, or any that is free with --port 0."
        ) from error
    with door:
        yield door


def _environment(home: Path, door: socket.socket, simulation: Simulation) -> dict[str, str]:
    return {
        "PARAVENT_DATA": str(home),
        "PARAVENT_RAIDS__WARM_UP": "1",  # a demo has no thousand texts to learn from
        "PARAVENT_HEALTH__PROBE_LONGEST": "30s",  # what is mended comes back while one looks, however often
        "PARAVENT_LISTEN": f"127.0.0.1:{door.getsockname()[1]}",
        "TWILIO_URL": simulation.base_url("twilio"),
        "VONAGE_URL": simulation.base_url("vonage"),
        "OVH_URL": f"{simulation.base_url('ovh')}/1.0",
    }


def _connect(simulation: Simulation, settings: Settings) -> None:
    """Tell each carrier where our door is, as one does on its web site."""
    for name in simulation.carriers:
        hook = service.hook_url(settings, name)
        simulation.connect(name, inbound_url=f"{hook}/inbound", receipt_url=f"{hook}/receipt")


def _phone(simulation: Simulation) -> Phone:
    async def text(number: str, texter: str, words: str) -> str:
        text, _ = await simulation.text(to=number, sender=texter, text=words)
        return str(text_id(simulation.owner(number).name, text.provider_id))

    def conversation(texter: str) -> list[Bubble]:
        return [_bubble(entry) for entry in simulation.journal.about(texter) if entry.kind in _SEEN]

    def faults() -> list[Carrier]:
        return [
            Carrier(account=name, faults=[Fault(name=lever, on=is_on(carrier, lever)) for lever in LEVERS])
            for name, carrier in simulation.carriers.items()
        ]

    return Phone(
        text=text,
        conversation=conversation,
        faults=faults,
        fault=partial(pull, simulation),
    )


def _closed(states: Iterable[State]) -> list[str]:
    return [state.account for state in states if not state.sender and state.word != Status.OPEN]


def _bubble(entry: Entry) -> Bubble:
    at: datetime = entry.at
    came = entry.kind is Kind.INBOUND
    return Bubble(direction="in" if came else "out", account=entry.carrier, text=entry.text, at=at)
