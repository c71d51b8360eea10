"""`paravent evidence export` and `verify`: a folder for others, and whether anything was changed."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from router.cli.evidence.asking import (
    FILE,
    from_option,
    house,
    key_option,
    known_key,
    read,
    to_option,
    told_on_a_terminal,
    who,
)
from router.cli.finding import Failed, config_option, database, json_option, run, settings_of
from router.cli.showing import fitted, show_json, show_wrapped
from router.rules.plural import counted

if TYPE_CHECKING:
    from datetime import datetime

    from router.evidence.export import Exported
    from router.evidence.verify import Report

_NO_ROOTS_LEFT = (
    "No root leaves this machine (evidence.roots_to), so that proves less: that the folder agrees"
    " with itself, not that nobody who owns this machine made all of it anew."
)
_NO_ROOM = "Nothing is left of it: free some room there, or name a folder on another disk with --out."
_FOLDER = click.Path(path_type=Path, file_okay=False)


@click.command
@from_option
@to_option
@click.option("--out", type=click.Path(path_type=Path), help="Folder to make; left out: evidence-FROM.")
@click.option("--for", "whom", default="nobody said", help="For whom or what; it is written down.")
@click.option("--full", is_flag=True, help="With numbers, words and requests.")
@key_option
@config_option
@json_option
@click.pass_obj
def export(
    above: Path | None,
    from_at: datetime,
    to_at: datetime,
    out: Path | None,
    whom: str,
    full: bool,
    key: Path | None,
    config: Path | None,
    as_json: bool,
) -> None:
    """Make a folder of a period that a stranger can verify.

    Without --full it holds no number and no word, only names that stand for them.
    --key opens what was sealed to the offline key, and implies --full.
    """
    folder = out or Path(f"evidence-{from_at:%Y%m%d-%H%M}")
    if folder.exists():
        raise Failed(f"{folder} is there already: name another with --out.")
    if to_at <= from_at:
        raise click.UsageError("--to must be later than --from.")
    done = run(_export(config or above, (from_at, to_at), folder, whom, key, full=full or key is not None))
    if as_json:
        show_json({"folder": folder, **asdict(done)})
        return
    show_wrapped(
        "",
        f"{counted(done.texts, 'text is', 'texts are')} in {folder};"
        f" {counted(done.opened, 'record was', 'records were')} opened by this export,"
        " and that is written down.",
    )
    click.echo(f"Write the SHA-256 of its manifest into the complaint:\n  {done.manifest}")
    left = bool(settings_of(config or above).evidence.roots_to)
    click.echo(f"Anybody verifies it with: python3 {folder / 'verify.py'}{' --roots FILE' * left}")
    if not left:
        show_wrapped("", _NO_ROOTS_LEFT)


@click.command
@click.argument("folder", type=_FOLDER, required=False)
@click.option("--roots", type=FILE, multiple=True, help="Roots kept elsewhere: mails, or roots.jsonl.")
@key_option
@config_option
@json_option
@click.pass_obj
def verify(
    above: Path | None,
    folder: Path | None,
    roots: tuple[Path, ...],
    key: Path | None,
    config: Path | None,
    as_json: bool,
) -> None:
    """Say what was changed, deleted or moved, in FOLDER or here.

    FOLDER is an export; left out: this router's own database. Only roots that were
    kept elsewhere find what somebody rewrote who then made all seals anew.

    Exit codes: 0 nothing; 3 something was changed; 1 it could not be looked at.
    """
    from router.evidence.verify import CHANGED, NoRootsError, check, told, unreadable

    elsewhere = "\n".join(read(path) for path in roots) if roots else None
    try:
        report = run(_audit(config or above, elsewhere, key)) if folder is None else check(folder, elsewhere)
    except NoRootsError as error:
        raise Failed(f"What was kept elsewhere cannot be compared: {error}.") from None
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        if folder is None:
            raise
        raise Failed(f"{folder} is no export that can be read: {unreadable(error)}.") from None
    if as_json:
        found = [finding._asdict() for finding in report.findings]
        show_json({"findings": found, "counted": report.counted, "said": report.said})
    else:
        click.echo(fitted("\n".join(told(report, compared=elsewhere is not None))))
    raise SystemExit(CHANGED if report.findings else 0)


async def _export(
    config: Path | None,
    period: tuple[datetime, datetime],
    folder: Path,
    whom: str,
    key: Path | None,
    *,
    full: bool,
) -> Exported:
    from router.evidence.export import NothingToExportError, NotSealedError, NotWrittenError, Order, export

    settings = settings_of(config)
    private = known_key(key, settings)
    order = Order(
        from_at=period[0],
        to_at=period[1],
        by=who(),
        whom=whom,
        currency=settings.currency,
        full=full,
        key=private,
    )
    async with database(settings) as pool:
        try:
            with told_on_a_terminal("Exporting") as progress:
                return await export(pool, house(settings), order, folder, progress)
        except (NothingToExportError, NotSealedError) as error:
            raise Failed(str(error)) from None
        except NotWrittenError as error:
            raise Failed(f"{error} {_NO_ROOM}") from None


async def _audit(config: Path | None, elsewhere: str | None, key: Path | None) -> Report:
    from router.evidence.audit import audit

    settings = settings_of(config)
    private = known_key(key, settings)
    async with database(settings) as pool:
        with told_on_a_terminal("Verifying") as progress:
            return await audit(pool, house(settings), elsewhere, private, progress)
