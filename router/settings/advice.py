"""What is allowed but perhaps not wanted: said by `paravent check`, and no reason not to start."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from contextlib import suppress
from urllib.parse import urlsplit

from router.settings.evidence import TRIED
from router.settings.problem import Problem, dotted
from router.settings.sections import Settings, is_loopback

_FRENCH_MOBILES = ("+336", "+337")
_QUARTER = 90 * 86_400
_OF_THE_EXAMPLE = re.compile(r"\+3393700000[1-3]")
# ARCEP keeps these for works of fiction: nobody is ever given one.
_FICTIONAL = ("+3319900", "+3326191", "+3335301", "+3346571", "+3353649", "+3363998")
_EXAMPLE_HOST = re.compile(r"(.+\.)?example(\.(com|net|org))?")


def advise(settings: Settings) -> list[Problem]:
    """Everything worth a second look, by path. As everywhere, no value is shown."""
    return [
        *_budgets(settings),
        *_left_of_the_example(settings),
        *_senders(settings),
        *_doors(settings),
        *_carriers(settings),
        *_texts(settings),
        *_evidence(settings),
    ]


def _budgets(settings: Settings) -> Iterator[Problem]:
    if settings.budget.micros is None:
        yield Problem("budget.limit", "is unlimited: nothing but the accounts' own purses stops a raid")
    for name, account in settings.accounts.items():
        if account.budget.micros == 0:
            yield Problem(dotted(("accounts", name, "budget", "limit")), "is zero: it will carry nothing")


def _left_of_the_example(settings: Settings) -> Iterator[Problem]:
    for name, number in settings.numbers.items():
        path = dotted(("numbers", name, "number"))
        if _OF_THE_EXAMPLE.fullmatch(number.number):
            yield Problem(path, "is still the example's", "nobody texts you there")
        elif number.number.startswith(_FICTIONAL):
            yield Problem(path, "is kept for fiction", "nobody can text it")
    if _EXAMPLE_HOST.fullmatch(urlsplit(settings.base_url).hostname or ""):
        yield Problem("public_url", "is still the example's", "no carrier finds you there")


def _senders(settings: Settings) -> Iterator[Problem]:
    for name, number in settings.numbers.items():
        for place, route in enumerate(number.plan):
            where = ("reply_from",) if place == 0 else ("fallback", place - 1)
            if route.sender.startswith(_FRENCH_MOBILES):
                path = dotted(("numbers", name, *where, "sender"))
                yield Problem(path, "is a 06 or 07 number", "France forbids automated texts from these")


def _doors(settings: Settings) -> Iterator[Problem]:
    host = urlsplit(settings.base_url).hostname
    texted = any(not number.number.startswith(_FICTIONAL) for number in settings.numbers.values())
    if texted and (settings.public_url is None or is_loopback(f"{host}:0")):
        what = "is missing" if settings.public_url is None else "names this machine alone"
        yield Problem("public_url", what, "no carrier finds the way here: no text comes in, and no receipt")
    elif not settings.base_url.startswith("https://") and not is_loopback(settings.listen):
        yield Problem("public_url", "is not https: texts and proofs can be read on the way")


def _carriers(settings: Settings) -> Iterator[Problem]:
    for name, provider in settings.providers.items():
        for setting, why in getattr(provider, "missed", {}).items():  # a plugin need not subclass ours
            yield Problem(dotted(("accounts", name, "settings", setting)), "is missing", why)


def _texts(settings: Settings) -> Iterator[Problem]:
    for language in settings.replies.texts.keys() - settings.replies.stop_confirmation.keys():
        path = dotted(("replies", "stop_confirmation", language))
        yield Problem(path, "is missing", "a STOP in this language is confirmed in another, or not at all")


def _evidence(settings: Settings) -> Iterator[Problem]:
    if not settings.evidence.roots_to:
        yield Problem(
            "evidence.roots_to", "is missing", "whoever owns this machine could rewrite all evidence"
        )
    if settings.evidence.public_key is not None and not _tried(settings):
        yield Problem(
            "evidence.public_key",
            "was not tried for 90 days",
            "without its private half nobody ever reads what is sealed: `paravent evidence key FILE --try`",
        )


def _tried(settings: Settings) -> bool:
    """Whether somebody showed lately that the private half is still there."""
    with suppress(OSError):
        note = settings.data / TRIED
        return (
            note.read_text("utf-8") == settings.evidence.public_key
            and time.time() - note.stat().st_mtime < _QUARTER
        )
    return False
