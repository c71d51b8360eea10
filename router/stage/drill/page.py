"""A drill's report as one page in two languages that needs nothing else: for a browser, a journalist."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from hashlib import sha256
from html import escape
from pathlib import Path
from textwrap import dedent

from router.postgres.night import QUERIES
from router.rules.budget import MICROS
from router.stage.drill.charts import Paper, Series
from router.stage.drill.happened import marks
from router.stage.drill.parts import Rows, blocks, compare, scaled
from router.stage.drill.tale import Hour, Tale
from router.stage.drill.wording import ENGLISH, FRENCH, Wording

# Opened by itself it speaks the reader's language; where no script may run, English until somebody clicks.
_FOLLOWS = (
    "location.hash || navigator.languages.map(each => each.slice(0, 2))"
    ".find(each => ['en', 'fr'].includes(each)) !== 'fr' || location.replace('#fr')"
)
_FOLLOWS_ALONE = f"'sha256-{b64encode(sha256(_FOLLOWS.encode()).digest()).decode()}'"


def page(tales: Sequence[Tale]) -> str:
    """The page of one drill; others of the same traffic follow in a table.

    It is read in the browser's language, or in that of `#fr` or `#en` at the end of its address.
    """
    name = tales[0].played.order.scenario.name
    style = Path(__file__).with_name("page.css").read_text(encoding="utf-8")
    # What is asked for is shown and hides what follows: no script is needed for that.
    french, english = _Page(tales, FRENCH, ENGLISH), _Page(tales, ENGLISH, FRENCH)
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        '<meta http-equiv="Content-Security-Policy"'
        f""" content="default-src 'none'; style-src 'unsafe-inline'; script-src {_FOLLOWS_ALONE}">"""
        f"<title>Paravent: {escape(name)}</title>\n<style>\n{style}</style></head>\n"
        f"<body><main>\n{french.whole()}\n{english.whole()}\n</main>"
        f"<script>{_FOLLOWS}</script></body></html>\n"
    )


@dataclass(frozen=True, slots=True)
class _Page:
    """The page in one language, with the way to the other."""

    tales: Sequence[Tale]
    say: Wording
    other: Wording

    @property
    def tale(self) -> Tale:
        return self.tales[0]

    def whole(self) -> str:
        language, other = self.say.language, self.other.language
        link = f'<a href="#{other}" lang="{other}" hreflang="{other}">{self.other.say("language")}</a>'
        body = "\n".join(self._body())
        return f'<section lang="{language}" id="{language}">\n<p class="other">{link}</p>\n{body}\n</section>'

    def _body(self) -> Iterator[str]:
        say, order = self.say, self.tale.played.order
        yield f'<h1 lang="{say.language}">{escape(self._headline())}</h1>'
        yield f'<p class="lead">{escape(say.story(order.scenario.name))}</p>'
        about = f"{say.say('drill', seed=str(order.seed))} {say.say('times')} {scaled(order, say)}"
        yield f'<p class="small">{escape(about.strip())}</p>'
        yield f'<div class="cards">{"".join(self._cards())}</div>'
        yield from self._charts()
        if len(self.tales) > 1:
            yield f"<h2>{escape(say.say('policies'))}</h2>"
            yield self._side_by_side()
        for title, tables, rows in blocks(self.tale, say):
            yield f"<h2>{escape(title)}</h2>{_table(rows)}"
            yield f'<p class="from">{escape(say.say("tables", tables=tables))}</p>'
        yield f"<h2>{escape(say.say('promises'))}</h2>"
        yield self._promises()
        yield from self._sources()

    def _headline(self) -> str:
        say, people, raid = self.say, self.tale.people, self.tale.raiders
        said = say.many("headline", people.answered, texters=people.texters)
        if late := people.answered - people.at_once:
            kept = say.lasted(self.tale.played.expiry.total_seconds())
            said += f" {say.many('headline.later', late, last=say.lasted(people.longest), kept=kept)}"
        if not raid.texts:
            return said
        return f"{said} {say.say('headline.raid', texts=raid.texts, answers=say.many('answers', raid.paid))}"

    def _cards(self) -> Iterator[str]:
        say, people, raid, purse = self.say, self.tale.people, self.tale.raiders, self.tale.money
        spent, over, naive = (
            say.say("money", amount=say.money(each)) for each in (purse.spent, purse.over, purse.naive)
        )
        answered = say.say("card.answered", texters=people.texters)
        yield _card(say.share(people.answered, people.texters), answered)
        yield _card(spent, say.say("card.spent", naive=naive))
        yield _card(over, say.say("card.over"))
        if not raid.texts:
            return
        if raid.found_after is None or raid.minutes is None:
            yield _card(say.say("card.found.never"), say.say("card.found.never.said"))
        else:
            after = say.lasted(60 * raid.minutes)
            yield _card(say.many("texts", raid.found_after), say.say("card.found", after=after))
        yield _card(say.number(raid.paid), say.say("card.paid", texts=raid.texts))

    def _charts(self) -> Iterator[str]:
        say, hours = self.say, self.tale.hours
        paper = Paper([hour.at for hour in hours], marks(self.tale, say), say)
        written = [Series(say.say("series.genuine"), "genuine", [hour.genuine for hour in hours])]
        if self.tale.raiders.texts:
            written.append(Series(say.say("series.raid"), "raid", [hour.raid for hour in hours]))
        yield self._figure("in", paper.bars(written, say.say("chart.in")))
        if paper.marks:
            noted = "".join(f"<li>{escape(mark.says)}</li>" for mark in paper.marks)
            yield f'<ol class="small">{noted}</ol>'
        sent = [
            Series(
                say.say("series.account", account=say.carrier(name)),
                name,
                [hour.answers.get(name, 0) for hour in hours],
            )
            for name in sorted(self.tale.people.by_account)
        ]
        if sent:
            yield self._figure("out", paper.bars(sent, say.say("chart.out")))
        waited = [
            Series(say.say("series.waiting"), "waiting", [hour.waiting for hour in hours]),
            Series(say.say("series.held"), "held", [hour.held for hour in hours]),
        ]
        yield self._figure("waited", paper.lines(waited, say.say("chart.waited")))
        yield self._figure("cost", paper.lines(self._costs(), say.say("chart.cost")))

    def _figure(self, key: str, chart: str) -> str:
        say = self.say
        source = say.say("counted", source=say.say(f"chart.{key}.from"))
        return (
            f"<figure><figcaption>{escape(say.say(f'chart.{key}'))}</figcaption>{chart}"
            f'<p class="from">{escape(source)}</p></figure>'
        )

    def _costs(self) -> list[Series]:
        say, hours, price = self.say, self.tale.hours, self.tale.played.price / MICROS
        came, naive = 0, []
        for hour in hours:
            came += hour.genuine + hour.raid
            naive.append(came * price)
        found = [
            Series(say.say("series.spent"), "spent", [hour.spent / MICROS for hour in hours]),
            Series(say.say("series.naive"), "naive", naive),
        ]
        if self.tale.money.limit is not None:
            limits = [_limit(self.tale, hour) for hour in hours]
            found.append(Series(say.say("series.limit"), "limit", limits))
        return found

    def _side_by_side(self) -> str:
        names = (tale.played.order.name or self.say.say("own") for tale in self.tales)
        heads = "".join(f"<th>{escape(name)}</th>" for name in names)
        rows = "".join(
            f"<tr>{_named(name)}{''.join(f'<td>{escape(value)}</td>' for value in values)}</tr>"
            for name, values in compare(self.tales, self.say)
        )
        return f'<div class="scroll"><table><tr><th></th>{heads}</tr>{rows}</table></div>'

    def _promises(self) -> str:
        rows = []
        for each in self.tale.promises:
            (name, said), word = each.told(self.say), "kept" if each.kept else "broken"
            rows.append(
                f'<tr><td>{escape(name)}</td><td class="{word}">{escape(self.say.say(word))}</td>'
                f"<td>{escape(said)}</td></tr>"
            )
        return f"<table>{''.join(rows)}</table>"

    def _sources(self) -> Iterator[str]:
        say, played = self.say, self.tale.played
        yield f"<details><summary>{escape(say.say('sources'))}</summary>"
        yield f"<p>{escape(say.say('sources.said'))}</p>"
        for name, query in QUERIES.items():
            yield (
                f'<p class="from">{escape(say.say(f"rows.{name}"))}</p>'
                f'<pre lang="zxx">{escape(dedent(query).strip())}</pre>'
            )
        yield "</details>"
        said = say.say(
            "played",
            seconds=round(played.seconds),
            ticks=played.ticks,
            texts=say.many("texts", len(played.texts)),
            digest=self.tale.digest,
        )
        yield f"<footer>{escape(said)}</footer>"


def _limit(tale: Tale, hour: Hour) -> float:
    """What could be spent by the end of that hour."""
    end = hour.at + timedelta(hours=1)
    still = sum(row.cap for row in tale.played.rows.top_ups if row.purse == "total" and row.at >= end)
    return ((tale.money.limit or 0) - still) / MICROS


def _card(big: str, small: str) -> str:
    return f'<div class="card"><b>{escape(big)}</b><span>{escape(small)}</span></div>'


def _table(rows: Rows) -> str:
    cells = "".join(f"<tr>{_named(name)}<td>{escape(said)}</td></tr>" for name, said in rows)
    return f"<table>{cells}</table>"


def _named(name: str) -> str:
    """A first cell; what belongs to the line above stands in a little."""
    return f"<td{' class=sub' * name.startswith(' ')}>{escape(name.strip())}</td>"
