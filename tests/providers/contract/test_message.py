"""Texts and receipts: what shows of them, and how far a status reaches."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from providers import Doubt, Hook, Inbound, Job, Outgoing, Receipt, Request, Response, Status

NUMBER, OTHER, TEXT, URL = "+33639980001", "+33199000001", "Salut c'est Kevin", "https://a.example/t0ken"
AT = datetime(2026, 11, 23, tzinfo=UTC)
VALUES = [
    Outgoing(reference="r", to=NUMBER, sender=OTHER, text=TEXT, receipt_url=URL),
    Job(tag="r", receivers=(NUMBER,), sender=OTHER, text=TEXT, receipt_url=URL),
    Doubt(reference="r", to=NUMBER, sender=OTHER, text=TEXT, sent_at=AT),
    Inbound(provider_id="i", sender=NUMBER, to=OTHER, text=TEXT),
    Receipt(provider_id="i", reference="r", to=NUMBER, status=Status.SENT),
    Request("POST", f"{URL}?to={NUMBER}", {"Authorization": "t0ken"}, TEXT.encode()),
    Response(200, {"x": NUMBER}, TEXT.encode()),
    Hook("POST", f"{URL}?to={NUMBER}", {"x": "t0ken"}, TEXT.encode(), received_at=AT),
]


@pytest.mark.parametrize("value", VALUES, ids=lambda value: type(value).__name__)
def test_no_number_no_text_and_no_secret_shows(value: object) -> None:
    assert not any(private in repr(value) for private in (NUMBER, OTHER, TEXT, "t0ken"))


def test_statuses_rank_from_queued_to_delivered() -> None:
    assert {status: status.rank for status in Status} == {
        Status.QUEUED: 0,
        Status.SENT: 1,
        Status.EXPIRED: 2,
        Status.UNDELIVERABLE: 2,
        Status.FAILED: 2,
        Status.DELIVERED: 3,
    }
