"""Pigeon SMS, a plugin that behaves, and what it would do if its author had not slept.

Each class is Pigeon with one thing wrong; `AT_IMPORT` are modules that do not even load.
"""

from __future__ import annotations

import itertools
import json
import time
from collections.abc import Sequence
from typing import Any, cast

from providers import (
    Ability,
    Accepted,
    Forged,
    Hook,
    Inbound,
    InDoubt,
    Outgoing,
    Provider,
    Receipt,
    Request,
    Settings,
)

PROOF = "coo"


class Loft(Settings):
    """One account at Pigeon SMS."""

    base_url: str


class Pigeon(Provider):
    """It behaves."""

    name = "pigeon"
    Settings = Loft
    abilities = frozenset({Ability.SIGNED_WEBHOOKS})

    def __init__(self, settings: Loft) -> None:
        self._base = settings.base_url

    def send(self, text: Outgoing, now: Any) -> Any:
        self.form()
        response = yield Request("POST", f"{self._base}/messages", {}, b"coo", carries_text=True)
        said = self.read(response)
        return Accepted(provider_id=text.reference) if response.ok and said is None else said

    def form(self) -> None:
        """Make the request."""

    def read(self, _response: Any) -> Any:
        """Read the answer: None if all is well."""

    def inbound(self, hook: Hook) -> Sequence[Inbound]:
        if hook.headers.get("x-pigeon") != PROOF:
            raise Forged("proof")
        said = json.loads(hook.body)
        return [Inbound(provider_id=said["id"], sender=said["from"], to=said["to"], text="Salut")]

    def receipt(self, _hook: Hook) -> list[Receipt]:
        return []


class RaisesWhileForming(Pigeon):
    def form(self) -> None:
        raise LookupError("+33639980001")


class RaisesWhileReading(Pigeon):
    def read(self, _response: Any) -> Any:
        raise LookupError("+33639980001")


class LeavesTheProcess(Pigeon):
    def read(self, _response: Any) -> Any:
        raise SystemExit(3)


class Sleeps(Pigeon):
    """It blocks whoever calls it; three seconds are for ever."""

    def form(self) -> None:
        time.sleep(3)


class Spins(Pigeon):
    def read(self, _response: Any) -> Any:
        until = time.monotonic() + 30
        while time.monotonic() < until:
            pass


class AnswersJunk(Pigeon):
    def read(self, _response: Any) -> Any:
        return {"status": "sent"}


class AsksJunk(Pigeon):
    def send(self, text: Outgoing, now: Any) -> Any:
        yield "POST /messages"
        return InDoubt("never")


class WantsAllMemory(Pigeon):
    def read(self, _response: Any) -> Any:
        return bytearray(1 << 52)


class RaisesWhileVerifying(Pigeon):
    def inbound(self, hook: Hook) -> Sequence[Inbound]:
        raise ZeroDivisionError(hook.body)


class ParsesSlowly(Pigeon):
    def inbound(self, hook: Hook) -> Sequence[Inbound]:
        until = time.monotonic() + 30
        while time.monotonic() < until:
            json.loads(hook.body)
        return []


class NeverEnds(Pigeon):
    def inbound(self, hook: Hook) -> Sequence[Inbound]:
        [text] = super().inbound(hook)
        return cast("Sequence[Inbound]", itertools.repeat(text))


class FromAnotherTime(Pigeon):
    contract = 99


class CannotBeMade(Pigeon):
    def __init__(self, _settings: Loft) -> None:
        raise LookupError("no loft")


def __getattr__(name: str) -> Any:
    """As a module that leaves while it is imported."""
    if name == "LeavesAtImport":
        raise SystemExit(3)
    raise AttributeError(name)
