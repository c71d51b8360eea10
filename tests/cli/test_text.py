"""The demo answers on each number, through the right account, or says why not."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import pytest

from router.cli import text
from router.postgres import fate
from router.postgres.embedded import Server
from router.postgres.pool import Pool
from router.rules.failover import Why
from router.stage import handset
from router.web import console
from tests.cli.conftest import OVH, TWILIO, VONAGE, Demo
from tests.cli.paravent import get

pytestmark = pytest.mark.xdist_group("demo")


def spent(demo: Demo, carrier: str) -> float:
    """What the simulated carrier itself says it took: the judge is not the router."""
    return float(json.loads(get(demo.control_url)[1])[carrier]["spent"])


def accepted(demo: Demo, account: str) -> float:
    series = f'paravent_replies_total{{account="{account}",outcome="accepted"}} '
    lines = get(f"{demo.console_url}metrics")[1].splitlines()
    return next(float(line.removeprefix(series)) for line in lines if line.startswith(series))


@pytest.mark.parametrize(
    ("number", "account", "price"),
    [(TWILIO, "twilio", 0.0873), (VONAGE, "vonage", 0.0725), (OVH, "ovh", 1.2)],
)
def test_each_number_is_answered_by_its_own_account(
    demo: Demo, number: str, account: str, price: float
) -> None:
    cost, replies = spent(demo, account), accepted(demo, account)
    done = demo.paravent("text", number, "Salut c'est Kevin")
    assert done.code == 0, done.err
    assert "Un non se respecte." in " ".join(done.out.split())
    assert max(map(len, done.out.splitlines())) <= 80
    assert f"through {account}, after" in done.out
    assert spent(demo, account) == pytest.approx(cost + price)
    assert accepted(demo, account) == replies + 1


def test_the_answer_is_told_for_programs_and_a_fresh_fictional_number_texted(demo: Demo) -> None:
    told = demo.paravent("text", VONAGE, "hello, who are you", "--json").json
    assert told["answered"] is True
    assert told["answer"].startswith("Hello.")
    assert (told["account"], told["state"]) == ("vonage", "accepted")
    assert 0 < told["seconds"] < 15
    assert told["sender"].startswith("+3363998")
    assert demo.paravent("text", VONAGE, "hello", "--json").json["sender"] != told["sender"]


def test_the_second_text_of_a_number_meets_silence_and_the_reason_is_said(demo: Demo) -> None:
    sender = "+33639980101"
    assert demo.paravent("text", TWILIO, "Salut", "--from", sender).code == 0
    done = demo.paravent("text", TWILIO, "Salut ?", "--from", sender)
    assert done.code == 1
    assert done.out.startswith("Silence: this number was answered already")
    assert "(cooldown)" in done.out


@pytest.mark.parametrize("protected", [True, False], ids=["as it is", "control"])
async def test_whom_the_demo_has_answered_is_not_texted_as_a_stranger(
    demo: Demo, monkeypatch: pytest.MonkeyPatch, *, protected: bool
) -> None:
    had, fresh = "+33639980111", "+33639980112"
    demo.paravent("text", TWILIO, "Salut", "--from", had)
    monkeypatch.setattr(handset, "fictional_numbers", lambda _count: [had, fresh])
    if not protected:
        monkeypatch.setattr(fate, "known", _nobody)
    async with Pool(Server(demo.home).dsn, application="paravent text") as pool:
        assert await text._stranger(demo.home, pool) == (fresh if protected else had)


async def _nobody(_pool: Pool, _texters: Sequence[bytes]) -> set[bytes]:
    return set()


def test_a_premium_number_meets_silence_and_the_reason_is_said(demo: Demo) -> None:
    told = demo.paravent("text", TWILIO, "Rappelle-moi", "--from", "+33899700000", "--json")
    assert told.code == 1
    assert told.json["answered"] is False
    assert told.json["reason"] == "unanswerable_premium"


def test_a_number_that_is_not_published_is_named_as_such(demo: Demo) -> None:
    done = demo.paravent("text", "+33199009999", "Salut")
    assert done.code == 1
    assert "owns this number" in done.err
    assert TWILIO in done.err


def test_when_nobody_can_carry_it_the_text_waits_and_says_so(demo: Demo) -> None:
    try:
        assert demo.paravent("budget", "set", "total", "0").code == 0
        done = demo.paravent("text", TWILIO, "Salut", "--timeout", "1")
        assert done.code == 1
        assert "it waits, for the money is spent" in done.out
        assert "(queued)" not in done.out
    finally:
        assert demo.paravent("budget", "set", "total", "20.00").code == 0


def test_a_text_that_waits_for_an_account_is_not_said_to_wait_for_money(demo: Demo) -> None:
    accounts = ("twilio", "vonage", "ovh")
    try:
        for account in accounts:
            assert demo.paravent("accounts", "cut", account).code == 0
        done = demo.paravent("text", TWILIO, "Salut", "--timeout", "1")
        assert "it waits, for no account can carry it now" in done.out
    finally:
        for account in accounts:
            assert demo.paravent("accounts", "restore", account).code == 0


def test_who_was_passed_over_and_why_is_said_in_plain_words(demo: Demo) -> None:
    try:
        assert demo.paravent("accounts", "cut", "twilio").code == 0
        done = demo.paravent("text", TWILIO, "Salut c'est Kevin")
    finally:
        assert demo.paravent("accounts", "restore", "twilio").code == 0
    assert done.code == 0, done.out
    assert "twilio was passed over: cut by you" in done.out


def test_every_reason_to_pass_over_is_said_as_the_console_says_it() -> None:
    spoken = json.loads((Path(console.__file__).with_name("words.en.json")).read_text())
    assert {why: why.said for why in Why} == {why: spoken[f"why.{why.value}"] for why in Why}


def test_the_console_is_there(demo: Demo) -> None:
    status, page = get(demo.console_url)
    assert status == 200
    assert "<html" in page.lower()
