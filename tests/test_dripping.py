"""An answer that drips, and what it would do to a wire without a deadline."""

from __future__ import annotations

import pytest

from router.wire import AioWire
from tests import test_wire


async def test_control_without_a_deadline_an_answer_that_drips_is_waited_for() -> None:
    patient = AioWire(deadline=60)
    with pytest.raises(AssertionError):
        await test_wire.test_once_bytes_have_left_a_fault_is_a_doubt_for_a_text_alone(
            patient, test_wire.drips, test_wire.AFTER[test_wire.drips]
        )
    await patient.close()
