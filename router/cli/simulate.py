"""`paravent simulate`: the simulated carriers alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from router.cli.finding import json_option, plainly
from router.cli.showing import show_json

if TYPE_CHECKING:
    from providers.simulator.simulation import Simulation
    from router.stage.cast import Cast


@click.command
@click.option("--port", default=0, type=click.IntRange(0, 65_535), help="Of the control API; 0: any free.")
@click.option("--for", "seconds", type=click.FloatRange(min=0), help="End by itself after so many SECONDS.")
@json_option
def command(port: int, seconds: float | None, as_json: bool) -> None:
    """Run the simulated carriers alone, for your own programs.

    Prints where they are and the secrets made for this run. POST /webhooks of the
    control API says where they post; GET / of it shows them, GET /faults what can
    be made to go wrong.
    """
    from router.processes import run_until_stopped

    with plainly():
        run_until_stopped(_simulate(port, seconds, as_json))


async def _simulate(port: int, seconds: float | None, as_json: bool) -> None:
    import asyncio
    import secrets

    from providers.simulator.simulation import Simulation
    from router.cli.finding import Failed
    from router.stage.cast import cast

    made = cast()
    simulation = Simulation(made.accounts, control_port=port, seed=secrets.randbits(64))
    try:
        async with simulation:
            _show(_described(simulation, made), as_json=as_json)
            await asyncio.sleep(seconds if seconds is not None else float("inf"))
    except OSError as error:
        raise Failed(f"Port {port} of 127.0.0.1 cannot be used ({error.strerror}).") from error


def _described(simulation: Simulation, made: Cast) -> dict[str, Any]:
    return {
        "control_url": simulation.control_url,
        "carriers": {
            name: {"base_url": simulation.base_url(name), "numbers": list(account.numbers)}
            for name, account in made.accounts.items()
        },
        "environment": dict(made.environment),
    }


def _show(found: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        show_json(found)
        return
    click.echo(f"Control API   {found['control_url']}")
    for name, each in found["carriers"].items():
        click.echo(f"{name:12}  {each['base_url']}  {' '.join(each['numbers'])}")
    click.echo("\nTheir secrets, for this run:")
    for name, value in found["environment"].items():
        said = value.replace("\n", "\\n")
        click.echo(f"  {name}={said}" if len(said) < 60 else f"  {name}=(in --json)")  # noqa: PLR2004 -- a line
    click.echo("\nCtrl-C ends it.")
