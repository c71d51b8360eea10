"""What a delay or a cap puts off on purpose is not due: nobody is to be woken for it."""

from __future__ import annotations

import pytest

from tests.web.house import House

DELAYED = "UPDATE reply SET state = 'delayed', not_before = now() + interval '30 min'"


@pytest.mark.parametrize(
    ("put_off", "due"),
    [("", 0), (", fence = 1, reason = 'cap'", 0), (", fence = 1", 1), (", not_before = received_at", 1)],
    ids=["by the number's delay", "by a cap", "for no account carries it", "and its time has come"],
)
async def test_a_text_that_is_put_off_on_purpose_is_not_due(house: House, put_off: str, due: int) -> None:
    await house.text("Salut")
    delayed = DELAYED.partition(", not_before")[0] if "not_before" in put_off else DELAYED
    await house.rows(f"{delayed}{put_off} RETURNING 1")
    assert await house.sample("paravent_queue_texts", state="delayed") == 1
    assert await house.sample("paravent_queue_due_texts") == due


async def test_a_text_whose_delay_was_long_is_not_old_when_it_becomes_ready(house: House) -> None:
    await house.text("Salut")
    await house.rows("UPDATE reply SET received_at = received_at - interval '30 min' RETURNING 1")
    await house.rows("UPDATE reply SET not_before = received_at + interval '29 min 50 s' RETURNING 1")
    assert 10 <= await house.sample("paravent_queue_oldest_seconds") < 60
    assert await house.sample("paravent_answering_stalled") == 0
