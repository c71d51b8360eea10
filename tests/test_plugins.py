"""Which providers are installed, and which of them may run."""

from __future__ import annotations

from collections.abc import Callable
from importlib.metadata import EntryPoint
from types import SimpleNamespace
from typing import Any

import pytest

from providers import CONTRACT
from providers.ovh import Ovh
from router import plugins
from router.plugins import installed, load

Install = Callable[..., None]


class Carrier:
    """Everything a provider needs to be let in."""

    contract = CONTRACT
    name = "pigeon"
    Settings = Ovh.Settings
    send = inbound = receipt = staticmethod(lambda *_: ())


class FromAnotherTime(Carrier):
    contract = CONTRACT + 1


class WithAnotherName(Carrier):
    name = "seagull"


class WithoutSettings(Carrier):
    Settings: Any = dict


class Mute(Carrier):
    send: Any = None


not_a_class = Carrier()


@pytest.fixture
def install(monkeypatch: pytest.MonkeyPatch) -> Install:
    """Pretend that these (name, target, distribution) are installed."""

    def pretend(*entries: tuple[str, str, str]) -> None:
        found = []
        for name, target, distribution in entries:
            entry = EntryPoint(name, target, plugins.GROUP)
            vars(entry)["dist"] = SimpleNamespace(name=distribution, version="1.0")
            found.append(entry)
        monkeypatch.setattr(plugins, "entry_points", lambda group: tuple(found))

    return pretend


def target(name: str) -> str:
    return f"{__name__}:{name}"


def test_an_installed_plugin_does_not_run_for_being_installed(install: Install) -> None:
    install(("pigeon", "a_module_that_must_not_be_imported:Pigeon", "pigeon-sms"))
    assert load() == plugins.Loaded({}, {})
    assert [plugin.name for plugin in installed()] == ["pigeon"]
    assert load({"pigeon"}).refused == {"pigeon": "cannot be imported: ModuleNotFoundError"}


def test_control_taken_for_one_of_ours_an_installed_plugin_runs(
    install: Install, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(plugins, "_OURS", "pigeon-sms")
    with pytest.raises(AssertionError, match="ModuleNotFoundError"):
        test_an_installed_plugin_does_not_run_for_being_installed(install)


def test_an_allowed_plugin_runs_and_ours_always_may(install: Install) -> None:
    install(("pigeon", target("Carrier"), "pigeon-sms"), ("ovh", "providers.ovh:Ovh", "paravent"))
    assert load({"pigeon"}).providers == {"ovh": Ovh, "pigeon": Carrier}
    assert load().providers == {"ovh": Ovh}
    assert [(plugin.name, plugin.ours) for plugin in installed()] == [("ovh", True), ("pigeon", False)]


@pytest.mark.parametrize(
    ("found", "why"),
    [
        ("FromAnotherTime", "is written for another contract; this is version 1"),
        ("WithAnotherName", "its `name` differs from its entry point"),
        ("WithoutSettings", "has no `Settings` model"),
        ("Mute", "lacks send"),
        ("not_a_class", "is not a class"),
    ],
)
def test_what_is_no_provider_is_refused_by_name(install: Install, found: str, why: str) -> None:
    install(("pigeon", target(found), "pigeon-sms"))
    assert load({"pigeon"}) == plugins.Loaded({}, {"pigeon": why})


def test_nobody_takes_the_name_of_one_of_ours(install: Install) -> None:
    install(("ovh", target("Carrier"), "evil"), ("ovh", "providers.ovh:Ovh", "paravent"))
    loaded = load({"ovh"})
    assert loaded.providers == {"ovh": Ovh}
    assert loaded.refused == {"ovh": "two distributions install a provider of this name"}


def test_two_plugins_of_one_name_do_not_both_run(install: Install) -> None:
    install(("pigeon", target("Carrier"), "a"), ("pigeon", target("Carrier"), "b"))
    assert load({"pigeon"}).refused == {"pigeon": "two distributions install a provider of this name"}


def test_an_allowed_plugin_that_is_not_installed_is_named(install: Install) -> None:
    install()
    assert load({"pigeon"}).refused == {"pigeon": "no installed plugin is called so"}


def test_a_plugin_that_raises_at_import_shows_its_kind_and_not_its_words(install: Install) -> None:
    install(("pigeon", target("no_such_name"), "pigeon-sms"))
    assert load({"pigeon"}).refused == {"pigeon": "cannot be imported: AttributeError"}
