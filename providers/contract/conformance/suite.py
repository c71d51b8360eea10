"""The contract, one test a promise. The names are the contract's sentences."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from providers.contract.conformance.recorded import (
    HARD_TEXTS,
    NOW,
    NUMBER,
    OUTGOING,
    TEXT,
    TEXTER,
    UNREADABLE,
    play,
    same,
    spoilt,
)
from providers.contract.conformance.subject import Read, Subject, error_of
from providers.contract.failure import CutOff, InDoubt, Refused, Throttled
from providers.contract.message import Accepted, Status
from providers.contract.provider import CONTRACT, Ability, Provider, Unsupported
from providers.contract.wire import Answer, Forged, Hook, Response

_METHODS = {
    Ability.BATCH: "send_many",
    Ability.LOOK_UP: "look_up",
    Ability.TRACE: "trace",
    Ability.BALANCE: "balance",
    Ability.STATUS: "status",
    Ability.INBOUND_LOG: "inbound_log",
    Ability.REREAD: "reread",
}


class Conformance(Subject):
    """Subclass it, fill in what `Subject` declares, and every ``test_`` below judges your provider."""

    # What it says of itself

    def test_it_speaks_this_contract(self) -> None:
        provider = self._provider()
        assert provider.contract == CONTRACT
        assert re.fullmatch(r"[a-z][a-z0-9_]{0,31}", provider.name), "a name is lower case, one word"
        assert isinstance(provider.answer, Answer)
        assert all(isinstance(ability, Ability) for ability in provider.abilities)

    def test_abilities_are_declared_and_never_faked(self) -> None:
        declared = self._provider().abilities
        for ability, method in _METHODS.items():
            written = getattr(self.kind, method) is not getattr(Provider, method)
            assert written or ability not in declared, f"{method} is declared, but not written"
            if ability not in declared:
                assert isinstance(error_of(self._ask, ability), Unsupported), f"{method} is not declared"

    def test_recordings_cover_the_contract_and_name_their_source(self) -> None:
        outcomes = [recorded.expected for recorded in self.recorded if recorded.ask is None]
        for kind in (Accepted, Throttled, CutOff, Refused):
            assert any(isinstance(outcome, kind) for outcome in outcomes), f"no {kind.__name__} is recorded"
        asked = {recorded.ask for recorded in self.recorded}
        missing = self._provider().abilities & _METHODS.keys() - asked
        assert not missing, f"nothing is recorded for {sorted(missing)}"
        assert all(recorded.source for recorded in self.recorded), "a recording names its source"

    # What it sends, and how it reads the answers

    def test_every_recorded_answer_is_read_as_expected(self) -> None:
        for recorded in self.recorded:
            requests, result = play(self._ask(recorded.ask), *recorded.answers)
            assert same(result, recorded.expected), f"{recorded.name}: {result}"
            assert len(requests) == len(recorded.answers), f"{recorded.name}: not every answer was asked for"

    def test_one_post_carries_the_text_and_nothing_else_does(self) -> None:
        for recorded in self.recorded:
            requests, _ = play(self._ask(recorded.ask), *recorded.answers)
            carrying = [request.method for request in requests if request.carries_text]
            assert carrying == (["POST"] if recorded.ask in (None, Ability.BATCH) else []), recorded.name
            for request in requests:
                assert re.fullmatch(r"https?://[!-~]+", request.url), "a URL is absolute and encoded"
                assert isinstance(request.body, bytes)
                assert not re.search(r"[\r\n]", "".join([*request.headers, *request.headers.values()]))

    def test_text_goes_out_unharmed(self) -> None:
        from hypothesis import strategies as st

        def check(text: str) -> None:
            exchange = self._provider().send(replace(OUTGOING, text=text), NOW)
            requests, _ = play(exchange, *self._accepted.answers)
            assert [self.text_in(request) for request in requests if request.carries_text] == [text]

        for text in filter(self.carries, HARD_TEXTS):
            check(text)
        _each(st.text(min_size=1).filter(self.carries), check)

    def test_a_server_error_is_in_doubt(self) -> None:
        for status in {500, 501, 502, 503, 504, 520, 599} - self.unaccepted_5xx:
            for body in UNREADABLE:
                assert isinstance(self._send_answered(Response(status, {}, body)), InDoubt), status

    def test_an_unreadable_success_is_in_doubt(self) -> None:
        for status in (200, 201, 202, 204, 302):
            for body in UNREADABLE:
                assert isinstance(self._send_answered(Response(status, {}, body)), InDoubt), body[:20]

    def test_no_answer_makes_it_raise_or_leak(self) -> None:
        for recorded in self.recorded:
            for place, answer in enumerate(recorded.answers):
                for odd in spoilt(answer):
                    self._check_exchange(recorded.ask, *recorded.answers[:place], odd)

    # What it takes in

    def test_text_comes_in_unharmed(self) -> None:
        from hypothesis import strategies as st

        def check(text: str) -> None:
            (read,) = self._provider().inbound(self.inbound_hook(text))
            assert (read.text, read.sender, read.to) == (text, TEXTER, NUMBER)

        for text in filter(self.carries, HARD_TEXTS):
            check(text)
        _each(st.text(min_size=1).filter(self.carries), check)

    def test_a_replayed_webhook_is_the_same_text(self) -> None:
        hook = self.inbound_hook(TEXT)
        first, again = self._provider().inbound(hook), self._provider().inbound(hook)
        assert same(first, again)
        assert all(text.provider_id for text in first), "without an id a duplicate cannot be told"

    def test_a_forged_webhook_is_refused(self) -> None:
        if Ability.SIGNED_WEBHOOKS not in self._provider().abilities:
            return
        stranger = self.kind(self._settings(self.other_settings))
        for hook, read in self._hooks():
            bare, tampered = self.without_proof(hook), self.tampered(hook)
            assert bare != hook, "name `proof_headers`, or override `without_proof`"
            assert tampered != hook, "override `tampered`"
            assert error_of(read, self._provider(), hook) is None
            assert isinstance(error_of(read, self._provider(), bare), Forged), "taken without its proof"
            assert isinstance(error_of(read, self._provider(), tampered), Forged), (
                "taken though tampered with"
            )
            assert isinstance(error_of(read, stranger, hook), Forged), "taken with a stranger's proof"

    def test_every_status_is_read_and_leads_back_to_its_text(self) -> None:
        assert Status.DELIVERED in self.statuses.values()
        for word, status in self.statuses.items():
            (receipt,) = self._provider().receipt(self.receipt_hook(self._sent, word))
            assert receipt.status is status, word
            assert receipt.reference in (None, OUTGOING.reference), "the reference came back damaged"
            assert receipt.reference or receipt.provider_id == self._accepted.expected.provider_id

    def test_an_unknown_status_is_harmless(self) -> None:
        for word in ("unheard-of", "", "99", TEXT):
            for receipt in self._provider().receipt(self.receipt_hook(self._sent, word)):
                assert receipt.status in (Status.QUEUED, Status.SENT), word

    def test_junk_is_refused_in_words_and_leaks_nothing(self) -> None:
        from hypothesis import strategies as st

        def check(case: tuple[tuple[Hook, Read], bytes, int]) -> None:
            (hook, read), junk, cut = case
            for odd in (
                replace(hook, body=hook.body[:cut]),
                replace(hook, body=hook.body[:cut] + junk),
                replace(hook, url=hook.url[: -cut or None], body=junk),
                replace(hook, headers=dict.fromkeys(hook.headers, junk.decode("latin-1"))),
                replace(hook, method="GET"),
                replace(hook, body=b"[" * 100_000),
            ):
                self._check_hook(read, odd)

        _each(st.tuples(st.sampled_from(self._hooks()), st.binary(), st.integers(0, 400)), check)

    def test_nonsense_with_a_good_proof_is_read_or_refused_in_words(self) -> None:
        from hypothesis import strategies as st

        def check(words: tuple[str, str, str]) -> None:
            self._check_hook(lambda provider, hook: provider.inbound(hook), self.inbound_hook(*words))

        words = st.one_of(st.text(), st.just("a" * 9_000)).filter(self.carries)
        _each(st.tuples(words, words, words), check)

    # What it keeps to itself

    def test_nothing_private_shows_in_a_repr(self) -> None:
        provider = self._provider()
        requests, outcome = play(provider.send(OUTGOING, NOW), *self._accepted.answers)
        inbound = provider.inbound(self.inbound_hook(TEXT))
        receipts = provider.receipt(self.receipt_hook(self._sent, next(iter(self.statuses))))
        for shown in (provider, self._settings(), requests, outcome, inbound, receipts):
            self._keeps_quiet(repr(shown))

    def test_wrong_settings_are_named_without_their_values(self) -> None:
        for secret in self.secrets:
            assert secret in repr(self.settings), "`secrets` and `settings` do not agree"
            wrong = {key: [{"wrong": secret}] for key in self.settings} | {"no_such_setting": secret}
            error = error_of(self.kind.Settings.model_validate, wrong)
            assert isinstance(error, ValueError), "an unknown setting is refused"
            self._keeps_quiet(str(error))


def _each(strategy: Any, check: Callable[[Any], None]) -> None:
    from hypothesis import HealthCheck, given, settings

    patient = settings(deadline=None, database=None, suppress_health_check=list(HealthCheck))
    given(strategy)(patient(check))()  # type: ignore[no-untyped-call] # hypothesis types only what it decorates
