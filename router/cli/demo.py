"""`paravent demo`: everything on this machine, without an account or a server."""

from __future__ import annotations

from contextlib import AsyncExitStack
from typing import TYPE_CHECKING

import click

from router.cli.finding import plainly
from router.cli.showing import show_wrapped

if TYPE_CHECKING:
    from router.rules.story import Story
    from router.stage.signpost import Running


@click.command
@click.option("--port", default=8_080, show_default=True, type=click.IntRange(0, 65_535), help="0: any free.")
@click.option("--fresh", is_flag=True, help="Begin with an empty database.")
@click.option("--for", "seconds", type=click.FloatRange(min=0), help="End by itself after so many SECONDS.")
def command(port: int, fresh: bool, seconds: float | None) -> None:
    """Try it: three simulated carriers, the router, a console.

    Nothing leaves this machine and nothing costs money. Ctrl-C ends it; its data
    is kept for the next time, in the folder `demo` of $PARAVENT_DATA; left out, of
    ~/.local/share/paravent ($XDG_DATA_HOME/paravent if that is set), and of
    /var/lib/paravent for root.
    """
    import logging

    from router.processes import run_until_stopped

    logging.basicConfig(level=logging.WARNING, format="%(message)s")
    with plainly():
        run_until_stopped(_demo(port, fresh, seconds))


async def _demo(port: int, fresh: bool, seconds: float | None) -> None:
    import asyncio

    from router.stage import signpost
    from router.stage.demo import demo

    def begins() -> None:
        click.echo("Starting PostgreSQL, three simulated carriers and the router ...")
        stack.callback(click.echo, "Stopped.")

    async with AsyncExitStack() as stack:
        running = await stack.enter_async_context(
            demo(signpost.folder(), port, fresh=fresh, begins=begins, hear=_tell)
        )
        click.echo(_welcome(running.where, running.closed, seconds))
        await asyncio.sleep(seconds if seconds is not None else float("inf"))


def _welcome(where: Running, closed: list[str], seconds: float | None) -> str:
    numbers = "\n".join(f"    {number}  {account}" for account, number in where.numbers.items())
    first = next(iter(where.numbers.values()))
    left = "".join(
        f"\n  {each}: left so last time; `paravent accounts restore` opens it\n" for each in closed
    )
    end = "Ctrl-C ends it." if seconds is None else f"It ends by itself in {seconds:g} s."
    return f"""
Paravent answers. Three published numbers, each at a simulated carrier of its own:
{numbers}
{left}
Look at
    {where.console_url}  console: write a text, see the answer
    {where.console_url}metrics  what Prometheus sees
    {where.control_url}  the carriers' own side, and its faults

Try, in another terminal
    paravent text "{first}" "Salut c'est Kevin"
    paravent accounts cut twilio     then text again: another account answers
    paravent accounts restore twilio
    paravent budget                  what it has cost

{end}
"""


def _tell(story: Story) -> None:
    """One line a text: names, reasons and durations, never who wrote or what."""
    from router.rules.answer import Silence

    said = f"{story.number}: {story.ending.value}"
    if isinstance(story.decision, Silence):
        said += f" ({story.decision.reason.value})"
    if story.attempts:
        said += f", through {story.attempts[-1].route.account}"
    for step in story.passed:
        said += f"; not {step.route.account}: {step.why.value}"
    seconds = (story.ended_at - story.received_at).total_seconds()
    show_wrapped("  ", f"{said}; {seconds:.2f} s")
