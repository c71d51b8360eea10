"""One PostgreSQL server and its data in one folder: made, started, stopped, found again after a crash."""

from __future__ import annotations

import asyncio
import hashlib
import os
import re
import secrets
import shlex
import shutil
import signal
import stat
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from router.postgres.programs import Account, EmbeddedError, Programs, account, find, found

PATIENCE = 60.0
_SOCKET = ".s.PGSQL.5432"
_LONGEST_SOCKET = 107
_LOG_LIMIT = 1_000_000

_SETTINGS = """\
# Paravent writes this file anew at every start. Your own settings go into postgresql.conf, and win.
listen_addresses = ''
port = 5432
unix_socket_directories = '{socket}'
unix_socket_permissions = 0700
max_connections = 100
shared_buffers = 64MB
max_wal_size = 256MB
fsync = on
full_page_writes = on
synchronous_commit = on
jit = off
# A container's /dev/shm is 64 MB, and parallel workers would share it.
max_parallel_workers_per_gather = 0
timezone = 'UTC'
log_timezone = 'UTC'
idle_in_transaction_session_timeout = 30s
client_connection_check_interval = 2s
# Numbers and texts stay out of the log: no errors with values in them, no statements, no details.
# A deadlock is still told, as the lock wait it begins with.
log_min_messages = log
log_min_error_statement = panic
log_error_verbosity = terse
log_lock_waits = on
log_checkpoints = off
"""


class Postmaster(NamedTuple):
    """The server's first process, as its `postmaster.pid` tells."""

    pid: int
    ready: bool


class Cluster:
    """A server that one command at a time may start or stop; see `embedded` for the taking of turns.

    Attributes:
        home: folder of everything that is the server's.
        log: its own log.
        socket: folder of its Unix socket, mode 0700.
    """

    def __init__(self, home: Path, binaries: Path | None) -> None:
        self.home = home
        self.log = home / "server.log"
        self._data = home / "cluster"
        self._binaries = binaries
        self._mark = "paravent-" + hashlib.sha256(os.fsencode(home)).hexdigest()[:16]
        inside = home / "socket"
        short = len(os.fsencode(inside / _SOCKET)) <= _LONGEST_SOCKET
        self.socket = inside if short else Path("/tmp") / self._mark  # noqa: S108 -- its owner is checked

    def postmaster(self) -> Postmaster | None:
        """The server's first process, None where none runs."""
        try:
            lines = (self._data / "postmaster.pid").read_text().splitlines()
            pid = int(lines[0])
        except (OSError, IndexError, ValueError):
            return None
        ready = len(lines) > 7 and lines[7].strip() == "ready"  # noqa: PLR2004 -- the eighth line is its state
        return Postmaster(pid, ready) if self._is_ours(pid) else None

    async def up(self) -> None:
        """Have a server that is ready, whatever state the last one was left in.

        Raises:
            EmbeddedError: it cannot be had; the message says why.
        """
        try:
            async with asyncio.timeout(PATIENCE):
                while (running := self.postmaster()) is None or not running.ready:
                    if running is None:
                        await self._launch(await self._user())
                    else:
                        await asyncio.sleep(0.02)
            self._clear()
        except TimeoutError:
            raise EmbeddedError(
                f"The database in {self.home} does not become ready; {self._last_words()}"
            ) from None

    async def down(self, how: signal.Signals) -> None:
        """Stop what runs, ever less politely; recovery makes each of them safe.

        Args:
            how: SIGINT with a checkpoint, SIGQUIT without, like a crash.
        """
        running = self.postmaster()
        if running is not None:
            with suppress(ProcessLookupError):
                os.kill(running.pid, how)
            if not await self._gone(PATIENCE / 2):
                with suppress(ProcessLookupError):
                    os.kill(running.pid, signal.SIGQUIT)
        await self._kill_orphans()
        if self.socket.parent != self.home:
            shutil.rmtree(self.socket, ignore_errors=True)

    async def wipe(self) -> None:
        """Throw the data away."""
        await self.down(signal.SIGQUIT)
        if self._data.exists():
            shutil.rmtree(self._data)

    async def _user(self) -> Account:
        """Know whom the server runs as, and make its folders theirs."""
        fresh = not self._data.exists()
        user = await account(None if fresh else self._data.stat().st_uid)
        with suppress(FileExistsError):
            self.socket.mkdir(mode=0o700)
            user.give(self.socket)
        if fresh:
            user.give(self.home)
            user.give(self.socket)
        if self.socket.parent != self.home:
            self._check_socket(user)
        if not await user.may("-w", self.home):
            raise EmbeddedError(
                f"PostgreSQL does not run as root, and its user cannot reach {self.home}: a folder above it "
                "is closed to others. Set PARAVENT_DATA to one that all may pass through (/var/lib/paravent)."
            )
        return user

    def _check_socket(self, user: Account) -> None:
        """Refuse a socket folder that somebody else put into /tmp first."""
        there = self.socket.lstat()
        private = stat.S_ISDIR(there.st_mode) and not stat.S_IMODE(there.st_mode) & 0o077
        if private and there.st_uid == os.geteuid():
            user.give(self.socket)
        elif not private or there.st_uid != user.uid:
            raise EmbeddedError(
                f"{self.socket} must be a folder of mode 0700 that belongs to the server's user. "
                "Remove it and run the command again, or set PARAVENT_DATA to a shorter path."
            )

    async def _launch(self, user: Account) -> None:
        if not await self._gone(5) and self.postmaster() is not None:
            return  # what a killed command had begun is under way
        await self._kill_orphans()
        programs = find(self._binaries)
        self._check_version(programs)
        programs = await programs.reachable_by(user, self.home / "programs")
        self._bury()
        if not self._data.exists():
            await self._create(user, programs)
        self._write_settings(user)
        command = (programs.folder / "pg_ctl", "start", "-w", "-t", f"{PATIENCE:.0f}", "-D", self._data)
        marked = shlex.join(["-c", f"cluster_name={self._mark}"])
        code, said = await user.run(*command, "-l", self.log, "-o", marked, seconds=PATIENCE)
        if code:
            raise EmbeddedError(f"The database in {self.home} does not start: {said}; {self._last_words()}")

    def _check_version(self, programs: Programs) -> None:
        version = self._data / "PG_VERSION"
        if not version.exists() or int(version.read_text()) == programs.major:
            return
        major = int(version.read_text())
        fitting = [str(other.folder) for other in found() if other.major == major]
        advice = f"Name {fitting[0]} as" if fitting else f"Install PostgreSQL {major} and name its folder as"
        raise EmbeddedError(
            f"The data in {self._data} was made by PostgreSQL {major}, but {programs.folder} holds "
            f"{programs.major}. {advice} `postgres_programs` in the settings; "
            f"to move to {programs.major}, dump with the old and restore with the new. Nothing was changed."
        )

    async def _create(self, user: Account, programs: Programs) -> None:
        # A name of its own, since a killed command's initdb may still be writing.
        unfinished = self.home / f"unfinished-{os.getpid()}-{secrets.token_hex(4)}"
        locale = ["--locale=C"]
        if programs.major >= 17:  # noqa: PLR2004 -- the first with its own C.UTF-8, alike on every machine
            locale += ["--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
        command = (
            programs.folder / "initdb",
            "-D",
            unfinished,
            *("-U", "paravent", "-A", "trust", "-E", "UTF8"),
        )
        code, said = await user.run(*command, "--data-checksums", *locale, seconds=PATIENCE)
        if code:
            raise EmbeddedError(f"The database in {self.home} cannot be made: {said}")
        (unfinished / "postgresql.conf").write_text("include = 'paravent.conf'\n# Yours go below, and win.\n")
        unfinished.rename(self._data)

    def _clear(self) -> None:
        """Throw away what commands that were killed had begun to make."""
        for unfinished in self.home.glob("unfinished-*"):
            shutil.rmtree(unfinished, ignore_errors=True)

    def _write_settings(self, user: Account) -> None:
        settings = self._data / "paravent.conf"
        settings.write_text(_SETTINGS.format(socket=str(self.socket).replace("'", "''")))
        user.give(settings)
        with suppress(FileNotFoundError):
            if self.log.stat().st_size > _LOG_LIMIT:
                self.log.replace(self.log.with_suffix(".old.log"))

    def _bury(self) -> None:
        """Clear what a killed server left; its number may now be a zombie's, or somebody else's."""
        left = self._data / "postmaster.pid"
        with suppress(OSError, ValueError, IndexError):
            pid = int(left.read_text().split()[0])
            if os.fsencode(self._data) in Path(f"/proc/{pid}/cmdline").read_bytes():
                raise EmbeddedError(
                    f"Process {pid}, which Paravent did not start, serves {self._data}. End it first."
                )
        for path in (left, self.socket / _SOCKET, self.socket / f"{_SOCKET}.lock"):
            path.unlink(missing_ok=True)

    async def _kill_orphans(self) -> None:
        if await self._gone(5):
            return
        for pid in self._processes():
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        await self._gone(5)

    async def _gone(self, seconds: float) -> bool:
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                while self._processes():  # noqa: ASYNC110 -- they are not our children
                    await asyncio.sleep(0.01)
                return True
        return False

    def _processes(self) -> list[int]:
        """All of the server's processes, orphans of a killed one among them."""
        return [int(name) for name in os.listdir("/proc") if name.isdigit() and self._is_ours(int(name))]  # noqa: PTH208 -- names only

    def _is_ours(self, pid: int) -> bool:
        # By command line: another user's working folder is hidden from a container's root.
        with suppress(OSError):
            said = Path(f"/proc/{pid}/cmdline").read_bytes()
            return self._mark.encode() in said and re.match(rb"(\S*/)?postgres[:\0]", said) is not None
        return False

    def _last_words(self) -> str:
        try:
            lines = self.log.read_text(errors="replace").splitlines()[-5:]
        except OSError:
            lines = []
        return f"its log, {self.log}, ends with: " + " | ".join(lines)
