"""`paravent drill`: a scenario through the real router and simulated carriers, and what came of it."""

from __future__ import annotations

import os
from math import isnan
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from router.cli.finding import Failed, WrongSettings, place, plainly, policy_of, settings_of
from router.cli.showing import show_aside, show_wrapped
from router.rules.plural import counted

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from router.stage.drill.drill import Order
    from router.stage.drill.tale import Tale

_FILE = click.Path(dir_okay=False, path_type=Path)
_FOLDER = click.Path(file_okay=False, path_type=Path)

_KEPT = (
    "Kept in {folder}: the rows that the report was counted from, as CSV, in rows/, and the database."
    " To ask it, evidence included, until you delete the folder:"
)
_ASKED = """\
  cd {folder} && . ./environment.sh && paravent evidence verify
Any other command of Paravent does, too: raid show, budget, review, replay."""


@click.command
@click.argument("name", required=False)
@click.option("--list", "listed", is_flag=True, help="Say which scenarios there are.")
@click.option("--seed", default=1, show_default=True, help="The same seed, the same night.")
@click.option(
    "--scale", default=1.0, show_default=True, type=click.FloatRange(0.005, 1.0), help="Part of its texts."
)
@click.option(
    "--policy", "policies", multiple=True, type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Settings to compare with the drill's own, on the same texts; may be repeated.",
)  # fmt: skip
@click.option("--json", "as_json", type=_FILE, help="Write every figure there.")
@click.option("--html", "as_html", type=_FILE, help="Write a page with charts there.")
@click.option("--show", is_flag=True, help="Have the console show that page, as --html and --keep do.")
@click.option(
    "--config", type=click.Path(path_type=Path), envvar="PARAVENT_SETTINGS",
    help="Settings of the router whose console it is; left out: paravent.toml here, else the demo's.",
)  # fmt: skip
@click.option("--rows", type=_FILE, help="Write there as CSV what became of each text.")
@click.option("--keep", type=_FOLDER, help="Leave the database, its keys and the report's rows there.")
@click.option("--openmetrics", type=_FILE, help="Write there what /metrics said, for promtool.")
def command(
    name: str | None,
    listed: bool,
    seed: int,
    scale: float,
    policies: tuple[Path, ...],
    show: bool,
    config: Path | None,
    **files: Path | None,
) -> None:
    """Play a night through the real router, in business time sped up.

    Carriers are simulated: nothing leaves this machine, nothing costs money, and
    without --keep no database is left behind. The report compares the ledger with
    what the carriers took; exit code 1 where they differ or a promise was broken.
    `paravent drill weekend` tells the raid of 2017.
    """
    from router.stage.drill.scenes import SCENARIOS
    from router.stage.drill.wording import ENGLISH

    if listed or name is None:
        for scenario in SCENARIOS.values():
            click.echo(scenario.name)
            show_wrapped("    ", ENGLISH.story(scenario.name))
        return
    if isnan(scale):
        raise click.BadParameter("it is a number, such as 0.05", param_hint="--scale")
    if name not in SCENARIOS:
        raise click.UsageError(f"no scenario {name!r}; there are: {', '.join(SCENARIOS)}")
    _writable(**files)
    from router.stage.drill.drill import Order
    from router.stage.drill.report import report

    own = Order(
        scenario=SCENARIOS[name], seed=seed, scale=scale, openmetrics=files["openmetrics"], keep=files["keep"]
    )
    shelf = _shelf(config, show=show) if show or files["as_html"] or own.keep else None
    tales = _played([own, *(_with(own, policy) for policy in policies)])
    click.echo(report(tales))
    _write(tales, files)
    if own.keep:
        _tell_kept(own.keep)
    if shelf:
        _show(tales, shelf, show=show)
    if not all(tale.good for tale in tales):
        raise Failed("a promise was broken; the report says which")


def _tell_kept(folder: Path) -> None:
    click.echo()
    show_wrapped("", _KEPT.format(folder=folder))
    click.echo(_ASKED.format(folder=folder))


def _writable(keep: Path | None, **files: Path | None) -> None:
    """Refuse what cannot be written: a night is too long to be played for nothing. `keep` is made with it."""
    for option, path in files.items():
        if path is None or (keep and keep in path.parents):
            continue
        if not os.access(path if path.exists() else path.parent, os.W_OK):
            said = f"{path} cannot be written: there is no such folder, or it is closed to you"
            raise click.BadParameter(said, param_hint=f"--{option.removeprefix('as_')}")


def _with(order: Order, policy: Path) -> Order:
    from dataclasses import replace

    return replace(order, name=policy.stem, policy=policy_of(policy), openmetrics=None, keep=None)


def _played(orders: Sequence[Order]) -> list[Tale]:
    from router.processes import run_until_stopped
    from router.stage.drill.counting import tell

    tales: list[Tale] = []

    async def work() -> None:
        from router.stage.drill.drill import play

        for order in orders:
            played = await play(order, _progress(order))
            tales.append(tell(played))

    import logging

    logging.basicConfig(level=logging.ERROR, format="%(message)s")
    from router.settings import SettingsError
    from router.stage.drill.house import prove

    for order in orders:
        try:
            prove(order.scenario, order.scale, order.policy)
        except SettingsError as error:  # the drill's own are right: what was laid over them is not
            problems = [str(problem) for problem in error.problems]
            raise WrongSettings(problems, f"the policy {order.name}") from None
    with plainly():
        run_until_stopped(work())
    if len(tales) < len(orders):
        raise Failed("stopped; nothing is left behind but what --keep named")
    return tales


def _progress(order: Order) -> Callable[[datetime, int], None]:
    """One line that is written over and over on a terminal, and a line an eighth elsewhere."""
    import sys

    from router.stage.drill.wording import ENGLISH

    scenario, name = order.scenario, order.name or order.scenario.name
    whole, said = scenario.ends - scenario.launch, -1
    live = sys.stderr.isatty()

    def tell(at: datetime, texts: int) -> None:
        nonlocal said
        part = int((80 if live else 8) * min(1.0, (at - scenario.launch) / whole))
        if part == said:
            return
        said = part
        line = f"{name}: {ENGLISH.moment(at)} in Paris, {counted(texts, 'text')}"
        click.echo(f"\r{line:<60.79}" if live else line, err=True, nl=not live)
        if live and at >= scenario.ends:
            click.echo("", err=True)

    return tell


def _write(tales: Sequence[Tale], files: dict[str, Path | None]) -> None:
    from router.stage.drill.page import page
    from router.stage.drill.sheet import sheet

    try:
        if path := files["as_json"]:
            _write_json(path, tales)
        if path := files["as_html"]:
            path.write_text(page(tales), encoding="utf-8")
        if path := files["rows"]:
            path.write_text(sheet(tales[0]), encoding="utf-8")
    except OSError as error:  # it could be written when the night began
        raise Failed(f"{error.filename or 'a file'} cannot be written: {error.strerror}") from error


def _shelf(config: Path | None, *, show: bool) -> Path | None:
    """Where the console looks for drills that is the router's whose settings are here, or else a demo's.

    Where it was not asked for by name, it is no fault that there is none.
    """
    from router.stage import signpost

    try:
        place(config)
    except WrongSettings:  # nor was there a demo: the first one shows it
        return signpost.folder() / "drills" if show else None
    try:
        return settings_of(config).drills
    except WrongSettings:
        if show:
            raise
        return None


def _show(tales: Sequence[Tale], folder: Path, *, show: bool) -> None:
    from router.stage import signpost
    from router.stage.drill.page import page
    from router.web import shelf

    order = tales[0].played.order
    try:
        signpost.prepare(folder.parent)
        shelf.put(folder, f"{order.scenario.name}-seed-{order.seed}-scale-{order.scale:g}", page(tales))
    except OSError as error:
        said = f"The console does not show it: {folder} cannot be written: {error.strerror}."
        if show:
            raise Failed(said) from error
        show_aside(said)
        return
    show_wrapped(
        "",
        f"The console shows it, under Drills: that of the router, or demo, with its data in {folder.parent}.",
    )


def _write_json(path: Path, tales: Sequence[Tale]) -> None:
    import json

    def plain(value: Any) -> Any:
        return value.isoformat() if hasattr(value, "isoformat") else str(value)

    said = [tale.as_json() for tale in tales]
    path.write_text(json.dumps(said, indent=1, ensure_ascii=False, default=plain) + "\n", encoding="utf-8")
