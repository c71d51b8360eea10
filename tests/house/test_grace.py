"""Whoever stops the router waits for longer than it takes: its workers first, the database's keeper after."""

from __future__ import annotations

import re

import pytest

from router.cli.serve import command
from router.processes import Parent
from tests.house.test_deploy import COMPOSE, MANIFESTS, UNIT

TWICE = 2 * Parent().patience
"""Seconds, at worst: workers are given the patience, and the database's keeper is given it after them."""


def granted(unit: str, compose: str, pod: int) -> dict[str, float]:
    """Seconds until SIGKILL, by who stops it."""
    (systemd,) = re.findall(r"^TimeoutStopSec=(\d+)$", unit, re.MULTILINE)
    return {"systemd": float(systemd), "compose": float(compose.removesuffix("s")), "kubernetes": float(pod)}


def hasty(grace: dict[str, float]) -> set[str]:
    """Who kills what is still being stopped."""
    return {who for who, seconds in grace.items() if seconds <= TWICE}


def written() -> tuple[str, str, int]:
    (pod,) = (each["spec"]["template"]["spec"] for each in MANIFESTS if each["kind"] == "StatefulSet")
    return UNIT, COMPOSE["services"]["router"]["stop_grace_period"], pod["terminationGracePeriodSeconds"]


def test_nobody_kills_what_is_still_being_stopped() -> None:
    assert hasty(granted(*written())) == set()


@pytest.mark.parametrize("seconds", [10, 30, int(TWICE)])
def test_control_who_waits_for_less_is_found(seconds: int) -> None:
    unit = re.sub(r"TimeoutStopSec=\d+", f"TimeoutStopSec={seconds}", UNIT)
    assert hasty(granted(unit, f"{seconds}s", seconds)) == {"systemd", "compose", "kubernetes"}


def test_serve_says_how_long_what_is_under_way_is_given() -> None:
    assert f"then gets {Parent().patience:.0f} seconds" in " ".join((command.help or "").split())
