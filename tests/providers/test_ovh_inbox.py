"""Texts read back from OVH: within the calls it tolerates, without losing any, in bulk where switched on."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from unittest import mock
from urllib.parse import urlsplit

import pytest

from providers import Failure, Inbound, InDoubt, Request, Response, Throttled
from providers.contract.conformance import NOW, NUMBER, TEXTER
from providers.contract.conformance.recorded import drive
from providers.ovh import Ovh, inbox
from providers.ovh.account import OvhSettings
from tests.providers.ovh_recorded import CAME, CLASSIC, TIME, error, said

SINCE = NOW - timedelta(hours=1)
ELSEWHERE = "https://storage.ovh.example/signed?sig=1"


class Api:
    """OVH with so many texts in its log, counting what it is asked."""

    def __init__(self, count: int, url: str = ELSEWHERE) -> None:
        self.texts = {str(1_000 + place): self._text(place) for place in range(count)}
        self.asked: list[Request] = []
        self.url = url
        self.looks = 0

    def _text(self, place: int) -> dict[str, Any]:
        at = SINCE + timedelta(seconds=place)
        return CAME | {
            "id": 1_000 + place,
            "message": f"text {place}\n«;»",
            "creationDatetime": at.isoformat(),
        }

    def __call__(self, request: Request) -> Response:
        self.asked.append(request)
        last = urlsplit(request.url).path.rsplit("/", 1)[1]
        if last == "time":
            return TIME
        if last == "incoming":
            return said([int(each) for each in reversed(self.texts)])
        if last == "document":
            return said("0123abcd")
        if last == "0123abcd":
            self.looks += 1
            return said({"size": 9 * (self.looks > 1), "getUrl": self.url})
        if request.url == self.url:
            return Response(200, {"content-type": "text/csv"}, self._sheet())
        return said(self.texts[last]) if last in self.texts else error(404, "x")

    def _sheet(self) -> bytes:
        out = io.StringIO()
        table = csv.DictWriter(out, list(CAME), delimiter=";")
        table.writeheader()
        table.writerows([*self.texts.values(), CAME | {"id": 666, "message": "never listed"}])
        return out.getvalue().encode("utf-8-sig")

    def details(self) -> int:
        return sum("/incoming/" in request.url for request in self.asked)


def poll(carrier: Ovh, api: Api) -> Sequence[Inbound] | Failure:
    api.asked.clear()
    return drive(carrier.inbound_log([NUMBER], SINCE, NOW), api)[1]


def words(found: Sequence[Inbound] | Failure) -> list[str]:
    assert isinstance(found, Sequence), found
    return [text.text for text in found]


def provider(**settings: Any) -> Ovh:
    return Ovh(OvhSettings(**(CLASSIC | settings)))


def polls_are_bounded_and_go_on_where_they_stopped() -> None:
    carrier, api = provider(), Api(50)
    for known in (20, 40, 50, 50):
        found = poll(carrier, api)
        assert api.details() <= 20, "OVH tolerates about 60 calls a minute"
        assert words(found) == [f"text {place}\n«;»" for place in range(known)]
    assert api.details() == 0, "what is known is not asked for again"


def test_a_poll_reads_the_oldest_first_and_the_next_goes_on_where_it_stopped() -> None:
    polls_are_bounded_and_go_on_where_they_stopped()


def test_control_without_the_bound_a_poll_would_use_up_the_minute() -> None:
    with mock.patch.object(inbox, "CALLS", 1_000), pytest.raises(AssertionError, match="60 calls"):
        polls_are_bounded_and_go_on_where_they_stopped()


def test_a_poll_that_is_stopped_half_way_loses_nothing() -> None:
    carrier, api = provider(), Api(5)
    real = Api.__call__

    def stops(self: Api, request: Request) -> Response:
        answer = real(self, request)
        return error(429, "too many requests") if self.details() == 4 else answer

    with mock.patch.object(Api, "__call__", stops):
        assert isinstance(poll(carrier, api), Throttled)
    assert len(words(poll(carrier, api))) == 5
    assert api.details() == 2


@pytest.mark.parametrize(("remembers", "calls"), [(True, 3), (False, 5)])
def test_what_was_read_again_costs_the_log_no_call(*, remembers: bool, calls: int) -> None:
    carrier, api = provider(), Api(5)
    for provider_id in ("1001", "1003"):
        pushed = Inbound(provider_id=provider_id, sender=TEXTER, to=NUMBER, text="?")
        assert isinstance(drive(carrier.reread(pushed, NOW), api)[1], Inbound)
    if not remembers:
        carrier._inbox._read.clear()
    assert (len(words(poll(carrier, api))), api.details()) == (5, calls)


def test_what_is_held_costs_no_call_whoever_read_it() -> None:
    api = Api(50)
    held = frozenset(list(api.texts)[:45])
    found = drive(provider().inbound_log([NUMBER], SINCE, NOW, held), api)[1]
    assert (words(found), api.details()) == ([f"text {place}\n«;»" for place in range(45, 50)], 5)


def test_it_does_not_remember_without_end_and_still_hands_over_all_it_read() -> None:
    carrier, api = provider(), Api(30)
    with mock.patch.object(inbox, "KEPT", 5):
        assert len(words(poll(carrier, api))) == 20
        assert len(carrier._inbox._read) == 5


def test_many_missed_texts_come_from_the_export_once_it_is_made() -> None:
    carrier, api = provider(bulk_export=True), Api(200)
    ordered = words(poll(carrier, api))
    waiting = words(poll(carrier, api))
    whole = words(poll(carrier, api))
    assert (len(ordered), len(waiting)) == (20, 40), "while it is being made, texts are read one by one"
    assert whole == [f"text {place}\n«;»" for place in range(200)], "and nothing OVH did not list"
    assert api.details() == 0
    (download,) = [request for request in api.asked if request.url == ELSEWHERE]
    assert not download.headers, "the file lies at a stranger's: our keys do not go there"


def test_without_the_setting_no_export_is_ordered() -> None:
    api = Api(200)
    poll(provider(), api)
    assert not any("document" in request.url for request in api.asked)


def an_export_is_only_fetched_over_tls(url: str) -> None:
    carrier, api = provider(bulk_export=True), Api(100, url)
    for _ in range(2):
        poll(carrier, api)
    found = poll(carrier, api)
    assert not any(request.url == url for request in api.asked), "anyone between could read it"
    assert found == InDoubt("unreadable")


@pytest.mark.parametrize(
    "url", ["http://storage.example/x", "file:///etc/passwd", "//x", "", "https://x/ y", "http://[x"]
)
def test_an_export_is_only_fetched_over_tls(url: str) -> None:
    an_export_is_only_fetched_over_tls(url)


def test_control_without_the_check_it_would_be_fetched_in_the_open() -> None:
    with (
        mock.patch.object(inbox.Export, "_trusted", return_value=True),
        pytest.raises(AssertionError, match="anyone between"),
    ):
        an_export_is_only_fetched_over_tls("http://storage.example/x")


def test_an_export_with_other_columns_is_read_by_the_settings() -> None:
    class Renamed(Api):
        def _sheet(self) -> bytes:
            sheet = super()._sheet().decode("utf-8-sig")
            return sheet.replace("sender", "expediteur", 1).replace("message", "texte", 1).encode()

    api = Renamed(60)
    columns = {"sender": "expediteur", "message": "texte"}
    carrier = provider(bulk_export=True, export_columns=columns)
    found = [poll(carrier, api) for _ in range(3)][-1]
    assert len(words(found)) == 60
    assert isinstance(found, Sequence)
    assert {text.sender for text in found} == {TEXTER}
