"""What several commands on evidence ask for: a period, a reason, a key; and how far they are."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

import click

from router.cli.asked import moment_asked
from router.cli.finding import Failed
from router.cli.showing import show_aside

if TYPE_CHECKING:
    from router.evidence.leaves import Seals
    from router.offline import PrivateKey
    from router.settings import Settings

FILE = click.Path(path_type=Path, dir_okay=False)


class _Moment(click.types.StringParamType):
    """What a period begins or ends with; who names none is shown one."""

    def get_missing_message(self, param: click.Parameter, ctx: click.Context | None) -> str:
        del param
        to = f"`{ctx.command_path} " if ctx and ctx.command.name == "export" else "`"
        return f"A day's texts: {to}--from 2017-11-27T12:00 --to 2017-11-28T12:00`."


from_option = click.option(
    "--from",
    "from_at",
    type=_Moment(),
    metavar="MOMENT",
    callback=moment_asked,
    required=True,
    help="Such as 2017-11-27T16:00, in the settings' time zone.",
)
to_option = click.option(
    "--to",
    "to_at",
    type=_Moment(),
    metavar="MOMENT",
    callback=moment_asked,
    required=True,
    help="All that came before this.",
)
why_option = click.option("--why", required=True, help="It is written down.")
key_option = click.option("--key", type=FILE, help="The private key, where there is a public one.")


def house(settings: Settings) -> Seals:
    """What sealing needs to know of the house."""
    from router.settings.proof import seals
    from router.vault import Vault

    return seals(settings, Vault.in_folder(settings.data, settings.evidence.offline_key))


def known_key(file: Path | None, settings: Settings) -> PrivateKey | None:
    """The key in a file; one that the settings do not know is said. Raises `Failed` where it holds none."""
    key = _private_key(file)
    public = settings.evidence.public_key
    if key is not None and public in key.publics:
        _tried(settings)
    elif key is not None:
        why = "is another one" if public else "is not there, so that nothing is sealed to it now"
        show_aside(
            f"Warning: {file} is not the key that the settings know: evidence.public_key {why}. It opens only"
            " what was sealed to it earlier."
        )
    return key


def _tried(settings: Settings) -> None:
    """Note that the private half is still there; `paravent check` asks for it once in a while."""
    from router.settings.evidence import TRIED

    with suppress(OSError):
        (settings.data / TRIED).write_text(settings.evidence.public_key or "", "utf-8")


def _private_key(file: Path | None) -> PrivateKey | None:
    from router.offline import OfflineKeyError, PrivateKey

    try:
        return None if file is None else PrivateKey(read(file))
    except OfflineKeyError as error:
        raise Failed(f"{file} holds no private key: {error}.") from None


def read(file: Path) -> str:
    """What a file says. Raises `Failed` where it cannot be read."""
    try:
        return file.read_text("utf-8", "replace")
    except OSError as error:
        raise Failed(f"{file} cannot be read: {error.strerror}.") from None


def who() -> str:
    """Who is at the keyboard, as far as this machine knows."""
    from getpass import getuser

    return f"{getuser()} at the command line"


@contextmanager
def told_on_a_terminal(what: str) -> Iterator[Callable[[int, int], None]]:
    """A line on a terminal that says how far it is; nothing elsewhere."""
    import sys

    with click.progressbar(length=1, label=what, file=sys.stderr, hidden=not sys.stderr.isatty()) as bar:

        def progress(done: int, of: int) -> None:
            bar.length = of
            bar.update(done - bar.pos)

        yield progress
