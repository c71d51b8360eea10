"""What a plugin author says of a carrier, and how the suite asks the provider with it."""

from __future__ import annotations

import re
import traceback
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any, ClassVar, TypeAlias, get_args

from providers.contract.conformance.recorded import (
    DOUBT,
    JOB,
    NOW,
    NUMBER,
    OUTGOING,
    TEXT,
    TEXTER,
    Recorded,
    play,
    play_on,
)
from providers.contract.failure import Failure
from providers.contract.message import Accepted, Balance, Inbound, Receipt, Status
from providers.contract.provider import Ability, Provider, Settings
from providers.contract.wire import Exchange, Hook, Request, Response, WebhookError

Read: TypeAlias = Callable[[Provider, Hook], Sequence[Inbound | Receipt]]

_FAILURES = get_args(Failure)
_RESULTS: dict[Ability | None, tuple[type, ...]] = {
    None: (Accepted,),
    Ability.BATCH: (Accepted,),
    Ability.LOOK_UP: (Receipt, type(None)),
    Ability.TRACE: (Receipt, type(None)),
    Ability.BALANCE: (Balance,),
    Ability.STATUS: (type(None),),
    Ability.INBOUND_LOG: (Inbound,),
    Ability.REREAD: (Inbound, type(None)),
}


class Subject:
    """A provider and its carrier. Fill in what is declared here."""

    kind: ClassVar[type[Provider]]
    """Your provider."""
    settings: ClassVar[Mapping[str, Any]]
    """Its settings, complete."""
    other_settings: ClassVar[Mapping[str, Any]] = {}
    """What a stranger's settings hold instead: other webhook secrets. For signed webhooks."""
    secrets: ClassVar[Sequence[str]]
    """Every secret among `settings`."""
    proof_headers: ClassVar[Sequence[str]] = ()
    """Lower-case headers that prove a webhook. If the proof is elsewhere, override `without_proof`."""
    recorded: ClassVar[Sequence[Recorded]]
    """At least an `Accepted`, a `Throttled`, a `CutOff`, a `Refused`, and one for each ability."""
    statuses: ClassVar[Mapping[str, Status]]
    """The carrier's status words, and ours."""
    unaccepted_5xx: ClassVar[frozenset[int]] = frozenset()
    """Server errors that the carrier documents as not accepted. All others must be in doubt."""

    def text_in(self, request: Request) -> str:
        """Read the text out of a request, as the carrier would."""
        raise NotImplementedError

    def inbound_hook(self, text: str, sender: str = TEXTER, to: str = NUMBER) -> Hook:
        """Make the webhook that the carrier would send for this text, proved with `settings`."""
        raise NotImplementedError

    def receipt_hook(self, sent: Request, status: str) -> Hook:
        """Make the receipt, in this status, that the carrier would send for what `sent` asked of it."""
        raise NotImplementedError

    def without_proof(self, hook: Hook) -> Hook:
        """The same webhook with its proof left out."""
        return replace(hook, headers={k: v for k, v in hook.headers.items() if k not in self.proof_headers})

    def tampered(self, hook: Hook) -> Hook:
        """The same webhook, its proof untouched, saying something else."""
        return replace(hook, body=hook.body[:-1] + bytes([hook.body[-1] ^ 1]))

    def carries(self, text: str) -> bool:
        """Whether the carrier's format can hold this text at all."""
        return not re.search("[\ud800-\udfff]", text)

    # How it is asked

    @property
    def _accepted(self) -> Recorded:
        return next(r for r in self.recorded if r.ask is None and isinstance(r.expected, Accepted))

    @property
    def _sent(self) -> Request:
        requests, _ = play(self._ask(None), *self._accepted.answers)
        return next(request for request in requests if request.carries_text)

    def _settings(self, other: Mapping[str, Any] | None = None) -> Settings:
        return self.kind.Settings(**{**self.settings, **(other or {})})

    def _provider(self) -> Provider:
        return self.kind(self._settings())

    def _texts(self) -> Sequence[Inbound]:
        return self._provider().inbound(self.inbound_hook(TEXT))

    def _hooks(self) -> list[tuple[Hook, Read]]:
        return [
            (self.inbound_hook(TEXT), lambda provider, hook: provider.inbound(hook)),
            (self.receipt_hook(self._sent, next(iter(self.statuses))), lambda p, hook: p.receipt(hook)),
        ]

    def _ask(self, ability: Ability | None) -> Exchange[Any]:
        provider, earlier = self._provider(), NOW - timedelta(hours=1)
        asks: dict[Ability | None, Callable[[], Exchange[Any]]] = {
            None: lambda: provider.send(OUTGOING, NOW),
            Ability.BATCH: lambda: provider.send_many(JOB, NOW),
            Ability.LOOK_UP: lambda: provider.look_up(DOUBT, NOW),
            Ability.TRACE: lambda: provider.trace(self._accepted.expected.provider_id, NOW),
            Ability.BALANCE: lambda: provider.balance(NOW),
            Ability.STATUS: lambda: provider.status(NOW),
            Ability.INBOUND_LOG: lambda: provider.inbound_log([NUMBER], earlier, NOW, frozenset({"held"})),
            Ability.REREAD: lambda: provider.reread(self._texts()[0], NOW),
        }
        return asks[ability]()

    def _send_answered(self, answer: Response) -> Any:
        requests, _ = play(self._ask(None), *self._accepted.answers)
        before = [request.carries_text for request in requests].index(True)
        return play_on(self._ask(None), *self._accepted.answers[:before], answer)[1]

    def _check_exchange(self, ask: Ability | None, *answers: Response) -> None:
        _, result = play_on(self._ask(ask), *answers)
        results = list(result) if isinstance(result, (list, tuple)) else [result]
        assert all(isinstance(one, (*_RESULTS[ask], *_FAILURES)) for one in results), results
        assert ask is not Ability.BATCH or len(results) == len(JOB.receivers), "one outcome a receiver"
        self._keeps_quiet(repr([one for one in results if isinstance(one, _FAILURES)]))

    def _check_hook(self, read: Read, hook: Hook) -> None:
        error = error_of(read, self._provider(), hook)
        if error is not None and not isinstance(error, WebhookError):
            raise AssertionError("only Forged and Malformed may come out of a webhook") from error
        self._keeps_quiet("".join(traceback.format_exception(error)) if error else "")

    def _keeps_quiet(self, shown: str) -> None:
        for private in (TEXTER[1:], NUMBER[1:], TEXT, "t0ken-in-the-path", *self.secrets):
            assert private not in shown, "a number, a text or a secret shows"


def error_of(call: Callable[..., object], *args: object) -> Exception | None:
    """What a call raises, None where it raises nothing."""
    try:
        call(*args)
    except Exception as error:  # noqa: BLE001 - whatever it is, the suite says what it should have been
        return error
    return None
