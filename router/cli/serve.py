"""`paravent serve`: the router in earnest, as one process or several on one port."""

from __future__ import annotations

import json
import logging
import os
import socket
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from router.cli.finding import Failed, config_option, plainly, settings_of

if TYPE_CHECKING:
    from router.processes import Pulse
    from router.rules.story import Story
    from router.settings import Settings

_log = logging.getLogger("paravent")


@click.command
@config_option
@click.option("--processes", default=1, show_default=True, type=click.IntRange(1, 64), help="On one port.")
@click.option("--stories", is_flag=True, help="Log what became of each text, as JSON.")
def command(config: Path | None, processes: int, stories: bool) -> None:
    """Run the router: the door, the workers, the sweep.

    Applies what is missing of the database's schema, then answers until SIGTERM or
    Ctrl-C; what is under way then gets 20 seconds. A process that dies or hangs is
    replaced, and its texts are taken up by the others.
    """
    settings = settings_of(config)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(process)d %(message)s")
    logging.getLogger("aiohttp").setLevel(logging.WARNING)
    with plainly():
        failed = _serve(settings, processes, _log_story if stories else _say_nothing)
    if failed:
        raise Failed(failed)


def _serve(settings: Settings, processes: int, hear: Callable[[Story], None]) -> str:
    """Be the parent until told to stop; answer why it failed, empty if it did not."""
    from router.postgres.embedded import Server
    from router.processes import Child, Parent

    _count_together(settings, processes)
    from router.metrics import forget

    dsn = Server(settings.data).dsn if settings.embedded else settings.database.get_secret_value()

    async def keep(pulse: Pulse) -> None:
        await _keep_database(settings, dsn, pulse)

    with _listening(settings, processes) as doors:

        def worker(door: socket.socket) -> Callable[[Pulse], Coroutine[None, None, None]]:
            return lambda pulse: _work(settings, dsn, door, hear, pulse)

        workers = [Child(f"worker {n}", worker(door)) for n, door in enumerate(doors, start=1)]
        return Parent(bury=forget).run(
            [[Child("database", keep, last=True)], workers],
            lambda: _log.info("ready at http://%s, %d processes", settings.listen, processes),
        )


async def _keep_database(settings: Settings, dsn: str, pulse: Pulse) -> None:
    """Hold the embedded server for all, and bring the schema up to date."""
    from router.postgres.embedded import embedded
    from router.postgres.migrate import migrate
    from router.postgres.reach import reach

    if settings.embedded:
        async with embedded(settings.data) as server:
            await migrate(server.dsn)
            await pulse.beat()
    else:
        await reach(dsn)
        await migrate(dsn)
        await pulse.beat()


async def _work(
    settings: Settings, dsn: str, door: socket.socket, hear: Callable[[Story], None], pulse: Pulse
) -> None:
    from router import service

    async with service.house(settings, dsn, door, hear=hear):
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
def _listening(settings: Settings, processes: int) -> Iterator[list[socket.socket]]:
    """A socket each, on one port. The parent keeps them: what comes while a process is replaced waits."""
    host, port = settings.door
    doors: list[socket.socket] = []
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        # Without sharing first: a port that another router listens on is taken.
        socket.create_server((host, port), family=family).close()
        for _ in range(processes):
            doors.append(socket.create_server((host, port), family=family, backlog=1_024, reuse_port=True))
            port = doors[0].getsockname()[1]
        yield doors
    except OSError as error:
        raise Failed(f"{settings.listen} cannot be listened on: {error.strerror}.") from error
    finally:
        for door in doors:
            door.close()


def _log_story(story: Story) -> None:
    from router.rules.story import line

    _log.info("story %s", json.dumps(line(story)))


def _say_nothing(_story: Story) -> None:
    """Stories are counted all the same."""
