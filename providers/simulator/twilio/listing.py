"""Twilio's list of messages: newest first, filtered by To, From and DateSent, in pages."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Any
from urllib.parse import urlencode

from providers.simulator.account import Text

_DEFAULT, _MOST = 50, 1000
_FILTERS = ("To", "From", "DateSent", "DateSent<", "DateSent>")


@dataclass(frozen=True, slots=True)
class Page:
    """One page: its texts, and the envelope without them."""

    texts: Sequence[Text]
    envelope: dict[str, Any]


def page(among: Sequence[Text], query: Mapping[str, str], uri: str) -> Page:
    """Return the page that `query` asks for out of texts in the order they came.

    Raises:
        ValueError: A date, a size or a token cannot be read.
    """
    size = min(int(query.get("PageSize", _DEFAULT)), _MOST)
    number = int(query.get("Page", 0))
    if size < 1 or number < 0:
        raise ValueError("no such page")
    wanted = _filter(query)
    token = query.get("PageToken", "")
    before = int(token.removeprefix("PA"), 16) if token else None
    rest = (t for t in reversed(among) if (before is None or t.order < before) and wanted(t))
    skipped = 0 if token else number * size
    found = list(islice(rest, skipped, skipped + size + 1))
    texts, more = found[:size], len(found) > size
    kept = {name: query[name] for name in _FILTERS if name in query} | {"PageSize": str(size)}

    def at(place: int, after: Text | None = None) -> str:
        token = {"PageToken": f"PA{after.order:032x}"} if after else {}
        return f"{uri}?{urlencode(kept | {'Page': str(place)} | token)}"

    envelope = {
        "uri": at(number),
        "first_page_uri": at(0),
        "previous_page_uri": at(number - 1) if number else None,
        "next_page_uri": at(number + 1, texts[-1]) if more else None,
        "page": number,
        "page_size": size,
        "start": number * size,
        "end": number * size + max(len(texts) - 1, 0),
    }
    return Page(texts, envelope)


def _filter(query: Mapping[str, str]) -> Callable[[Text], bool]:
    to, sender = query.get("To"), query.get("From")
    first, last = _span(query)

    def wanted(text: Text) -> bool:
        if to not in {None, text.to} or sender not in {None, text.sender}:
            return False
        if first is None and last is None:
            return True
        sent = text.at if text.inbound else text.sent_at
        return sent is not None and (first is None or sent >= first) and (last is None or sent < last)

    return wanted


def _span(query: Mapping[str, str]) -> tuple[datetime | None, datetime | None]:
    """The moments between which DateSent allows: from the first, up to but without the last."""
    first = last = None
    if "DateSent" in query:
        # the SDK writes a day as its midnight; Twilio means the whole day
        first, last = _moment(query["DateSent"][: len("2026-01-31")])
    if "DateSent>" in query:
        first = _moment(query["DateSent>"])[0]
    if "DateSent<" in query:
        last = _moment(query["DateSent<"])[1]
    return first, last


def _moment(said: str) -> tuple[datetime, datetime]:
    """The first moment that a day or a second covers, and the first after it."""
    whole_day = len(said) == len("2026-01-31")
    begin = datetime.fromisoformat(said)
    begin = begin.replace(tzinfo=UTC) if begin.tzinfo is None else begin.astimezone(UTC)
    return begin, begin + (timedelta(days=1) if whole_day else timedelta(seconds=1))
