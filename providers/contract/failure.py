"""The five ways a send can fail, each named after what may be done next. The set is closed.

=============  ================  ==================  ================  ===============
failure        certainly unsent  same provider again  another provider  the reservation
=============  ================  ==================  ================  ===============
Unreachable    yes               at once, briefly    yes               released
Throttled      yes               after the pause     yes               released
CutOff         yes               once it is back     yes               released
Refused        yes               no                  only `elsewhere`  released
InDoubt        **no**            **no**              **no**            **kept**
=============  ================  ==================  ================  ===============

Variety lives in `code`, the provider's own word; `scope` says whose fault it is.
Only `account` and `sender` touch an account's health.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias

_CODE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:#-]{0,47}")


class Scope(StrEnum):
    """Whose fault a failure is."""

    ACCOUNT = "account"
    SENDER = "sender"
    RECIPIENT = "recipient"
    MESSAGE = "message"


class CutReason(StrEnum):
    """Why an account, or one of its senders, carries nothing any more."""

    SUSPENDED = "suspended"
    UNPAID = "unpaid"
    REVOKED = "revoked"
    SENDER_LOST = "sender_lost"


class RefusedReason(StrEnum):
    """Why this one text was refused."""

    BAD_NUMBER = "bad_number"
    OPTED_OUT = "opted_out"
    FILTERED = "filtered"
    UNACCEPTABLE = "unacceptable"


def clean_code(code: object) -> str:
    """Return a provider's code if it is one, else ``unreadable``.

    A provider may put a number, a text or a secret where its code should be; none of these
    may travel on into logs and tables.
    """
    text = str(code)
    return text if _CODE.fullmatch(text) and not re.search(r"\d{7}", text) else "unreadable"


@dataclass(frozen=True, slots=True)
class Unreachable:
    """Nothing left: DNS, connect or TLS failed. Try again at once, briefly; then elsewhere."""

    code: str
    scope: Scope = Scope.ACCOUNT

    def __post_init__(self) -> None:
        object.__setattr__(self, "code", clean_code(self.code))


@dataclass(frozen=True, slots=True)
class Throttled:
    """Too fast. Not sent; the same provider may be asked again after `pause` seconds."""

    pause: float
    code: str
    scope: Scope = Scope.ACCOUNT

    def __post_init__(self) -> None:
        object.__setattr__(self, "code", clean_code(self.code))
        # In this order a pause that is not a number becomes the shortest one.
        object.__setattr__(self, "pause", min(max(0.1, float(self.pause)), 86_400.0))


@dataclass(frozen=True, slots=True)
class CutOff:
    """The account, or this sender of it, carries nothing until probed or restored."""

    reason: CutReason
    code: str
    scope: Scope = Scope.ACCOUNT

    def __post_init__(self) -> None:
        object.__setattr__(self, "code", clean_code(self.code))


@dataclass(frozen=True, slots=True)
class Refused:
    """This text will not be carried. `elsewhere`: the provider's own rule, another may carry it."""

    reason: RefusedReason
    code: str
    scope: Scope = Scope.RECIPIENT
    elsewhere: bool = False

    def __post_init__(self) -> None:
        object.__setattr__(self, "code", clean_code(self.code))


@dataclass(frozen=True, slots=True)
class InDoubt:
    """It may have been sent. Nobody sends it again; its money stays until the truth is known."""

    code: str
    scope: Scope = Scope.ACCOUNT

    def __post_init__(self) -> None:
        object.__setattr__(self, "code", clean_code(self.code))


Failure: TypeAlias = Unreachable | Throttled | CutOff | Refused | InDoubt
