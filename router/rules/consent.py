"""STOP, ARRET, START and friends: what a texter asks for with one exact word.

House rule: the whole text must be that word. "Stop !" is one; "stop, tu fais quoi ?" is not.
"""

from __future__ import annotations

import re
import unicodedata
from enum import StrEnum


class Consent(StrEnum):
    """What a texter asked for."""

    OPT_OUT = "opt_out"
    RESUME = "resume"


STOP_WORDS = frozenset(
    {
        "stop",
        "stop all",
        "stopall",
        "stop sms",
        "arret",
        "arreter",
        "desabonner",
        "desabonnement",
        "desinscrire",
        "desinscription",
        "unsubscribe",
        "opt out",
        "optout",
        "cancel",
        "end",
        "quit",
        "revoke",
    }
)
"""Texts that mean STOP, without accents, capitals and punctuation. Twilio's own keywords are among them,
because Twilio blocks whoever texts one, whatever we think of it."""

START_WORDS = frozenset({"start", "unstop", "reprendre", "resume"})
"""Texts that mean START. YES is not one: it is how people answer people."""

_LONGEST = 64
_WORD = re.compile("[a-z0-9]+")


def read_consent(body: str) -> Consent | None:
    """Read what the texter asked for, None for a text like any other."""
    if len(body) > _LONGEST:
        return None
    words = " ".join(_WORD.findall(body.lower()) if body.isascii() else _plain(body).split())
    if words in STOP_WORDS:
        return Consent.OPT_OUT
    return Consent.RESUME if words in START_WORDS else None


def _plain(body: str) -> str:
    letters = (c for c in unicodedata.normalize("NFKD", body) if not unicodedata.combining(c))
    return "".join(c if c.isalnum() else " " for c in letters).casefold()
