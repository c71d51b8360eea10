"""How OVH is called: its clock, and its signature as the official SDK makes it."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any
from unittest import mock

import ovh
import pytest
import requests
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from providers import (
    Accepted,
    CutOff,
    CutReason,
    InDoubt,
    Outcome,
    Request,
    Response,
    Throttled,
    Unreachable,
)
from providers.contract.conformance import NOW, OUTGOING, TEXTER, play
from providers.ovh import Ovh, codes
from providers.ovh.account import Account, OvhSettings, sign
from tests.providers.ovh_recorded import AHEAD, CLASSIC, TIME, error, report, said

TAKEN = report([TEXTER], [], 1, [42])
STALE = error(400, "Invalid signature", "INVALID_SIGNATURE")


def provider(**settings: Any) -> Ovh:
    return Ovh(OvhSettings(**(CLASSIC | settings)))


def by_sdk(act: Callable[[ovh.Client], object]) -> requests.PreparedRequest:
    """What the official SDK would send at `NOW`, by a clock that is `AHEAD`."""
    client = ovh.Client(
        "ovh-eu", CLASSIC["application_key"], CLASSIC["application_secret"], "tests-consumer-key"
    )
    client._time_delta = AHEAD
    answer = mock.Mock(status_code=200, json=dict)
    with (
        mock.patch("ovh.client.time.time", return_value=NOW.timestamp()),
        mock.patch.object(requests.Session, "request", return_value=answer) as sent,
    ):
        act(client)
    method, url = sent.call_args.args
    kwargs = sent.call_args.kwargs
    data = kwargs["data"].encode()
    return requests.Request(method, url, headers=kwargs["headers"], data=data).prepare()


words = st.text(max_size=40)
plain = st.text(st.characters(min_codepoint=33, max_codepoint=126), max_size=40)


@given(words, words, plain, st.dictionaries(words, words, max_size=3))
def test_a_signature_is_the_sdks(secret: str, consumer: str, path: str, order: dict[str, str]) -> None:
    client = ovh.Client("ovh-eu", "k", secret or "s", consumer or "c")
    client._time_delta = 0
    with (
        mock.patch.object(client, "_session") as session,
        mock.patch("ovh.client.time.time", return_value=1e9),
    ):
        client.raw_call("POST", f"/{path}", order)
    method, url = session.request.call_args.args
    body = session.request.call_args.kwargs["data"].encode()
    signature = session.request.call_args.kwargs["headers"]["X-Ovh-Signature"]
    assert sign(secret or "s", consumer or "c", method, url, body, "1000000000") == signature
    assert sign(secret or "s", consumer or "c", method, url, body + b" ", "1000000000") != signature


@given(st.text(min_size=1))
def test_a_send_is_byte_for_byte_what_the_sdk_sends(text: str) -> None:
    (_, ours), _ = play(provider().send(replace(OUTGOING, text=text), NOW), TIME, TAKEN)
    order = json.loads(ours.body)
    path = "/sms/sms-ab12345-1/virtualNumbers/0033199000001/jobs"
    theirs = by_sdk(lambda client: client.post(path, **order))
    assert (ours.method, ours.url, ours.body) == (theirs.method, theirs.url, theirs.body)
    assert {name: theirs.headers[name] for name in ours.headers} == dict(ours.headers)


def test_a_query_is_encoded_as_the_sdk_does() -> None:
    (_, _, ours), _ = play(
        provider().inbound_log(["+33199000001"], NOW, NOW), TIME, said([77]), error(429, "x")
    )
    path = "/sms/sms-ab12345-1/virtualNumbers/0033199000001/incoming/77"
    assert ours.url == by_sdk(lambda client: client.get(path)).url
    (_, ours), _ = play(provider().inbound_log(["Name"], NOW, NOW), TIME, said([]))
    query = {"creationDatetime.from": NOW.isoformat()}
    theirs = by_sdk(lambda client: client.get("/sms/sms-ab12345-1/incoming", **query))
    assert (ours.url, dict(ours.headers)["X-Ovh-Signature"]) == (
        theirs.url,
        theirs.headers["X-Ovh-Signature"],
    )


def paths(asked: list[Request]) -> list[str]:
    return [request.url.rsplit("/", 1)[1] for request in asked]


def test_the_clock_is_read_before_the_first_call_and_then_every_hour() -> None:
    carrier = provider()
    later = (timedelta(), timedelta(minutes=59), timedelta(minutes=61), timedelta(minutes=119))
    asked = []
    for after in later:
        requests_, _ = play(
            carrier.send(OUTGOING, NOW + after), *([TIME, TAKEN] if after.seconds in {0, 3660} else [TAKEN])
        )
        asked.append(paths(requests_))
    assert asked == [["time", "jobs"], ["jobs"], ["time", "jobs"], ["jobs"]]


SIGNED = ["X-Ovh-Application", "X-Ovh-Consumer", "X-Ovh-Timestamp", "X-Ovh-Signature"]


def test_calls_are_stamped_with_the_servers_time() -> None:
    (clock, job), _ = play(provider().send(OUTGOING, NOW), TIME, TAKEN)
    assert clock == Request("GET", "https://eu.api.ovh.com/1.0/auth/time")
    assert int(job.headers["X-Ovh-Timestamp"]) == NOW.timestamp() + AHEAD
    assert list(job.headers) == ["Content-Type", *SIGNED]
    (_, job), _ = play(provider().send(OUTGOING, NOW), Response(200, {}, b"1"), TAKEN)
    assert job.headers["X-Ovh-Timestamp"] == "1"


def test_what_is_only_read_has_no_content() -> None:
    (_, asked), found = play(Account(OvhSettings(**CLASSIC)).ask("/sms", NOW), TIME, said(["sms"]))
    assert (asked.method, asked.url, asked.body) == ("GET", "https://eu.api.ovh.com/1.0/sms", b"")
    assert (list(asked.headers), found) == (SIGNED, ["sms"])


@pytest.mark.parametrize(
    ("answer", "found"),
    [
        (error(404, "x"), None),
        (error(429, "x"), Throttled(codes.PAUSE, "http_429")),
        (Response(200, {}, b"<html>"), InDoubt("unreadable")),
        (Response(200, {}, b"null"), InDoubt("unreadable")),
    ],
)
def test_what_cannot_be_read_is_a_failure_or_unknown_there(answer: Response, found: object) -> None:
    assert play(Account(OvhSettings(**CLASSIC)).ask("/sms", NOW), TIME, answer)[1] == found


def test_a_users_box_is_below_his_encoded_name() -> None:
    settings = OvhSettings(**CLASSIC, user="a/b")
    assert settings.boxes() == (
        "/sms/sms-ab12345-1/users/a%2Fb",
        "/sms/sms-ab12345-1/virtualNumbers/0033199000001",
    )


def answered(*answers: Response) -> Outcome:
    left = iter(answers)
    exchange = provider().send(OUTGOING, NOW)
    try:
        next(exchange)
        while True:
            exchange.send(next(left))
    except StopIteration as end:
        outcome: Outcome = end.value
        return outcome


def a_drifted_clock_is_read_again() -> None:
    outcome = answered(TIME, STALE, TIME, TAKEN)
    assert isinstance(outcome, Accepted), "a clock that drifted must not close the account"


def test_a_refused_signature_is_answered_once_by_reading_the_clock_again() -> None:
    a_drifted_clock_is_read_again()
    assert isinstance(
        answered(TIME, error(400, "Query out of time", "QUERY_TIME_OUT"), TIME, TAKEN), Accepted
    )


def test_control_without_reading_it_again_the_account_would_be_cut_off() -> None:
    with (
        mock.patch.object(codes, "stale", return_value=False),
        pytest.raises(AssertionError, match="must not close"),
    ):
        a_drifted_clock_is_read_again()


def test_a_signature_refused_twice_closes_the_account() -> None:
    assert answered(TIME, STALE, TIME, STALE) == CutOff(CutReason.REVOKED, "INVALID_SIGNATURE")


@pytest.mark.parametrize(
    ("answer", "outcome"),
    [
        (Response(503), Unreachable("auth_time")),
        (Response(200, {}, b'"soon"'), Unreachable("auth_time")),
        (Response(200, {}, b"1e30"), Unreachable("auth_time")),
        (Response(200, {}, b"0"), Unreachable("auth_time")),
        (Response(200, {}, b"8589934592"), Unreachable("auth_time")),
        (error(429, "x"), Throttled(codes.PAUSE, "http_429")),
        (error(403, "x", "INVALID_KEY"), CutOff(CutReason.REVOKED, "INVALID_KEY")),
    ],
)
def test_without_a_clock_nothing_leaves(answer: Response, outcome: Outcome) -> None:
    asked, found = play(provider().send(OUTGOING, NOW), answer)
    assert found == outcome
    assert not any(request.carries_text for request in asked)


def without(*keys: str) -> dict[str, Any]:
    return {key: value for key, value in CLASSIC.items() if key not in keys}


@pytest.mark.parametrize(
    "settings",
    [
        without("application_key", "application_secret", "consumer_key"),
        without("consumer_key"),
        CLASSIC | {"client_id": "tests-client", "client_secret": "tests-client-secret"},
        without("service_name") | {"service_name": "../me"},
        CLASSIC | {"virtual_numbers": ["0199000001"]},
        CLASSIC | {"base_url": "ftp://eu.api.ovh.com"},
        CLASSIC | {"base_url": "https://eu.api.ovh.com/1.0?x=1"},
    ],
)
def test_settings_that_cannot_work_are_refused_without_showing_a_key(settings: dict[str, Any]) -> None:
    with pytest.raises(ValidationError) as refused:
        OvhSettings(**settings)
    assert not any(key in str(refused.value) for key in ("tests-app", "tests-consumer", "tests-client"))
