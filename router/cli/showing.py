"""How commands print: JSON for programs, tables of at most 80 columns for people."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Sequence
from itertools import zip_longest
from typing import TYPE_CHECKING, Any, TextIO

import click

if TYPE_CHECKING:
    from datetime import datetime, tzinfo

_shown_in: dict[str, tzinfo] = {}
_WIDTH = 80
_GAP = 2
_NARROWEST = 12
_MICROS = 1_000_000

NO_ROUTER = "No router runs: this is how things stood when the last one ended."
"""Said below what is only true of a router that runs."""


def show_in(zone: tzinfo) -> None:
    """Moments are shown in this zone from now on: that of the settings, in which they are read too."""
    _shown_in["zone"] = zone


def show_json(what: Any) -> None:
    """Print as JSON; times are ISO 8601."""
    click.echo(json.dumps(what, indent=2, ensure_ascii=False, default=_plain))


def harmless(words: str) -> str:
    """Words that cannot steer a terminal."""
    return "".join(each if each.isprintable() or each == "\n" else "�" for each in words)


def show_table(
    heads: Sequence[str], rows: Iterable[Sequence[str]], colours: Sequence[str | None] = ()
) -> None:
    """Print a table; the last column takes what room there is, and wraps. One colour a row, on a terminal."""
    import textwrap

    lines = [list(heads), *(list(row) for row in rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(heads))]
    while sum(widths[:-1]) + _GAP * len(widths) + _NARROWEST > _WIDTH:
        widest = widths[:-1].index(max(widths[:-1]))
        widths[widest] -= 1
    left = _WIDTH - sum(widths[:-1]) - _GAP * (len(widths) - 1)
    for line, colour in zip_longest(lines, [None, *colours]):
        *first, last = line
        cells = "".join(_fitted(cell, width) + " " * _GAP for cell, width in zip(first, widths, strict=False))
        wrapped = textwrap.wrap(last, left) or [""]
        click.secho((cells + wrapped[0]).rstrip(), fg=colour)
        for more in wrapped[1:]:
            click.secho(" " * len(cells) + more, fg=colour)


def show_wrapped(head: str, said: str) -> None:
    """Print a sentence behind its head; further lines stand below its first word."""
    click.echo(_filled(head, said, " " * len(head)))


def show_words(said: str) -> None:
    """Print what somebody wrote: as it is, but on a terminal no line is longer than that."""
    click.echo(fitted(said) if is_terminal(sys.stdout) else said)


def show_aside(said: str) -> None:
    """Say something beside what is printed, to standard error; wrapped on a terminal."""
    click.echo(fitted(said) if is_terminal(sys.stderr) else said, err=True)


def show_doing(said: str) -> None:
    """Say what takes a while, to whoever waits for it at a terminal; nothing elsewhere."""
    if is_terminal(sys.stderr):
        click.echo(said, err=True)


def is_terminal(stream: TextIO) -> bool:
    """Whether people look at it, now."""
    return stream.isatty()


def fitted(said: str, head: str = "") -> str:
    """Lines of at most 80 columns, the first of them behind a head that somebody else prints."""
    lines = []
    for line in said.split("\n"):
        indent = line[: len(line) - len(line.lstrip())]
        lines.append(_filled(head + indent, line.strip(), indent + "  " * bool(indent)).removeprefix(head))
        head = ""
    return "\n".join(lines)


def _filled(head: str, said: str, inner: str) -> str:
    import textwrap

    return (
        textwrap.fill(
            said,
            _WIDTH,
            initial_indent=head,
            subsequent_indent=inner,
            break_long_words=False,
            break_on_hyphens=False,
        )
        or head
    )


def money(micros: int | None) -> str:
    """Millionths as an amount with at least two decimals; ``unlimited`` for None."""
    if micros is None:
        return "unlimited"
    units, millionths = divmod(micros, _MICROS)
    return f"{units}.{f'{millionths:06}'.rstrip('0'):0<2}"


def amounts(column: Sequence[int | None], without: str = "unlimited") -> list[str]:
    """A column of `money`, its points one below the other; `without` stands for None."""
    said = [without if micros is None else money(micros) for micros in column]
    places = max((len(each.rpartition(".")[2]) for each in said if "." in each), default=0)
    figures = [
        each.ljust(len(each.partition(".")[0]) + 1 + places, "0") if "." in each else each for each in said
    ]
    width = max(map(len, figures), default=0)
    return [each.rjust(width) for each in figures]


def moment(at: datetime | None) -> str:
    """A time of the settings' zone, short; a dash for none. Before settings are read, of this machine's.

    UTC is said to be that, here as on the console: nobody's clock on the wall shows it.
    """
    if at is None:
        return "-"
    here = at.astimezone(_shown_in.get("zone"))
    today = type(at).now(here.tzinfo).date() == here.date()
    said = f"{here:%H:%M:%S}" if today else f"{here:%d %b %H:%M}"
    return f"{said} UTC" if str(here.tzinfo) == "UTC" else said


def show_clock() -> None:
    """Say once whose clock the moments above are of; those of UTC say so themselves."""
    zone = _shown_in.get("zone")
    if zone is not None and str(zone) != "UTC":
        click.echo(f"Times are those of {zone}.")


def _fitted(cell: str, width: int) -> str:
    return cell.ljust(width) if len(cell) <= width else cell[: width - 1] + "…"


def _plain(value: Any) -> Any:
    return value.isoformat() if hasattr(value, "isoformat") else str(value)
