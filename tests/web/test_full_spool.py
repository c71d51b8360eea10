"""A spool that is full, a disk that is, and what would be promised if nobody noticed."""

from __future__ import annotations

import errno
import os
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

import pytest

from router.spool.segment import Writing
from tests.web import test_hooks
from tests.web.house import House, away


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


async def _asked_to_insist_until_there_is_room(
    house: House, database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_descriptor: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    async with away(house, database):
        with monkeypatch.context() as patch:
            patch.setattr(os, "fdatasync", full)
            assert await house.text("Salut") == 503
            assert await house.receipt("delivered") == 503
        assert await house.text("Salut") == 200
        assert await house.sample("paravent_spool_texts") == 1
    assert await house.sample("paravent_webhooks_rejected_total", account="twilio", reason="spool_full") == 2


async def test_with_the_disk_full_the_provider_is_asked_to_insist(
    house: House, database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    await _asked_to_insist_until_there_is_room(house, database, monkeypatch)


async def test_control_where_a_failed_sync_is_not_heard_it_is_acknowledged(
    house: House, database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    write = Writing.write

    def deaf(self: Writing, lines: bytes) -> None:
        with suppress(OSError):
            write(self, lines)

    monkeypatch.setattr(Writing, "write", deaf)
    with pytest.raises(AssertionError, match="200 == 503"):
        await _asked_to_insist_until_there_is_room(house, database, monkeypatch)
