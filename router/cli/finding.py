"""How commands find their settings and the database, and how they end when they cannot."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from router.cli.showing import show_doing, show_in

if TYPE_CHECKING:
    from router.postgres.pool import Pool
    from router.settings import Settings

_OF_THIS_FOLDER = (
    "A paravent.toml in the folder where a command runs outranks the demo's settings:\n"
    "to speak to the demo, run the command in another folder."
)

_IN_EARNEST = {"check", "serve", "doctor", "migrate"}
"""Who runs these means the file that is here, whatever demo runs beside it."""

T = TypeVar("T")
Command = TypeVar("Command", bound=Callable[..., Any])

FILE = Path("paravent.toml")
"""Where settings are looked for when nobody says where."""


class Failed(click.ClickException):
    """What was asked could not be done: exit code 1."""

    exit_code = 1


class WrongSettings(click.ClickException):
    """The settings cannot be used: every fault, exit code 2."""

    exit_code = 2

    def __init__(self, problems: list[str], of: str = "the settings", then: str = "") -> None:
        said = [f"{of} cannot be used:", *(f"  {each}" for each in problems), *filter(None, [then])]
        super().__init__("\n".join(said))
        self.problems = problems


def config_option(command: Command) -> Command:
    """``--config FILE``."""
    return click.option(
        "--config",
        is_eager=True,  # moments are read in the settings' time zone
        type=click.Path(path_type=Path),
        envvar="PARAVENT_SETTINGS",
        help="Settings; left out: paravent.toml here, else the demo's.",
    )(command)


def json_option(command: Command) -> Command:
    """``--json``."""
    return click.option("--json", "as_json", is_flag=True, help="For programs.")(command)


def place(config: Path | None) -> tuple[Path | None, Mapping[str, str]]:
    """Where the settings are, and the environment that goes with them.

    Raises:
        WrongSettings: There are none.
    """
    from router.stage import signpost

    if config is not None or FILE.exists():
        return config or FILE, os.environ
    if any(name.startswith("PARAVENT_ACCOUNTS__") for name in os.environ):
        return None, os.environ
    demo = signpost.environment(signpost.folder())
    if demo is None:
        raise WrongSettings(
            ["there is no paravent.toml here: write one, name another with --config, or try `paravent demo`"]
        )
    return signpost.SETTINGS, demo


def settings_of(config: Path | None) -> Settings:
    """The settings.

    Raises:
        WrongSettings: There are none, or they have faults.
    """
    from router.settings import SettingsError, load

    path, environment = place(config)
    try:
        settings = load(path, environment)
    except SettingsError as error:
        of = "the settings in the environment" if path is None else str(path)
        problems = [str(problem) for problem in error.problems]
        aside = config is None and path == FILE and _may_mean_the_demo()
        raise WrongSettings(problems, of, _OF_THIS_FOLDER if aside else "") from None
    show_in(settings.zone)
    return settings


def _may_mean_the_demo() -> bool:
    """Whether a demo runs that this command may be meant for."""
    from router.stage import signpost

    context = click.get_current_context(silent=True)
    if context is not None and context.find_root().invoked_subcommand in _IN_EARNEST:
        return False
    try:
        signpost.running(signpost.folder())
    except signpost.NoDemoError:
        return False
    return True


def policy_of(file: Path) -> dict[str, Any]:
    """What a policy file says.

    Raises:
        UsageError: It is no TOML, or cannot be read.
        WrongSettings: It names what is no setting.
    """
    from router.stage.policy import read, slips

    try:
        said = read(file)
    except FileNotFoundError:
        raise click.UsageError(f"There is no file {file}.") from None
    except OSError as error:
        raise click.UsageError(f"{file} cannot be read: {error.strerror}.") from error
    except ValueError as error:
        raise click.UsageError(f"{file} cannot be read as TOML: {error}") from error
    if found := slips(said):
        raise WrongSettings([str(problem) for problem in found], str(file))
    return said


@asynccontextmanager
async def database(settings: Settings) -> AsyncIterator[Pool]:
    """The database: the running embedded server is joined, or started for as long as this takes.

    Raises:
        Failed: It has not been migrated.
    """
    from router.postgres.migrate import migrate, pending
    from router.postgres.pool import Pool

    async with server(settings) as dsn:
        if settings.embedded:
            await migrate(dsn, tell=show_doing)
        elif await pending(dsn):
            raise Failed("The database is not prepared for this version: run `paravent migrate`.")
        async with Pool(dsn, application="paravent command") as pool:
            yield pool


@asynccontextmanager
async def server(settings: Settings) -> AsyncIterator[str]:
    """Where to connect, once somebody answers there.

    Raises:
        DatabaseAwayError: Nobody does; the message says why.
    """
    from router.postgres.embedded import embedded
    from router.postgres.reach import reach

    if settings.embedded:
        async with embedded(settings.data, binaries=settings.postgres_programs) as found:
            yield found.dsn
        return
    dsn = settings.database.get_secret_value()
    await reach(dsn)
    yield dsn


def run(work: Coroutine[Any, Any, T]) -> T:
    """Do it; what may be expected to go wrong is said in one line."""
    import asyncio

    with plainly():
        return asyncio.run(work)


@contextmanager
def interruptible() -> Iterator[None]:
    """For a question within `run`: Ctrl-C ends it at once. asyncio would wait for the task that asks."""
    import signal

    asyncios = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, asyncios)


@contextmanager
def plainly() -> Iterator[None]:
    """Turn what may be expected to go wrong into `Failed`: its message already says what to do."""
    try:
        yield
    except Exception as error:
        if not isinstance(error, _expected()):
            raise
        raise Failed(str(error)) from error


def _expected() -> tuple[type[Exception], ...]:
    from router.postgres.migrate import MigrationError
    from router.postgres.orders import BusyError
    from router.postgres.pool import DatabaseAwayError
    from router.postgres.programs import EmbeddedError
    from router.spool import SpoolError
    from router.stage.drill.keeping import TakenError
    from router.stage.handset import NotTexted
    from router.stage.signpost import NoDemoError
    from router.vault import VaultError

    return (
        BusyError,
        EmbeddedError,
        MigrationError,
        DatabaseAwayError,
        NoDemoError,
        NotTexted,
        SpoolError,
        TakenError,
        VaultError,
    )
