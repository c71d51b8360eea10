"""One's own nights under other settings, side by side: the rules alone; nothing is sent or written."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from statistics import median
from typing import Any

from providers import Ability
from providers.contract import gsm7
from router.postgres.replay import AsItWas, Nights, Stored
from router.rules import budget, senders
from router.rules.answer import Text
from router.rules.nights import Heard, Outcome, Terms
from router.rules.rehearsal import rehearse
from router.settings import Settings
from router.vault import Vault, VaultError


@dataclass(frozen=True, slots=True)
class Replayed:
    """What came of it.

    Args:
        as_it_was: What really became of these texts.
        outcomes: By the name of the settings.
        learning: By the name of the settings: so many first texts teach what is usual.
        erased: Texts left out because their letters were emptied or cannot be opened.
        unknown: Texts left out because their number is not in the settings.
    """

    as_it_was: AsItWas
    outcomes: Mapping[str, Outcome] = field(repr=False)
    learning: Mapping[str, int]
    erased: int
    unknown: int

    def as_json(self) -> dict[str, Any]:
        """Plain values."""
        return {
            "as_it_was": self.as_it_was._asdict(),
            "warm_up": dict(self.learning),
            "left_out": {"erased": self.erased, "unknown_number": self.unknown},
            "settings": {name: _plain(outcome) for name, outcome in self.outcomes.items()},
        }


def replay(nights: Nights, vault: Vault, settings: Mapping[str, Settings]) -> Replayed:
    """Play stored texts again under each of these settings.

    Args:
        nights: As read.
        vault: Opens their letters.
        settings: By name, the present ones first.
    """
    present = next(iter(settings.values()))
    known = [text for text in nights.texts if text.number in present.numbers]
    read = {text.id: opened for text in known if (opened := _opened(text, vault)) is not None}
    return Replayed(
        nights.as_it_was,
        {
            name: rehearse(_heard(known, read, each), nights.top_ups, terms(each))
            for name, each in settings.items()
        },
        learning={name: each.raids.warm_up for name, each in settings.items()},
        erased=len(known) - len(read),
        unknown=len(nights.texts) - len(known),
    )


def terms(settings: Settings) -> Terms:
    """What a rehearsal goes by, from whole settings."""
    prices: dict[tuple[str, str | None, str], int | None] = {}

    def price(account: str, to: str, words: str) -> int | None:
        key = (account, senders.country(to), words)
        if key not in prices:
            parts, listed = gsm7.count(words).parts, settings.accounts[account].prices
            money = budget.estimate(parts, key[1], listed, settings.currency, settings.rates)
            prices[key] = None if money is None else money.micros
        return prices[key]

    return Terms(
        policy=settings.answering,
        raids=settings.raids,
        purses=settings.purses,
        zone=settings.zone,
        plans={name: [route.account for route in number.plan] for name, number in settings.numbers.items()},
        price=price,
    )


def table(replayed: Replayed) -> list[tuple[str, list[str]]]:
    """The figures in which they differ, a column each; the first is what really happened."""
    was, outcomes = replayed.as_it_was, list(replayed.outcomes.values())

    def line(name: str, really: object, *said: object) -> tuple[str, list[str]]:
        return name, [str(really), *map(str, said)]

    return [
        line("texts", was.texts, *(each.texts for each in outcomes)),
        line("texters", was.texters, *(len(each.texters) for each in outcomes)),
        line("  answered", was.answered, *(len(each.answered) for each in outcomes)),
        line("answers within ten minutes", "-", *(each.at_once for each in outcomes)),
        line("  later", "-", *(len(each.waits) - each.at_once for each in outcomes)),
        line("held in a raid", was.held, *(each.held for each in outcomes)),
        line("  answered after it", "-", *(each.let_go for each in outcomes)),
        line("  left to your word", "-", *(each.grave for each in outcomes)),
        line("put off by a cap", "-", *(each.capped for each in outcomes)),
        line("silent by rule or in vain", "-", *(each.silences.total() for each in outcomes)),
        line("wait still", "-", *(each.waiting for each in outcomes)),
        line("raids seen", "-", *(_raids(each) for each in outcomes)),
        line("spent", _money(was.spent), *(_money(each.spent.total()) for each in outcomes)),
        line("saved by rule", "-", *(_money(each.saved) for each in outcomes)),
    ]


def blind(replayed: Replayed) -> list[str]:
    """Settings under which hardly a raid could be seen, and none was, for all texts taught what is usual."""
    return [
        name
        for name, each in replayed.outcomes.items()
        if each.texts <= replayed.learning[name] and not each.raids
    ]


def _opened(text: Stored, vault: Vault) -> tuple[str, str] | None:
    if not text.letter:
        return None
    try:
        return vault.open_letter(text.id, text.letter)
    except VaultError:
        return None


def _heard(
    texts: Sequence[Stored], read: Mapping[Any, tuple[str, str]], settings: Settings
) -> Iterable[Heard]:
    for text in texts:
        if text.id not in read:
            continue
        sender, body = read[text.id]
        provider = settings.providers.get(text.account)
        yield Heard(
            Text(
                id=text.id,
                account=text.account,
                number=text.number,
                sender=sender,
                body=body,
                received_at=text.received_at,
                expires_at=text.received_at + settings.replies.expiry,
                confirms_stop=provider is not None and Ability.CONFIRMS_STOP in provider.abilities,
            ),
            text.texter,
            text.score,
        )


def _plain(outcome: Outcome) -> dict[str, Any]:
    return {
        "texts": outcome.texts,
        "texters": len(outcome.texters),
        "answered": len(outcome.answered),
        "at_once": outcome.at_once,
        "later": len(outcome.waits) - outcome.at_once,
        "median_wait_seconds": median(outcome.waits) if outcome.waits else None,
        "held": outcome.held,
        "answered_after_being_held": outcome.let_go,
        "left_to_the_operator": outcome.grave,
        "capped": outcome.capped,
        "silences": {reason.value: texts for reason, texts in sorted(outcome.silences.items())},
        "waiting": outcome.waiting,
        "raids": [{"at": change.at, "mode": change.mode.value} for change in outcome.raids],
        "spent": dict(outcome.spent),
        "saved": outcome.saved,
    }


def _raids(outcome: Outcome) -> int:
    return sum(change.mode.value == "raid" for change in outcome.raids)


def _money(micros: int) -> str:
    return f"{micros / budget.MICROS:,.2f}"
