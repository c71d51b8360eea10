"""`paravent serve`: the router in earnest, as one process or several on one port."""

from __future__ import annotations

import os
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from router.cli.finding import Failed, WrongSettings, config_option, plainly, settings_of

if TYPE_CHECKING:
    from socket import socket

    from router.processes import Pulse
    from router.rules.story import Story
    from router.settings import Settings

    Hear = Callable[[Story], None]
    Work = Callable[[Pulse], Coroutine[None, None, None]]


_WRONG = "data: "
"""How a fault that is the settings' begins."""
_PATIENCE = 5.0
_OTHER_KEYS = (
    "With these keys nothing stored can be read, and who was answered would be answered again. Put the copy"
    " of the key file back there, or correct `data` or `database`. Only if no copy is left:"
    " `paravent serve --keys-lost` goes on without what is stored."
)


@click.command
@config_option
@click.option("--processes", default=1, show_default=True, type=click.IntRange(1, 64), help="On one port.")
@click.option("--stories", is_flag=True, help="Log what became of each text, as JSON.")
@click.option("--keys-lost", is_flag=True, help="Start although the keys did not seal what is stored.")
def command(config: Path | None, processes: int, stories: bool, keys_lost: bool) -> None:
    """Run the router: the door, the workers, the sweep.

    Applies what is missing of the database's schema, then answers until SIGTERM or
    Ctrl-C; what is under way then gets 18 seconds. A process that dies or hangs is
    replaced, and its texts are taken up by the others.
    """
    import logging

    settings = settings_of(config)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(process)d %(message)s")
    with plainly():
        failed = _serve(settings, processes, _log_story if stories else _say_nothing, keys_lost=keys_lost)
    if failed.startswith(_WRONG):
        raise WrongSettings([failed])
    if failed:
        raise Failed(failed)


def _serve(settings: Settings, processes: int, hear: Hear, *, keys_lost: bool) -> str:
    """Be the parent until told to stop; answer why it failed, empty if it did not."""
    from router.postgres.embedded import Server
    from router.processes import Child, Parent
    from router.spool import SpoolError, prove

    try:
        prove(settings.spool)
    except SpoolError as error:
        raise WrongSettings([f"{_WRONG}{error}"]) from error
    _count_together(settings, processes)
    from router.metrics import forget

    dsn = Server(settings.data).dsn if settings.embedded else settings.database.get_secret_value()

    def worker(door: socket) -> Work:
        return lambda pulse: _work(settings, dsn, door, pulse, hear=hear, processes=processes)

    async def keep(pulse: Pulse) -> None:
        # One that takes another's place asks for no keys: the workers are up, and need the database.
        await _keep_database(settings, dsn, pulse, keys=not (keys_lost or keeper.was_ready))

    keeper = Child("database", keep, last=True)
    with _listening(settings, processes) as doors:
        stages = [
            [keeper],
            [Child(f"worker {place}", worker(door)) for place, door in enumerate(doors, start=1)],
        ]
        return Parent(bury=forget).run(stages, lambda: _ready(settings, processes))


async def _keep_database(settings: Settings, dsn: str, pulse: Pulse, *, keys: bool) -> None:
    """Hold the embedded server for all, bring the schema up to date, and see that the keys fit, if asked."""
    from contextlib import AsyncExitStack

    from router.postgres.embedded import embedded
    from router.postgres.migrate import migrate
    from router.postgres.reach import reach

    async with AsyncExitStack() as stack:
        if settings.embedded:
            await stack.enter_async_context(embedded(settings.data, binaries=settings.postgres_programs))
        await reach(dsn)
        async with pulse.busy():  # a big table takes its time: who were killed over it would begin again
            await migrate(dsn, tell=_log_doing)
        if keys:
            await _fitting(settings, dsn)
        await pulse.beat()


async def _fitting(settings: Settings, dsn: str) -> None:
    """See that the keys sealed what is stored. Where that cannot be asked in time, receiving comes first.

    Raises:
        VaultError: They did not; the message says what to do.
    """
    import asyncio

    from router.postgres.pool import DatabaseAwayError, Pool
    from router.postgres.reach import newest_letter
    from router.vault import VaultError, misfit

    try:
        async with asyncio.timeout(_PATIENCE), Pool(dsn, application="paravent serve") as pool:
            letter = await newest_letter(pool)
    except (DatabaseAwayError, TimeoutError):
        return
    if why := misfit(settings.data, letter):
        raise VaultError(f"{_WRONG}the keys in it ({settings.data / 'keys'}): {why}. {_OTHER_KEYS}")


async def _work(
    settings: Settings, dsn: str, door: socket, pulse: Pulse, *, hear: Hear, processes: int
) -> None:
    from router import service

    async with service.house(settings, dsn, door, hear=hear, processes=processes):
        await pulse.beat()


def _count_together(settings: Settings, processes: int) -> None:
    """Several processes count in files of one folder. Said before the metrics are imported, or unheard."""
    if processes == 1:
        os.environ.pop("PROMETHEUS_MULTIPROC_DIR", None)
        return
    folder = settings.data / "metrics" / str(settings.door[1])
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    for left in folder.glob("*.db"):
        left.unlink()
    os.environ["PROMETHEUS_MULTIPROC_DIR"] = str(folder)


@contextmanager
def _listening(settings: Settings, processes: int) -> Iterator[list[socket]]:
    """A socket each, on one port. The parent keeps them: what comes while a process is replaced waits."""
    import socket

    host, port = settings.door
    doors: list[socket.socket] = []
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        # Without sharing first: a port that another router listens on is taken.
        socket.create_server((host, port), family=family).close()
        for _ in range(processes):
            doors.append(socket.create_server((host, port), family=family, backlog=1_024, reuse_port=True))
            port = doors[0].getsockname()[1]
    except OSError as error:
        for door in doors:
            door.close()
        raise Failed(f"{settings.listen} cannot be listened on: {error.strerror}.") from error
    try:
        yield doors
    finally:
        for door in doors:
            door.close()


def _ready(settings: Settings, processes: int) -> None:
    import logging

    logging.info("ready: %s, processes: %d", settings.listen, processes)  # noqa: LOG015 -- it speaks for all


def _log_doing(said: str) -> None:
    import logging

    logging.info(said)  # noqa: LOG015 -- likewise


def _log_story(story: Story) -> None:
    import json
    import logging

    from router.rules.story import line

    logging.info("story %s", json.dumps(line(story)))  # noqa: LOG015 -- likewise


def _say_nothing(_story: Story) -> None:
    """Stories are counted all the same."""
