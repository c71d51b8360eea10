"""Whatever is put into the settings, no value of it is ever shown."""

from __future__ import annotations

import copy
import tomllib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from router.settings import Settings, SettingsError, load, problem
from tests.settings.coop import (
    CANARY,
    ENVIRON,
    EXAMPLE,
    ONE,
    PIGEONS,
    PLUGINS,
    changed,
    mistakes,
    settings_of,
    spell,
)


def leaves(tree: Any, place: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    if isinstance(tree, dict):
        return [leaf for key, inner in tree.items() for leaf in leaves(inner, (*place, key))]
    return [place]


def planted(place: tuple[str | int, ...], value: Any) -> dict[str, Any]:
    tree = changed(
        {
            "operator": {"token": "t" * 20, "notify_url": "https://example.org"},
            "rates": {"USD": "1"},
            "health": {"strikes": 3},
            "database": "embedded",
        }
    )
    inner: Any = tree
    for step in place[:-1]:
        inner = inner[step]
    inner[place[-1]] = value
    return tree


PLACES = leaves(planted(("currency",), "EUR"))
VALUES: dict[str, Any] = {
    "text": CANARY,
    "list": [CANARY],
    "lists": [[CANARY]],
    "table": {"x": CANARY},
    "bad": f"bad {CANARY}",
    "boom": f"boom {CANARY}",
    "late": f"late {CANARY}",
    "database": f"postgresql://kim:{CANARY}@127.0.0.1/paravent",
    "url": f"https://hooks.example.org/{CANARY}",
    "amount": f"1 {CANARY}",
}


def shown(folder: Path, place: tuple[str | int, ...], value: Any) -> str:
    """Everything that loading shows: the error, its causes, or the repr of what loaded."""
    try:
        return repr(settings_of(folder, planted(place, value)))
    except SettingsError as error:
        causes = f"{error.__cause__!r}{error.__context__!r}"
        return f"{error}{error!r}{error.problems!r}{causes}"


@pytest.mark.parametrize("place", PLACES, ids=lambda place: ".".join(map(str, place)))
@pytest.mark.parametrize("value", VALUES.values(), ids=VALUES)
def test_no_value_is_ever_shown_wherever_it_is_put(
    tmp_path: Path, place: tuple[str | int, ...], value: Any
) -> None:
    said = shown(tmp_path, place, value)
    assert said
    assert CANARY not in said


@pytest.mark.parametrize("account", ["twilio", "vonage", "ovh"])
@pytest.mark.parametrize("value", VALUES.values(), ids=VALUES)
def test_no_value_of_a_carrier_is_shown_though_its_own_words_are(
    tmp_path: Path, account: str, value: Any
) -> None:
    fresh = tomllib.loads(EXAMPLE.read_text(encoding="utf-8"))
    fields = PLUGINS.providers[account].Settings.model_fields
    for name in fields:
        tree = copy.deepcopy(fresh)
        tree["accounts"][account]["settings"][name] = value
        try:
            said = repr(settings_of(tmp_path, tree, ENVIRON, PLUGINS))
        except SettingsError as error:
            said = f"{error}{error!r}{error.__cause__!r}{error.__context__!r}"
        assert CANARY not in said, name
    assert len(fields) > 5


def test_control_without_the_guard_a_careless_plugins_words_would_show_its_secret(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(problem, "_leaves", lambda _value: ())
    with pytest.raises(AssertionError):
        test_no_value_is_ever_shown_wherever_it_is_put(
            tmp_path, ("accounts", "coop", "settings", "key"), f"bad {CANARY}"
        )


def test_a_phone_number_as_a_name_is_not_shown(tmp_path: Path) -> None:
    wrong = changed({"numbers": {"+33937000001": ONE["numbers"]["poster"]}, "33937000001": "x"})
    found = mistakes(tmp_path, wrong)
    assert "937" not in str(found)
    assert {"numbers.?", "?"} <= found.keys()


def test_no_secret_and_no_number_in_a_repr() -> None:
    found = load(EXAMPLE, ENVIRON, plugins=PLUGINS)
    for said in (repr(found), str(found), repr(found.accounts), repr(found.answering), repr(found.providers)):
        assert CANARY not in said
        assert "+33937" not in said
        assert "Bonjour" not in said


SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8)
NAMES = st.sampled_from(list(Settings.model_fields))
JUNK = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=4),
    max_leaves=12,
)


@given(JUNK)
@settings(deadline=None)
def test_whatever_a_file_holds_the_answer_is_a_list_of_mistakes(junk: Any) -> None:
    environ = {f"PARAVENT_{name.upper()}": "[1]" for name in ("accounts", "numbers", "replies")}
    if isinstance(junk, dict):
        environ |= {
            f"PARAVENT_{name.upper()}": spell(value) for name, value in junk.items() if value is not None
        }
    environ = {name: value.replace("\x00", "") for name, value in environ.items()}
    with pytest.raises(SettingsError) as caught:
        load(None, environ, plugins=PIGEONS)
    assert caught.value.problems
