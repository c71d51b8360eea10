"""Figures as the operator's API shows them: accounts, senders by name, purses in exact amounts."""

from __future__ import annotations

import math
from collections.abc import Mapping

from router.office import Office
from router.postgres.figures import Figures, PurseFigures
from router.rules.budget import MICROS
from router.rules.health import State, Status
from router.web import shapes
from router.web.reading import Reading


def health(reading: Reading) -> shapes.Health:
    """Whether texts are answered."""
    figures = reading.figures
    return shapes.Health(
        status="stalled" if reading.stalled else "ok",
        because=reading.because(),
        oldest_ready_seconds=round(reading.oldest, 1),
        last_reply_at=figures.last_reply_at,
        queue=dict(figures.queue),
        receipts_waiting=figures.receipts_waiting,
        texts_unproved=dict(figures.unproved),
        read_at=figures.read_at,
    )


def account(name: str, office: Office, figures: Figures) -> shapes.Account:
    """One account with all that is known of it."""
    shown = stated(name, office, figures.states.get((name, ""), State(account=name)))
    held = figures.balances.get(name)
    names = names_of(office)
    return shown.model_copy(
        update={
            "in_doubt": figures.in_doubt.get(name, 0),
            "balance": None
            if held is None
            else shapes.Balance(amount=held.amount, unit=held.unit, at=held.at),
            "senders": [
                shapes.Sender(name=sender(given, names), state=state.word, reason=state.reason.value)
                for (owner, given), state in sorted(figures.states.items())
                if owner == name and given and state.status is not Status.OPEN
            ],
        }
    )


def stated(name: str, office: Office, state: State) -> shapes.Account:
    """One account, and of all that is known its state alone."""
    return shapes.Account(
        name=name,
        provider=office.accounts[name].provider.name,
        state=state.word,
        operator=state.operator.value,
        reason=state.reason.value,
        code=state.code,
        since=state.changed_at,
        not_before=state.not_before,
        in_doubt=0,
        balance=None,
        senders=[],
    )


def names_of(office: Office) -> Mapping[str, str]:
    """The published numbers' names, by their digits."""
    return {number.e164: number.name for number in office.numbers.values()}


def sender(given: str, names: Mapping[str, str]) -> str:
    """What a sender is called: never digits."""
    return names.get(given) or (given if any(letter.isalpha() for letter in given) else "another number")


def budget(office: Office, figures: Figures) -> shapes.Budget:
    """Every purse in its present window."""
    periods, limits = office.purses.periods, office.purses.limits
    purses = [
        purse(name, periods[name].value, limits[name], found)
        for name, found in sorted(figures.purses.items())
    ]
    return shapes.Budget(currency=office.currency, purses=purses)


def purse(name: str, period: str, settings: int | None, found: PurseFigures) -> shapes.Purse:
    """One purse."""
    return shapes.Purse(
        name=name,
        period=period,
        limit=None if found.limit is None else money(found.limit),
        settings_limit=None if settings is None else money(settings),
        reserved=money(found.reserved),
        spent=money(found.spent),
        overrun=money(found.overrun),
        runway_seconds=round(found.runway, 1) if math.isfinite(found.runway) else None,
        origin=found.origin,
    )


def money(micros: int) -> str:
    """Millionths as an exact amount."""
    return f"{micros / MICROS:.6f}"
