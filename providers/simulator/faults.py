"""What can be made to go wrong at a carrier, by name, for how often, and what is wrong just now."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

SENDS, ALL = "sends", "all"


@dataclass(frozen=True, slots=True)
class Shape:
    """What a fault does and the arguments it takes, with their defaults.

    `on` is which calls it meets: ``sends`` or ``all``. `to` and `sender` narrow a fault of single
    texts to one number; empty means any. Times are in seconds.
    """

    does: str
    arguments: Mapping[str, str | float] = field(default_factory=dict)


_NARROW = {"to": "", "sender": ""}

FAULTS: Mapping[str, Shape] = MappingProxyType(
    {
        "refuse": Shape("refuses a text with this code of its own", {"code": "", **_NARROW}),
        "suspend": Shape("has suspended the account", {"on": SENDS}),
        "revoke": Shape("no longer knows the credentials", {"on": ALL}),
        "unpaid": Shape("says the account is not paid", {"on": SENDS}),
        "throttle": Shape("says too many requests; 0 says not how long", {"on": ALL, "retry_after": 0}),
        "error_before": Shape("answers 5xx and takes nothing", {"on": SENDS, "status": 503}),
        "error_after": Shape("takes the text and answers 5xx", {"on": SENDS, "status": 500}),
        "reset_before": Shape("resets the connection and takes nothing", {"on": SENDS}),
        "reset_after": Shape("takes the text and resets the connection", {"on": SENDS}),
        "hang_before": Shape("takes nothing and never answers", {"on": SENDS, "seconds": 3600}),
        "hang_after": Shape("takes the text and never answers", {"on": SENDS, "seconds": 3600}),
        "drip": Shape("answers one byte at a time", {"on": SENDS, "every": 1.0}),
        "slow_answers": Shape("answers late", {"on": ALL, "seconds": 1.0}),
        "unreachable": Shape("takes no connection at all"),
        "slow_receipts": Shape("delivers and reports late", {"seconds": 600, **_NARROW}),
        "duplicate_receipts": Shape("reports everything several times", {"copies": 2, **_NARROW}),
        "reordered_receipts": Shape("reports the end before the beginning", _NARROW),
        "missing_receipts": Shape("delivers and reports nothing", _NARROW),
        "undelivered": Shape("hands over, but the handset does not take it", {"code": "", **_NARROW}),
        "unsent": Shape("accepts, then reports it was never handed over", {"code": "", **_NARROW}),
        "wrong_price": Shape("charges this many times its price", {"factor": 10, **_NARROW}),
        "lost_inbound": Shape("posts no inbound text; its log has it", _NARROW),
    }
)


class UnknownFault(ValueError):
    """No such fault, or no such argument: the message lists those there are."""


@dataclass(eq=False, slots=True)
class Fault:
    """One thing that is wrong now.

    Args:
        left: How many more times it strikes, None until it is cleared.
        struck: How often it struck.
        hit: Set once it has struck, for whoever waits for that.
        cleared: Set once it is over, so that what hangs can let go.
    """

    name: str
    arguments: Mapping[str, Any] = field(repr=False)
    left: int | None = None
    struck: int = 0
    hit: asyncio.Event = field(default_factory=asyncio.Event, repr=False)
    cleared: asyncio.Event = field(default_factory=asyncio.Event, repr=False)

    def __getitem__(self, argument: str) -> Any:
        return self.arguments[argument]

    def meets(self, scope: Mapping[str, str]) -> bool:
        """Whether it strikes here: `on` widens, an empty `to` or `sender` means any."""
        return all(self.arguments.get(key) in {value, "", ALL, None} for key, value in scope.items())

    def as_json(self) -> dict[str, Any]:
        """What is wrong as plain JSON values."""
        return {"fault": self.name, "left": self.left, "struck": self.struck, **self.arguments}


class Faults:
    """What is wrong at one carrier now."""

    def __init__(self) -> None:
        self._now: dict[str, Fault] = {}
        self._spent: list[Fault] = []

    def set(self, name: str, /, *, times: int | None = None, **arguments: Any) -> Fault:
        """Make something go wrong, `times` times or until it is cleared.

        Raises:
            UnknownFault: No such name or argument, or a value of the wrong kind.
        """
        self.clear(name)
        if times is not None and times < 1:
            raise UnknownFault("times is a whole number from 1, or left out: until cleared")
        fault = Fault(name, _checked(name, arguments), times)
        self._now[name] = fault
        return fault

    def clear(self, name: str | None = None) -> None:
        """End one fault, or all of them; what hangs lets go.

        Raises:
            UnknownFault: No such name.
        """
        if name is not None and name not in FAULTS:
            raise UnknownFault(f"no fault {name[:40]!r}; there are: {', '.join(sorted(FAULTS))}")
        for each in [name] if name else list(self._now):
            self._spent += [self._now.pop(each)] if each in self._now else []
        for fault in self._spent:
            if name in {None, fault.name}:
                fault.cleared.set()
        self._spent = [fault for fault in self._spent if not fault.cleared.is_set()]

    def take(self, name: str, **scope: str) -> Fault | None:
        """Return the fault if it strikes here, and count it off; None if it does not."""
        fault = self._now.get(name)
        if fault is None or not fault.meets(scope):
            return None
        fault.struck += 1
        fault.hit.set()
        if fault.left is not None:
            fault.left -= 1
            if not fault.left:
                self._spent.append(self._now.pop(name))
        return fault

    def shows(self, name: str) -> bool:
        """Whether a look at the account tells of the fault; a look counts it off as a text does.

        Who has seen that an account is closed sends nothing there: counted off by texts alone, what is to
        strike a few times would last for ever.
        """
        return self.take(name) is not None

    def __contains__(self, name: str) -> bool:
        return name in self._now

    def __bool__(self) -> bool:
        return bool(self._now)

    def now(self) -> list[Fault]:
        """Everything that is wrong now."""
        return list(self._now.values())


def _checked(name: str, arguments: Mapping[str, Any]) -> dict[str, Any]:
    known = FAULTS[name].arguments
    for key, value in arguments.items():
        if key not in known:
            takes = ", ".join(known) or "no arguments"
            raise UnknownFault(f"fault {name} has no argument {key[:40]!r}; it takes: {takes}")
        wanted = str if isinstance(known[key], str) else (int, float)
        if isinstance(value, bool) or not isinstance(value, wanted):
            raise UnknownFault(f"argument {key} of fault {name} is a {_noun(known[key])}")
    if arguments.get("on", SENDS) not in {SENDS, ALL}:
        raise UnknownFault(f"argument on of fault {name} is {SENDS!r} or {ALL!r}")
    return {**known, **arguments}


def _noun(default: str | float) -> str:
    return "text" if isinstance(default, str) else "number"
