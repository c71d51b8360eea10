"""The public page: how many were answered, how long the money lasts, where to give; nothing of anybody."""

from __future__ import annotations

import asyncio
import json
import math
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cache
from html import escape
from string import Template
from typing import Literal, NamedTuple

from aiohttp import web
from pydantic import AwareDatetime, BaseModel, Field

from router.office import Office
from router.postgres.figures import PurseFigures
from router.postgres.pool import DatabaseAwayError
from router.postgres.pulse import PulseDesk
from router.rules.budget import TOTAL, Period, window
from router.rules.runway import runway
from router.web import console
from router.web.reading import Readings
from router.web.terms import Public

KEPT = 60.0
"""Seconds that an answer is kept, here and by those in between."""

SHORT = 72.0
"""Hours of money below which the page asks for help: the appeal comes before the cut."""

_CACHED = f"public, max-age={KEPT:.0f}"
_DAY = 86_400.0
_HOUR = 3_600.0
_LANGUAGES = ("en", "fr")
_THOUSANDS = {"en": ",", "fr": "\N{NARROW NO-BREAK SPACE}"}


class Told(BaseModel):
    """What the public page tells, as JSON."""

    title: str | None
    at: AwareDatetime
    answering: bool = Field(description="Whether anybody can be answered now.")
    answered_in_seven_days: int = Field(description="People, however many answers each of them got.")
    money: Literal["enough", "short", "spent"] = Field(description="short: less than 72 hours are left.")
    hours_left: float | None = Field(
        description="Until an answer cannot be paid, at the faster pace of now and of a day; null: no end."
    )
    again_at: AwareDatetime | None = Field(
        default=None, description="When there is money again, where what runs out is an hour's or a day's."
    )
    donation_url: str | None


@dataclass(slots=True)
class PublicPage:
    """Read at most once a minute, however many look."""

    office: Office
    readings: Readings
    pulses: PulseDesk
    terms: Public
    _turn: asyncio.Lock = field(default_factory=asyncio.Lock)
    _kept: tuple[float, Told] | None = None

    async def page(self, request: web.Request) -> web.Response:
        """The page, in the reader's language."""
        language = _language(request)
        try:
            told = await self._told()
        except DatabaseAwayError:
            told = None
        text = _page(told, self.terms, language, request.path)
        headers = {
            **console.HEADERS,
            "Cache-Control": _CACHED if told else "no-store",
            "Vary": "Accept-Language",
        }
        return web.Response(text=text, content_type="text/html", charset="utf-8", headers=headers)

    async def data(self, _request: web.Request) -> web.Response:
        """The same for machines."""
        try:
            told = await self._told()
        except DatabaseAwayError:
            return web.json_response({"error": "not known just now", "do": "ask again later"}, status=503)
        headers = {"Cache-Control": _CACHED, "Access-Control-Allow-Origin": "*"}
        return web.Response(text=told.model_dump_json(), content_type="application/json", headers=headers)

    async def _told(self) -> Told:
        async with self._turn:
            if self._kept is None or time.monotonic() - self._kept[0] > KEPT:
                self._kept = (time.monotonic(), await self._read())
            return self._kept[1]

    async def _read(self) -> Told:
        now, office = self.office.now(), self.office
        reading = await self.readings.latest()
        purses, spent = reading.figures.purses, (await self.pulses.read(now)).spent
        planned = {route.account for number in office.numbers.values() for route in number.plan}
        usable = {r.account for n in office.numbers.values() for r in office.carriers(n, now).routes}
        least = {name: office.least(name) for name in usable or planned}
        hours, back = lasting(purses, least, spent, _renewals(office, now))
        return Told(
            title=self.terms.title,
            at=now.astimezone(office.purses.zone),
            answering=bool(usable) and not reading.stalled,
            answered_in_seven_days=await self.pulses.week(now),
            money="enough" if hours is None or hours >= SHORT else "short" if hours else "spent",
            hours_left=hours,
            again_at=None if back is None else (now + timedelta(seconds=back)).astimezone(office.purses.zone),
            donation_url=self.terms.donation_url,
        )


class Renewal(NamedTuple):
    """When an account's own purse of an hour or a day is filled anew: seconds until then, and of a window."""

    until: float
    every: float


class Lasting(NamedTuple):
    """For how long the money lasts.

    Args:
        hours: Until no answer can be paid; None where no end is in sight.
        back: Seconds until there is money again, where what runs out is an hour's or a day's.
    """

    hours: float | None
    back: float | None = None


def lasting(
    purses: Mapping[str, PurseFigures],
    least: Mapping[str, int],
    spent: int,
    renewals: Mapping[str, Renewal] | None = None,
) -> Lasting:
    """Until when an answer can be paid, at the faster of two paces.

    Accounts' purses of an hour or a day are filled anew meanwhile; longer ones, and the one that all share,
    are taken as they stand: the appeal comes before the cut.

    Args:
        purses: By account, and the one that all share.
        least: The accounts that answers may leave through, and millionths of the cheapest part of each.
        spent: Millionths spent in the last 24 hours.
        renewals: Of accounts' own purses of an hour or a day.
    """
    total = _left(purses[TOTAL])
    each = {name: min(_left(purses[name]), total) for name in least}
    left = min(total, sum(each[name] for name, part in least.items() if each[name] >= part))
    own = [renewals.get(name) for name in least] if renewals else []
    anew = own[0] if own and all(own) and left < total else None  # of one length, mostly: then at one moment
    if not left:
        return Lasting(0.0, anew and anew.until)
    if math.isinf(left):
        return Lasting(None)
    by_day = runway(int(left), spent, _DAY, min(least.values(), default=1))
    by_now = purses[TOTAL].runway * left / total if total < math.inf else math.inf
    seconds = min(by_now, by_day)
    if math.isinf(seconds):
        return Lasting(None)
    if anew is None or seconds < anew.until:
        return Lasting(_hours(seconds), anew and anew.until)
    pace, full = left / seconds, sum(purses[name].limit or 0 for name in least)
    rest = total - pace * anew.until
    if full >= pace * anew.every:
        return Lasting(_hours(anew.until + rest / pace))
    return Lasting(_hours(anew.until + min(rest, full) / pace))


def _hours(seconds: float) -> float | None:
    return round(seconds / _HOUR, 1) if math.isfinite(seconds) else None


def _left(purse: PurseFigures) -> float:
    return math.inf if purse.limit is None else max(0, purse.limit - purse.spent - purse.reserved)


def _renewals(office: Office, now: datetime) -> dict[str, Renewal]:
    found = {}
    for name, period in office.purses.periods.items():
        here = window(period, now, office.purses.zone)
        if period in {Period.HOUR, Period.DAY} and name != TOTAL and here.end is not None:
            length = (here.end - here.start).total_seconds()
            found[name] = Renewal((here.end - now).total_seconds(), length)
    return found


def routes(page: PublicPage) -> list[web.RouteDef]:
    """`/public` and `/public.json`: open to all."""
    return [web.get("/public", page.page), web.get("/public.json", page.data)]


def _language(request: web.Request) -> str:
    wished = [request.query.get("lang", ""), *request.headers.get("Accept-Language", "").split(",")]
    return next((each.strip()[:2] for each in wished if each.strip()[:2] in _LANGUAGES), "en")


@cache
def _words(language: str) -> dict[str, str]:
    found: dict[str, str] = json.loads(console.read(f"words.{language}.json"))
    return found


_PAGE = Template("""<!doctype html>
<html lang="$language">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>$title</title>
<link rel="stylesheet" href="${place}public.css">
</head>
<body class="$money">
<main>
<h1>$title</h1>
$body
</main>
<footer><p>$at</p><p><a href="$path?lang=$other" lang="$other" hreflang="$other">$switch</a></p></footer>
</body>
</html>
""")


def _page(told: Told | None, terms: Public, language: str, path: str) -> str:
    words, other = _words(language), "fr" if language == "en" else "en"
    silent = told is not None and not told.answering
    at = "" if told is None else words["public.at"].replace("{time}", f"{told.at:%H:%M %Z}")
    return _PAGE.substitute(
        place=console.PLACE,
        language=language,
        title=escape(terms.title or words["public.title.silent" if silent else "public.title"]),
        money="unknown" if told is None else "silent" if silent else told.money,
        body=f"<p>{escape(words['public.unknown'])}</p>" if told is None else _body(told, words, language),
        at=escape(at),
        path=escape(path),
        other=other,
        switch=escape(words["other.language"]),
    )


def _body(told: Told, words: dict[str, str], language: str) -> str:
    count = told.answered_in_seven_days
    answered = words["public.answered.one" if count == 1 else "public.answered.other"]
    figure = f"{count:,}".replace(",", _THOUSANDS[language])
    said = [f"<p class=figure>{escape(answered.replace('{count}', figure))}</p>"]
    if told.answering and told.money != "spent":
        left = "public.endless" if told.hours_left is None else "public.hours"
        money = words[left].replace("{time}", _lasting(told.hours_left or 0, words))
        said.append(f"<p class=figure>{escape(money)}</p>")
    if appeal := _appeal(told):
        until = f"{told.again_at:%H:%M}" if told.again_at else ""
        said.append(f"<p class=appeal>{escape(words[appeal].replace('{time}', until))}</p>")
    if told.donation_url:
        link = escape(told.donation_url)
        said.append(f'<p><a class=give href="{link}" rel=noreferrer>{escape(words["public.give"])}</a></p>')
    return "\n".join(said)


def _appeal(told: Told) -> str | None:
    """The word for how things are; nobody is asked to help where there is nowhere to give."""
    if told.money == "spent":
        return "public.empty.until" if told.again_at else "public.empty"
    if not told.answering:
        return "public.silent"
    if told.money == "short" and told.again_at:
        return "public.short.until"
    if told.money == "short":
        return "public.short" if told.donation_url else "public.short.plain"
    return "public.calm" if told.donation_url else None


def _lasting(hours: float, words: dict[str, str]) -> str:
    if hours >= 2 * 24:
        return words["public.days"].replace("{n}", f"{hours / 24:.0f}")
    whole = max(1, round(hours))
    return words["public.hour.one" if whole == 1 else "public.hour.other"].replace("{n}", str(whole))
