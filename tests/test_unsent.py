"""What certainly did not leave, and what it would be taken for if nobody kept book of it."""

from __future__ import annotations

import pytest

from router import wire as wires
from tests import test_wire
from tests.test_wire import wire

__all__ = ["wire"]


async def test_control_where_all_is_taken_for_left_a_name_that_is_none_would_be_a_doubt(
    wire: wires.AioWire,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    begin = wires._Call.__init__

    def left(self: wires._Call, not_after: float | None) -> None:
        begin(self, not_after)
        self.left = True

    monkeypatch.setattr(wires._Call, "__init__", left)
    with pytest.raises(AssertionError, match="InDoubt"):
        await test_wire.test_a_name_that_is_none_and_tls_that_fails_have_sent_nothing(wire, monkeypatch)
