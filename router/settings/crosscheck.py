"""What no section can see by itself: names that must exist, prices, doors to shut."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from providers import Price
from router.plugins import Loaded
from router.rules import meaning
from router.rules.failover import Route
from router.rules.senders import COUNTRIES, is_sender
from router.rules.wording import lint
from router.settings.problem import Place, Problem, did_you_mean, dotted
from router.settings.sections import is_loopback


@dataclass(slots=True)
class Draft:
    """Settings as far as they could be read.

    Args:
        tree: As written, references resolved.
        found: The settings that are right by themselves; a section with faults is a table of its right
            settings, and so is every account and number.
        signs_nothing: Accounts whose provider signs no webhooks.
    """

    tree: Mapping[str, Any] = field(repr=False)
    found: Mapping[str, Any] = field(repr=False)
    signs_nothing: set[str] = field(default_factory=set)

    def entries(self, section: str) -> Mapping[str, Mapping[str, Any]]:
        """The accounts or the numbers."""
        return dict(self.found.get(section, {}))

    def get(self, section: str, name: str) -> Any:
        """One setting of a section, None where it is missing or wrong."""
        found = self.found.get(section)
        return found.get(name) if isinstance(found, Mapping) else getattr(found, name, None)


def crosscheck(draft: Draft, plugins: Loaded) -> list[Problem]:
    """Everything that is wrong between sections."""
    checks = (
        _plugins(draft, plugins),
        _names(draft),
        _plans(draft),
        _money(draft),
        _texts(draft),
        _numbers(draft),
        _caps(draft),
        _doors(draft),
        _encoder(draft),
    )
    return [problem for check in checks for problem in check]


def _plugins(draft: Draft, plugins: Loaded) -> Iterator[Problem]:
    for name in sorted(draft.found.get("plugins", ())):
        if name in plugins.refused:
            yield Problem(dotted(("plugins", name)), plugins.refused[name])


def _routes(number: Mapping[str, Any]) -> Iterator[tuple[Place, Route]]:
    if "reply_from" in number:
        yield ("reply_from",), number["reply_from"]
    for place, route in enumerate(number.get("fallback", ())):
        yield ("fallback", place), route


def _names(draft: Draft) -> Iterator[Problem]:
    """Every account that a number names must be there, even if it has faults of its own."""
    known = draft.entries("accounts")
    for name, number in draft.entries("numbers").items():
        named = [(place, route.account) for place, route in _routes(number)]
        if "account" in number:
            named.append(((), number["account"]))
        for place, account in named:
            if account not in known:
                path = dotted(("numbers", name, *place, "account"))
                yield Problem(path, "names no account", did_you_mean(account, known))


def _plans(draft: Draft) -> Iterator[Problem]:
    numbers = draft.entries("numbers")
    published = Counter(number.get("number") for number in numbers.values())
    for name, number in numbers.items():
        if "number" in number and published[number["number"]] > 1:
            yield Problem(dotted(("numbers", name, "number")), "is published under another name as well")
        seen: set[Route] = set()
        for place, route in _routes(number):
            if not is_sender(route.sender):
                path = dotted(("numbers", name, *place, "sender"))
                yield Problem(path, "must be a number, a short code, or up to 11 letters and digits")
            if route in seen:
                yield Problem(dotted(("numbers", name, *place)), "falls back to a route it already has")
            seen.add(route)


def _money(draft: Draft) -> Iterator[Problem]:
    """No price, no start: an account that may answer a country must say what that costs."""
    answering = {route.account for n in draft.entries("numbers").values() for _, route in _routes(n)}
    for name, account in draft.entries("accounts").items():
        prices: Mapping[str, Price] = account.get("prices", {})
        if name in answering and prices:
            for country in sorted(draft.found.get("answer_countries", frozenset()) - prices.keys()):
                yield Problem(dotted(("accounts", name, "prices", country)), "is missing")
        for country, price in prices.items():
            if country not in COUNTRIES:
                path = dotted(("accounts", name, "prices", country))
                yield Problem(path, "is no country in ISO 3166 capitals")
            yield from _rate(draft, price, ("accounts", name, "prices", country))
        if account.get("receive_price") is not None:
            yield from _rate(draft, account["receive_price"], ("accounts", name, "receive_price"))


def _rate(draft: Draft, price: Price, place: Place) -> Iterator[Problem]:
    currency, rates = draft.found.get("currency"), draft.found.get("rates")
    if currency is not None and rates is not None and price.unit not in {currency, *rates}:
        yield Problem(dotted(("rates", price.unit)), "is missing", f"{dotted(place)} is in it")


def _texts(draft: Draft) -> Iterator[Problem]:
    parts = draft.get("replies", "max_parts") or 1
    texts, language = draft.get("replies", "texts"), draft.get("replies", "language")
    if texts is not None and language is not None and language not in texts:
        yield Problem("replies.language", "has no text in replies.texts")
    for section in ("texts", "stop_confirmation"):
        for tongue, text in (draft.get("replies", section) or {}).items():
            fault = lint(text, parts).problem
            if fault:
                yield Problem(dotted(("replies", section, tongue)), fault)


def _numbers(draft: Draft) -> Iterator[Problem]:
    texts, expiry = draft.get("replies", "texts"), draft.get("replies", "expiry")
    for name, number in draft.entries("numbers").items():
        language, delay = number.get("language"), number.get("delay")
        if language is not None and texts is not None and language not in texts:
            path = dotted(("numbers", name, "language"))
            yield Problem(path, "has no text in replies.texts", did_you_mean(language, texts))
        if delay is not None and expiry is not None and not delay[0] <= delay[1] < expiry:
            path = dotted(("numbers", name, "delay"))
            yield Problem(path, "must be [shortest, longest], and longest below replies.expiry")


def _caps(draft: Draft) -> Iterator[Problem]:
    numbers, answered = draft.entries("numbers"), draft.found.get("answer_countries", frozenset())
    for name, cap in draft.entries("caps").items():
        number, country = cap.get("number"), cap.get("country")
        if number is not None and number not in numbers:
            yield Problem(dotted(("caps", name, "number")), "names no number", did_you_mean(number, numbers))
        if country is not None and country not in answered:
            yield Problem(
                dotted(("caps", name, "country")), "is not in `answer_countries`: nobody is answered"
            )


def _doors(draft: Draft) -> Iterator[Problem]:
    if "token" not in _written(draft, "operator"):
        listen, public_url = draft.found.get("listen"), draft.found.get("public_url")
        if listen and not is_loopback(listen):
            yield Problem("operator.token", "is missing", "`listen` can be reached from other machines")
        elif public_url and not _is_here(public_url):
            # What stands in front may ask as this machine does: nothing in its requests need show it.
            yield Problem("operator.token", "is missing", "`public_url` leads here from other machines")
    lease, deadline = draft.get("workers", "lease"), draft.get("workers", "call_deadline")
    if lease and deadline and lease <= deadline:
        yield Problem("workers.lease", "must be longer than workers.call_deadline")
    for name in sorted(draft.signs_nothing):
        if "hook_token" not in _written(draft, "accounts", name):
            path = dotted(("accounts", name, "hook_token"))
            yield Problem(path, "is missing", "its provider signs no webhooks; `paravent token` makes one")


def _encoder(draft: Draft) -> Iterator[Problem]:
    if draft.get("abuse", "encoder") and not meaning.installed():
        yield Problem("abuse.encoder", "is not installed", 'pip install "paravent[abuse]"')


def _is_here(url: str) -> bool:
    try:
        return is_loopback(f"{urlsplit(url).hostname}:0")
    except ValueError:
        return False


def _written(draft: Draft, *place: str) -> Mapping[str, Any]:
    found: Any = draft.tree
    for step in place:
        found = found.get(step) if isinstance(found, dict) else None
    return found if isinstance(found, dict) else {}
