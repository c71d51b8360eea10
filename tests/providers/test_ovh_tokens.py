"""How OVH is called by a service account: its token, how long it is borne, and what happens without one."""

from __future__ import annotations

import base64
from datetime import timedelta
from typing import Any

import pytest

from providers import Accepted, CutOff, CutReason, Outcome, Request, Response, Unreachable
from providers.contract.conformance import NOW, OUTGOING, play
from providers.ovh import Ovh
from providers.ovh.account import OvhSettings
from tests.providers.ovh_recorded import OAUTH2, error, said
from tests.providers.test_ovh_calls import TAKEN, paths

TOKEN = said({"access_token": "tests-token", "token_type": "Bearer", "expires_in": 3599, "scope": "all"})


def service_account(**settings: Any) -> Ovh:
    return Ovh(OvhSettings(**(OAUTH2 | settings)))


@pytest.mark.parametrize(
    ("client", "secret", "pair"),
    [
        ("tests-client", "tests-client-secret", b"tests-client:tests-client-secret"),
        ("a:b", "c d%", b"a%3Ab:c%20d%25"),
    ],
)
def test_a_service_account_asks_for_a_token_and_bears_it(client: str, secret: str, pair: bytes) -> None:
    carrier = service_account(client_id=client, client_secret=secret)
    (ask, job), outcome = play(carrier.send(OUTGOING, NOW), TOKEN, TAKEN)
    assert isinstance(outcome, Accepted)
    assert ask == Request(
        "POST",
        "https://www.ovh.com/auth/oauth2/token",
        {
            "Authorization": "Basic " + base64.b64encode(pair).decode(),
            "Content-Type": "application/x-www-form-urlencoded",
        },
        b"grant_type=client_credentials&scope=all",
    )
    assert job.headers == {"Content-Type": "application/json", "Authorization": "Bearer tests-token"}


@pytest.mark.parametrize(
    ("lasts", "until"),
    [
        ({"expires_in": 3599}, 3539),
        ({"expires_in": 100}, 40),
        ({"expires_in": 61}, 1),
        ({"expires_in": 60}, 0),
        ({"expires_in": 5}, 0),
        ({"expires_in": 86_400}, 3540),
        ({"expires_in": "soon"}, 3540),
        ({}, 3540),
    ],
)
def test_a_token_is_renewed_a_minute_before_it_dies_and_every_hour(lasts: dict[str, Any], until: int) -> None:
    carrier, token = service_account(), said({"access_token": "tests-token"} | lasts)
    play(carrier.send(OUTGOING, NOW), token, TAKEN)
    if until:
        asked, _ = play(carrier.send(OUTGOING, NOW + timedelta(seconds=until - 1)), TAKEN)
        assert paths(asked) == ["jobs"]
    asked, _ = play(carrier.send(OUTGOING, NOW + timedelta(seconds=until)), token, TAKEN)
    assert paths(asked) == ["token", "jobs"]


def test_a_token_that_died_early_is_renewed_once() -> None:
    dead = error(401, "Invalid access token")
    _, outcome = play(service_account().send(OUTGOING, NOW), TOKEN, dead, TOKEN, TAKEN)
    assert isinstance(outcome, Accepted)
    _, outcome = play(service_account().send(OUTGOING, NOW), TOKEN, dead, TOKEN, dead)
    assert outcome == CutOff(CutReason.REVOKED, "http_401")


@pytest.mark.parametrize(
    ("answer", "outcome"),
    [
        *(
            (said({"error": "invalid_client"}, status), CutOff(CutReason.REVOKED, "oauth2_token"))
            for status in (400, 401, 403)
        ),
        (said({"access_token": "tests-token"}, 500), Unreachable("oauth2_token")),
        (said({"access_token": 7}), Unreachable("oauth2_token")),
        (said({"access_token": "two\nlines"}), Unreachable("oauth2_token")),
        (Response(500), Unreachable("oauth2_token")),
    ],
)
def test_without_a_token_nothing_leaves(answer: Response, outcome: Outcome) -> None:
    asked, found = play(service_account().send(OUTGOING, NOW), answer)
    assert (len(asked), found) == (1, outcome)
