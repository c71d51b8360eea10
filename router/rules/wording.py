"""What a reply text costs before anybody is texted: characters, parts, money per thousand.

House rule: one accent can triple the price, so every text is measured, and what it could cost is shown.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from providers.contract.gsm7 import Size, count, foreign, transliterate
from router.rules.budget import MICROS, Prices, Rates, estimate


@dataclass(frozen=True, slots=True, kw_only=True)
class Lint:
    """One text, measured.

    Args:
        size: Encoding, units and parts.
        foreign: The characters that force UCS-2 upon it, each once.
        offered: The same text in look-alikes, None where that would not make it shorter.
        offered_parts: Parts of `offered`.
        per_thousand: Cost of a thousand such texts in the ledger currency, by account and country.
        problem: Why it is refused, empty if it is not. It names characters, never the text.
    """

    size: Size
    foreign: str
    offered: str | None = field(default=None, repr=False)
    offered_parts: int | None = None
    per_thousand: Mapping[tuple[str, str], Decimal] = field(default_factory=dict)
    problem: str = ""


def lint(
    text: str,
    max_parts: int,
    prices: Mapping[str, Prices] | None = None,
    currency: str = "",
    rates: Rates | None = None,
) -> Lint:
    """Measure a reply text and say whether it may be used.

    Args:
        text: The reply.
        max_parts: Parts it may take.
        prices: Prices of one part by account, then country; None to leave the money out.
        currency: The ledger's currency.
        rates: Rates into it.
    """
    size = count(text)
    alike = transliterate(text)
    cheaper = alike if count(alike).parts < size.parts else None
    return Lint(
        size=size,
        foreign=foreign(text),
        offered=cheaper,
        offered_parts=None if cheaper is None else count(cheaper).parts,
        per_thousand=_per_thousand(size.parts, prices or {}, currency, rates or {}),
        problem=_problem(text, size, max_parts, cheaper),
    )


def _per_thousand(
    parts: int, prices: Mapping[str, Prices], currency: str, rates: Rates
) -> dict[tuple[str, str], Decimal]:
    found = {}
    for account, countries in prices.items():
        for country in countries:
            money = estimate(parts, country, countries, currency, rates)
            if money is not None:
                found[account, country] = Decimal(money.micros) * 1_000 / MICROS
    return found


def _problem(text: str, size: Size, max_parts: int, cheaper: str | None) -> str:
    if not text.strip():
        return "is empty"
    if not text.isprintable() and any(c != "\n" and not c.isprintable() and not c.isspace() for c in text):
        return "has characters that no phone can show"
    if size.parts <= max_parts:
        return ""
    said = f"takes {size.parts} parts where {max_parts} may be used"
    if size.encoding == "ucs2":
        said += f"; outside the GSM alphabet: {' '.join(foreign(text))}"
    if cheaper is not None:
        said += f"; in look-alikes it takes {count(cheaper).parts}"
    return said
