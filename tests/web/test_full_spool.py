"""A spool that is full, and what would be promised without its limit."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from tests.web import test_hooks
from tests.web.house import House


async def test_control_without_the_limit_a_disk_without_room_would_be_counted_on(
    house: House, database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    append = house.spool._append

    def unlimited(items: Sequence[Any]) -> Any:
        house.spool._limit = 1 << 30
        return append(items)

    monkeypatch.setattr(house.spool, "_append", unlimited)
    with pytest.raises(AssertionError, match="200 == 503"):
        await test_hooks.test_with_the_spool_full_as_well_the_provider_is_asked_to_insist(house, database)
