"""Texts and receipts to keep on disk, of all shapes that the door makes them in."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from hypothesis import strategies as st

from router.postgres.inbox import Arrival
from router.postgres.receipts import Notice

MOMENTS = st.datetimes(datetime(2017, 1, 1), datetime(2037, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 -- bounds are naive
WORDS = st.text(st.characters(exclude_categories=[]), max_size=20)
BYTES = st.binary(max_size=40)
AMOUNTS = st.decimals(0, 10, places=4, allow_nan=False)
COUNTS = st.integers(1, 255)

ARRIVALS = st.builds(
    Arrival,
    id=st.uuids(),
    account=WORDS,
    provider_id=WORDS,
    number=WORDS,
    texter=BYTES,
    letter=BYTES,
    raw=BYTES,
    part=st.none() | st.tuples(WORDS, COUNTS, COUNTS),
    join_key=st.none() | WORDS,
    provider_at=st.none() | MOMENTS,
    received_at=MOMENTS,
    not_before=st.none() | MOMENTS,
    expires_at=MOMENTS,
    verified=st.booleans(),
    score=st.floats(0, 1),
    lane=WORDS,
    priority=COUNTS,
    cost=st.none() | st.tuples(COUNTS, AMOUNTS, WORDS, AMOUNTS),
    claim=st.booleans(),
)
NOTICES = st.builds(
    Notice,
    account=WORDS,
    digest=BYTES,
    provider_id=st.none() | WORDS,
    reference=st.none() | WORDS,
    texter=st.none() | BYTES,
    status=WORDS,
    code=WORDS,
    refused=WORDS,
    proven_unsent=st.booleans(),
    unbilled=st.booleans(),
    amount=st.none() | AMOUNTS,
    unit=st.none() | WORDS,
    parts=st.none() | COUNTS,
    provider_at=st.none() | MOMENTS,
    received_at=MOMENTS,
    raw=BYTES,
)


def receipt(name: str, **different: Any) -> Notice:
    """A receipt to keep."""
    said: dict[str, Any] = {
        "account": "twilio",
        "digest": name.encode().ljust(16),
        "provider_id": name,
        "reference": None,
        "texter": None,
        "status": "delivered",
        "code": "",
        "refused": "",
        "proven_unsent": False,
        "unbilled": False,
        "amount": Decimal("0.07"),
        "unit": "EUR",
        "parts": 1,
        "provider_at": None,
        "received_at": datetime(2017, 10, 21, 12, tzinfo=UTC),
        "raw": b"sealed",
    }
    return Notice(**(said | different))
