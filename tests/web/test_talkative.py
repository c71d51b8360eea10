"""What strangers would do to log and metrics, if the door said what it is given."""

from __future__ import annotations

import itertools
import logging
from collections.abc import Iterable
from typing import Any

import pytest

from providers import Hook
from router.metrics import Metrics
from router.web.hooks import Door
from tests.web.house import House
from tests.web.test_hooks import (
    test_what_is_refused_leaves_no_number_text_or_secret_in_the_log as leaves_none,
)
from tests.web.test_metrics import test_strangers_add_no_series as add_none


async def test_control_a_door_that_logs_what_it_is_given_is_seen(
    house: House, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = Door._said

    async def aloud(self: Door, read: Any, hook: Hook) -> Iterable[Any]:
        logging.getLogger("router.web.hooks").warning("%s", hook.body.decode())
        return await said(self, read, hook)

    monkeypatch.setattr(Door, "_said", aloud)
    with pytest.raises(AssertionError, match="Kevin"):
        await leaves_none(house, caplog)


async def test_control_a_series_for_each_stranger_is_seen(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    numbers = itertools.count()

    def each(self: Metrics, _account: str, _reason: str) -> None:
        self._histogram(f"stranger_{next(numbers)}", "A stranger.", (1.0,))

    monkeypatch.setattr(Metrics, "rejected", each)
    with pytest.raises(AssertionError):
        await add_none(house)
