"""A send of OVH's is known again by its tag, its receiver, and a bounded number of calls."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any
from unittest import mock
from urllib.parse import parse_qs, urlsplit

import pytest

from providers import CREDIT, Balance, Doubt, Receipt, Request, Response, Status
from providers.contract.conformance import DOUBT, NOW, play
from providers.contract.conformance.recorded import drive
from providers.ovh import Ovh
from providers.ovh import sms as ovh_page
from providers.ovh.account import OvhSettings
from providers.ovh.inbox import CALLS
from tests.providers.ovh_recorded import ACCOUNT, CLASSIC, SENT, TIME, said


def provider(**settings: Any) -> Ovh:
    return Ovh(OvhSettings(**(CLASSIC | settings)))


def numbers(count: int) -> tuple[str, ...]:
    return tuple(f"+3363998{place:04d}" for place in range(count))


class Api:
    """Answers look-ups from a few records, as OVH would."""

    def __init__(
        self, outgoing: list[dict[str, Any]], jobs: list[dict[str, Any]], filters: str = "+"
    ) -> None:
        self.outgoing, self.jobs, self.filters = outgoing, jobs, filters

    def __call__(self, request: Request) -> Response:
        url = urlsplit(request.url)
        place = url.path.rsplit("/", 2)
        if place[-1] == "time":
            return TIME
        kind = place[-1] if place[-1] in {"outgoing", "jobs"} else place[-2]
        kept = {"outgoing": self.outgoing, "jobs": self.jobs}[kind]
        if place[-1] != kind:
            return said(next(each for each in kept if str(each["id"]) == place[-1]))
        query = {key: values[0] for key, values in parse_qs(url.query).items()}
        return said([each["id"] for each in kept if self._fits(each, query)])

    def _fits(self, record: dict[str, Any], query: dict[str, str]) -> bool:
        receiver = record["receiver"].replace("+", self.filters)
        return (
            query.get("tag", record.get("tag")) == record.get("tag")
            and query.get("receiver", receiver) == receiver
        )


def of_a_job(count: int, **what: Any) -> list[dict[str, Any]]:
    return [SENT | {"id": 100 + place, "receiver": to} | what for place, to in enumerate(numbers(count))]


def looked_up(api: Callable[[Request], Response], doubt: Doubt) -> tuple[list[Request], Any]:
    return drive(provider().look_up(doubt, NOW), api)


@pytest.mark.parametrize("filters", ["+", "00"])
def test_each_receiver_of_a_job_finds_its_own_text_in_a_few_calls(filters: str) -> None:
    to = numbers(100)[63]
    asked, found = looked_up(Api(of_a_job(100), [], filters), replace(DOUBT, to=to))
    assert (found.provider_id, found.to, found.reference) == ("163", to, DOUBT.reference)
    assert len(asked) <= 4


def test_a_look_up_makes_a_bounded_number_of_calls() -> None:
    asked, found = looked_up(Api(of_a_job(100), of_a_job(100), "?"), replace(DOUBT, to="+33639990000"))
    assert found is None
    assert len(asked) <= 5 + 2 * CALLS


class Careless(Api):
    """An API that ignores its filters."""

    def _fits(self, record: dict[str, Any], query: dict[str, str]) -> bool:
        return True


def another_attempts_text_is_not_this_one() -> None:
    _, found = looked_up(Careless([SENT | {"tag": "another"}], []), DOUBT)
    assert found is None, "another attempt's text would be taken for this one's"


def test_another_attempts_text_to_the_same_texter_is_not_this_one() -> None:
    another_attempts_text_is_not_this_one()


def test_control_without_looking_at_the_tag_it_would_be() -> None:
    with (
        mock.patch.object(Ovh, "_is", return_value=True),
        pytest.raises(AssertionError, match="another attempt's"),
    ):
        another_attempts_text_is_not_this_one()


def pending(**what: Any) -> list[dict[str, Any]]:
    record = {key: value for key, value in SENT.items() if key not in {"tag", "sentAt", "deliveredAt"}}
    return [record | {"deliveryReceipt": 0, "ptt": 0} | what]


def test_a_pending_text_is_known_by_receiver_words_and_time() -> None:
    _, found = looked_up(Api([], pending()), DOUBT)
    assert (found.status, found.reference) == (Status.QUEUED, DOUBT.reference)
    for other in (
        {"receiver": "+33639980009"},
        {"message": "Bonjour"},
        {"creationDatetime": "2026-11-23T16:44:30+01:00"},
        {"creationDatetime": "2026-11-23T17:15:30+01:00"},
        {"creationDatetime": "2026-11-23T17:00:09"},
    ):
        assert looked_up(Api([], pending(**other)), DOUBT)[1] is None, other


@pytest.mark.parametrize("at", ["16:45:30", "17:14:30"])
def test_a_pending_text_is_known_though_clocks_differ(at: str) -> None:
    api = Api([], pending(creationDatetime=f"2026-11-23T{at}+01:00"))
    assert looked_up(api, DOUBT)[1] is not None
    with mock.patch.object(ovh_page, "CLOCKS_DIFFER", timedelta(minutes=2)):
        assert looked_up(api, DOUBT)[1] is None, "the control"


def test_two_pending_texts_that_fit_prove_neither() -> None:
    assert looked_up(Api([], [*pending(), *pending(id=7)]), DOUBT)[1] is None
    _, found = looked_up(Api([], [*pending(), *pending(id=7, tag=DOUBT.reference)]), DOUBT)
    assert found.provider_id == "7", "but a tag does"


def test_of_two_pending_texts_that_fit_it_is_the_one_that_is_no_other_send() -> None:
    doubt = replace(DOUBT, others=("7",))
    _, found = looked_up(Api([], [*pending(), *pending(id=7)]), doubt)
    assert isinstance(found, Receipt)
    assert found.provider_id == str(pending()[0]["id"])


def test_a_text_without_a_receipt_yet_is_queued() -> None:
    _, found = play(provider().trace("42", NOW), TIME, said(SENT | {"deliveryReceipt": 99, "ptt": 99}))
    assert isinstance(found, Receipt)
    assert found.status is Status.QUEUED


def test_a_trace_that_ran_out_of_calls_goes_on_where_it_stopped() -> None:
    """With one call a minute for asking, it would never get past the first place that a text may be."""
    carrier = provider(virtual_numbers=("+33939980000",))
    stopped = carrier.trace("42", NOW)
    next(stopped)
    assert "/virtualNumbers/" not in stopped.send(TIME).url
    stopped.send(said({"message": "no such text"}, 404))
    stopped.close()
    asked, found = play(carrier.trace("42", NOW), said(SENT))
    assert isinstance(found, Receipt)
    assert "/virtualNumbers/0033939980000/" in asked[0].url


def test_a_users_quota_is_its_balance_where_that_is_less() -> None:
    quota: dict[str, Any] = {
        "login": "router",
        "quotaInformations": {"quotaStatus": "active", "quotaLeft": 12.5},
    }
    carrier = provider(user="router")
    _, found = play(carrier.balance(NOW), TIME, said(ACCOUNT), said(quota))
    assert found == Balance(amount=12.5, unit=CREDIT)
    quota["quotaInformations"] = {"quotaStatus": "inactive", "quotaLeft": 0}
    _, found = play(carrier.balance(NOW), said(ACCOUNT), said(quota))
    assert found == Balance(amount=1987, unit=CREDIT)
