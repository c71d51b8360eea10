"""A drill's report as one page that needs nothing else: for a browser, a printer, a journalist."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from html import escape
from pathlib import Path
from textwrap import dedent

from router.postgres.night import QUERIES
from router.rules.budget import MICROS
from router.stage.drill import report
from router.stage.drill.charts import Mark, Series, bars, lines
from router.stage.drill.figures import lasted, moment, money, share
from router.stage.drill.report import compare, scaled
from router.stage.drill.scenes import Fault, Over, Restore, TopUp
from router.stage.drill.tale import Hour, Tale

_HOUR = 3_600.0
_WRONG = {"suspend": "suspends the account", "out_of_funds": "carries nothing more: it is not paid"}


def page(tales: Sequence[Tale]) -> str:
    """The page of one drill; others of the same traffic follow in a table."""
    tale = tales[0]
    name = tale.played.order.scenario.name
    style = Path(__file__).with_name("page.css").read_text(encoding="utf-8")
    body = "\n".join(_body(tale, tales))
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>Paravent: {escape(name)}</title>\n<style>\n{style}</style></head>\n"
        f"<body><main>\n{body}\n</main></body></html>\n"
    )


def _body(tale: Tale, tales: Sequence[Tale]) -> Iterator[str]:
    order = tale.played.order
    yield f"<h1>{escape(_headline(tale))}</h1>"
    yield f'<p lang="fr" class="lead">{escape(_headline_fr(tale))}</p>'
    yield f'<p class="lead">{escape(order.scenario.story)}</p>'
    yield (
        '<p class="small">A drill: the texts and the carriers are simulated, the router is the real one, and'
        f" business time was sped up. Seed {order.seed}; times are those of Paris."
        f" {escape(scaled(order))}</p>"
    )
    yield f'<div class="cards">{"".join(_cards(tale))}</div>'
    yield from _charts(tale)
    if len(tales) > 1:
        yield "<h2>The same texts under other policies</h2>"
        yield _side_by_side(tales)
    for title, source, rows in report.blocks(tale):
        yield f"<h2>{escape(title)}</h2>{_table(rows)}"
        yield f'<p class="from">Counted from the tables {escape(source)}.</p>'
    yield "<h2>The promises</h2>"
    yield _promises(tale)
    yield from _sources(tale)


def _headline(tale: Tale) -> str:
    people, raid = tale.people, tale.raiders
    said = f"{people.answered:,} of {people.texters:,} people were answered"
    if raid.texts:
        return f"{said}. {raid.texts:,} raid texts got {raid.paid:,} answers."
    return f"{said}."


def _headline_fr(tale: Tale) -> str:
    """The same in French: the console shows it to who reads that."""

    def number(of: int) -> str:
        return f"{of:,}".replace(",", "\u202f")

    people, raid = tale.people, tale.raiders
    said = f"{number(people.answered)} personnes sur {number(people.texters)} ont eu une réponse"
    if raid.texts:
        return f"{said}. Les {number(raid.texts)} SMS du raid ont eu {number(raid.paid)} réponses."
    return f"{said}."


def _cards(tale: Tale) -> Iterator[str]:
    people, raid, purse = tale.people, tale.raiders, tale.money
    yield _card(
        share(people.answered, people.texters), f"of {people.texters:,} genuine texters were answered"
    )
    yield _card(f"{money(purse.spent)} EUR", f"spent; an answer to every text: {money(purse.naive)} EUR")
    yield _card(f"{money(purse.over)} EUR", "spent beyond the budget")
    if raid.texts:
        found = "not found" if raid.found_after is None else f"{raid.found_after:,} texts"
        minutes = f", {lasted(60 * raid.minutes)} after it began" if raid.minutes is not None else ""
        yield _card(found, f"of the raid had come when it was found{minutes}")
        yield _card(f"{raid.paid:,}", f"of {raid.texts:,} raid texts got a paid answer")


def _card(big: str, small: str) -> str:
    return f'<div class="card"><b>{escape(big)}</b><span>{escape(small)}</span></div>'


def _charts(tale: Tale) -> Iterator[str]:
    hours, marks = tale.hours, _marks(tale)
    at = [hour.at for hour in hours]
    written = [Series("genuine texts", "genuine", [hour.genuine for hour in hours])]
    if tale.raiders.texts:
        written.append(Series("raid texts", "raid", [hour.raid for hour in hours]))
    yield _figure(
        "What came in, texts an hour", bars(at, written, marks, "texts an hour"), "when each text came in"
    )
    if marks:
        noted = "".join(f"<li>{escape(mark.says)}</li>" for mark in marks)
        yield f'<ol class="small">{noted}</ol>'
    sent = [
        Series(f"answered by {name}", name, [hour.answers.get(name, 0) for hour in hours])
        for name in sorted(tale.people.by_account)
    ]
    if sent:
        yield _figure(
            "What went out, answers an hour",
            bars(at, sent, marks, "answers an hour"),
            "when each answer was sent",
        )
    waited = [
        Series("waiting for money or a carrier", "waiting", [hour.waiting for hour in hours]),
        Series("held, unpaid, by a raid", "held", [hour.held for hour in hours]),
    ]
    yield _figure(
        "What waited, texts",
        lines(at, waited, marks, "texts that waited"),
        "what waited at each move of the clock",
    )
    yield _figure(
        "What it cost, EUR", lines(at, _costs(tale), marks, "money spent"), "the ledger and the purse"
    )


def _costs(tale: Tale) -> list[Series]:
    hours, price = tale.hours, tale.played.price / MICROS
    came, naive = 0, []
    for hour in hours:
        came += hour.genuine + hour.raid
        naive.append(came * price)
    found = [
        Series("spent", "spent", [hour.spent / MICROS for hour in hours]),
        Series("an answer to every text", "naive", naive),
    ]
    if tale.money.limit is not None:
        found.append(Series("could be spent", "limit", [_limit(tale, hour) for hour in hours]))
    return found


def _limit(tale: Tale, hour: Hour) -> float:
    """What could be spent by the end of that hour."""
    end = hour.at + timedelta(hours=1)
    still = sum(row.cap for row in tale.played.rows.top_ups if row.purse == "total" and row.at > end)
    return ((tale.money.limit or 0) - still) / MICROS


def _marks(tale: Tale) -> list[Mark]:
    scenario, scale = tale.played.order.scenario, tale.played.order.scale
    begin = tale.hours[0].at if tale.hours else scenario.launch
    found: list[tuple[datetime, str]] = []
    for event in scenario.events:
        match event:
            case Fault(account=account, name=""):
                said = f"{account} is well again"
            case Fault(account=account, name=name):
                said = f"{account} {_WRONG.get(name, name.replace('_', ' '))}"
            case Restore(account=account):
                said = f"the operator restores {account}"
            case TopUp(money=amount):
                said = f"the operator tops up {float(amount) * scale:,.2f} EUR"
            case Over():
                continue
        found.append((scenario.when(event), said))
    if scenario.raid is not None:
        came = [text.at for text in tale.played.texts if text.raid]
        found += [(min(came), "the first raid text")] if came else []
    found += [(empty.since, "the purse is empty: texts wait") for empty in tale.played.empties]
    found += [
        (row.at, "a raid is seen" if row.mode == "raid" else "calm again") for row in tale.played.rows.raids
    ]
    return [Mark((at - begin).total_seconds() / _HOUR, f"{moment(at)}: {said}") for at, said in sorted(found)]


def _figure(title: str, chart: str, source: str) -> str:
    return (
        f"<figure><figcaption>{escape(title)}</figcaption>{chart}"
        f'<p class="from">Counted from {escape(source)}.</p></figure>'
    )


def _table(rows: Sequence[tuple[str, str]]) -> str:
    cells = "".join(f"<tr>{_named(name)}<td>{escape(said)}</td></tr>" for name, said in rows)
    return f"<table>{cells}</table>"


def _named(name: str) -> str:
    """A first cell; what belongs to the line above stands in a little."""
    return f"<td{' class=sub' * name.startswith(' ')}>{escape(name.strip())}</td>"


def _side_by_side(tales: Sequence[Tale]) -> str:
    heads = "".join(f"<th>{escape(tale.played.order.name)}</th>" for tale in tales)
    rows = "".join(
        f"<tr>{_named(name)}{''.join(f'<td>{escape(value)}</td>' for value in values)}</tr>"
        for name, values in compare(tales)
    )
    return f'<div class="scroll"><table><tr><th></th>{heads}</tr>{rows}</table></div>'


def _promises(tale: Tale) -> str:
    rows = "".join(
        f'<tr><td>{escape(each.name)}</td><td class="{"kept" if each.kept else "broken"}">'
        f"{'kept' if each.kept else 'broken'}</td><td>{escape(each.said)}</td></tr>"
        for each in tale.promises
    )
    return f"<table>{rows}</table>"


def _sources(tale: Tale) -> Iterator[str]:
    yield "<details><summary>Where each figure comes from</summary>"
    yield (
        "<p>The router's own tables, read once at the end by the statements below; what was sent and charged"
        " also from the simulated carriers' journal, which knows nothing of the router. Who is a raider only"
        " the drill knows. <code>--rows FILE</code> writes every text with what became of it.</p>"
    )
    for name, query in QUERIES.items():
        yield f"<p class='from'>{escape(name)}</p><pre>{escape(dedent(query).strip())}</pre>"
    yield "</details>"
    played = tale.played
    yield (
        f"<footer>Played in {played.seconds:.0f} s, {played.ticks:,} moves of the clock,"
        f" {len(played.texts):,} texts. Decisions {tale.digest}: the same seed, scale and"
        " policy give the same.</footer>"
    )
