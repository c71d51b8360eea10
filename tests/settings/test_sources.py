"""Settings from the environment, secrets from variables and files."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from router.rules.budget import Period
from router.rules.failover import Route
from router.settings import load
from tests.settings.coop import (
    CANARY,
    ONE,
    PIGEONS,
    changed,
    mistakes,
    settings_of,
    spell,
)


def test_the_environment_outranks_the_file(tmp_path: Path) -> None:
    environ = {
        "PARAVENT_LISTEN": "127.0.0.1:9000",
        "PARAVENT_BUDGET__PERIOD": "week",
        "PARAVENT_ACCOUNTS__COOP__MAX_IN_FLIGHT": "3",
        "PARAVENT_ACCOUNTS__COOP__PRICES__FR": "0.06 EUR",
        "PARAVENT_RATES__USD": "0.9",
        "PARAVENT_ANSWER_COUNTRIES": '["FR"]',
        "PARAVENT_NUMBERS__POSTER__FALLBACK": '[{account = "coop", sender = "PIGEON"}]',
    }
    found = settings_of(tmp_path, ONE, environ)
    assert found.listen == "127.0.0.1:9000"
    assert found.budget.period is Period.WEEK
    assert found.accounts["coop"].max_in_flight == 3
    assert found.accounts["coop"].prices["FR"].amount == Decimal("0.06")
    assert found.rates == {"USD": Decimal("0.9")}
    assert found.numbers["poster"].fallback == (Route("coop", "PIGEON"),)


def test_settings_can_come_from_the_environment_alone() -> None:
    environ = {f"PARAVENT_{section.upper()}": spell(table) for section, table in ONE.items()}
    assert load(None, environ, plugins=PIGEONS).purses["coop"].micros == 5_000_000


def test_a_slip_in_a_variables_name_is_named_and_other_peoples_variables_are_not(tmp_path: Path) -> None:
    others = {"PARAVENT_PORT": "tcp://10.0.0.1", "PARAVENT_SERVICE_HOST": "x", "PARAVENT_REQUIRE": "shared"}
    assert settings_of(tmp_path, ONE, others).listen == "127.0.0.1:8080"
    found = mistakes(tmp_path, ONE, {"PARAVENT_LISTNE": CANARY, "PARAVENT_ACCOUNT__COOP__BUDGET": CANARY})
    assert found == {
        "listne": "is not a setting (environment) (did you mean listen?)",
        "account": "is not a setting (environment) (did you mean accounts?)",
    }


@pytest.mark.parametrize(
    ("variable", "path"),
    [("PARAVENT_CURRENCY__X", "currency"), ("PARAVENT_PLUGINS", "plugins")],
)
def test_a_variable_that_does_not_fit_is_named(tmp_path: Path, variable: str, path: str) -> None:
    found = mistakes(tmp_path, changed({"currency": "EUR"}), {variable: f"[{CANARY}"})
    assert path in found
    assert CANARY not in str(found)


def test_secrets_come_from_variables_and_files(tmp_path: Path) -> None:
    (tmp_path / "key").write_text("from a file\n", encoding="utf-8")
    by_file = settings_of(tmp_path, changed({"accounts.coop.settings.key": "file:key"}))
    assert by_file.accounts["coop"].settings.key == "from a file"
    by_name = settings_of(
        tmp_path, changed({"accounts.coop.settings.key": "env:KEY"}), {"KEY": "from outside"}
    )
    assert by_name.accounts["coop"].settings.key == "from outside"


@pytest.mark.parametrize(
    ("reference", "said"),
    [
        (f"env:{CANARY}", "names an environment variable that is not set"),
        ("env:EMPTY", "names an environment variable that is empty: EMPTY"),
        ("env:AC0123456789ABCDEF", "names an environment variable that is not set"),
        (f"file:{CANARY}", "names a file that cannot be read"),
        ("file:empty", "names a file that is empty or too long"),
        ("file:.", "names a file that cannot be read"),
        ("file:\x00", "names a file that cannot be read"),
    ],
)
def test_a_secret_that_is_not_there_is_named_once_and_by_its_path(
    tmp_path: Path, reference: str, said: str
) -> None:
    (tmp_path / "empty").write_text("\n", encoding="utf-8")
    wrong = changed({"accounts.coop.settings.key": reference, "operator.token": reference})
    assert mistakes(tmp_path, wrong, {"EMPTY": ""}) == {
        "accounts.coop.settings.key": said,
        "operator.token": said,
    }
