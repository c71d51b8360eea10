"""How `paravent raid` shows things: whether one is on and why, and who is held."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from router.cli.showing import moment, show_clock, show_json, show_table, show_wrapped
from router.rules.plural import counted

if TYPE_CHECKING:
    from router.web.raiding import Change, Raid

_SHAPE = 24


def told(found: Raid, *, as_json: bool) -> None:
    """Print all of it, as words or as JSON."""
    if as_json:
        show_json(found.model_dump())
        return
    from router.rules.memory import ENOUGH, RAIDED

    raid = found.mode == "raid"
    by = " You declared it: only you end it." if found.by_hand else ""
    click.echo(f"A raid is on since {moment(found.since)}.{by}" if raid else "It is calm.")
    if found.calm_until is not None:
        show_wrapped("", f"You said that it is no raid: none is seen until {moment(found.calm_until)}.")
    signs = "that it ends" if raid else "of a raid"
    show_wrapped(
        "",
        f"Signs {signs}: {found.statistic:.1f} of {found.limit:g}. Usually"
        f" {found.baseline:.1%} of texts are suspicious, by the last {found.learnt}.",
    )
    if raid and (found.learnt < ENOUGH or found.baseline > RAIDED) and found.line is not None:
        show_wrapped(
            "", "Nothing shows what is usual: those that the detector flags are held, and no others."
        )
    if found.judged:
        show_wrapped(
            "",
            f"Of {counted(found.judged, 'text')} judged in this raid, {found.judged_held} were held"
            f" ({found.judged_held / found.judged:.0%}). Of ordinary texts,"
            f" up to about {found.share_wanted:.0%} may be held by mistake (raids.held).",
        )
    if found.held:
        clusters(found)
    for each in found.changes:
        show_wrapped(f"{moment(each.at)}  ", _change(each))
    if raid or found.held or found.changes:
        show_clock()


def clusters(found: Raid) -> None:
    """Print what is held, by wording."""
    yours = f"; only you can let {found.grave} of them go" if found.grave else ""
    show_wrapped(
        "", f"{counted(found.held, 'text')} from {counted(found.phones, 'phone')} held, unanswered{yours}."
    )
    if found.clusters:
        rows = [
            (
                each.id or "(no words)",
                str(each.texts),
                str(each.senders),
                moment(each.first),
                moment(each.last),
                each.blurred.split("\n")[0][:_SHAPE],
            )
            for each in found.clusters
        ]
        show_table(("CLUSTER", "TEXTS", "SENDERS", "FIRST", "LAST", "WORDS"), rows)
    if more := found.held - sum(each.texts for each in found.clusters):
        show_wrapped(
            "", f"{counted(more, 'text of another wording is', 'texts of other wordings are')} held, too."
        )


def _change(change: Change) -> str:
    texts, began, until = counted(change.texts, "text"), moment(change.began), moment(change.at)
    why = (
        f"by {change.by}"
        if change.cause == "operator"
        else f"{change.flagged} of {texts} from {began} to {until} suspicious, usually {change.baseline:.1%}"
    )
    denied = change.explanation.until
    return f"no raid until {moment(denied)}: {why}" if denied else f"{change.mode}: {why}"
