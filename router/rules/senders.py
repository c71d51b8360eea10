"""Who may be answered at all: people's phones in expected countries, never robots or costly numbers.

House rule: `is_possible` and type rules, never `is_valid`. The numbering plan changes faster than
any copy of it, and the fictional numbers of demos and films are possible but not valid.
"""

from __future__ import annotations

import re
from enum import StrEnum

import phonenumbers
from phonenumbers import PhoneNumberType
from pydantic import BaseModel, ConfigDict, Field

COUNTRIES = frozenset(phonenumbers.SUPPORTED_REGIONS)
"""ISO 3166 codes that a number can have."""

# Nearly every texter. The library says the same at thirty times the cost; a test holds the two together.
_FRENCH_MOBILE = re.compile(r"\+33[67][0-9]{8}")
_E164 = re.compile(r"\+[1-9][0-9]{6,14}")
_LONGEST_SHORT_CODE = 8
_SHORT_CODE = re.compile(r"[0-9]{3,8}")
_ALPHANUMERIC = re.compile(r"(?=.*[A-Za-z])[A-Za-z0-9 &_.-]{1,11}")
_PEOPLE = frozenset(
    {
        PhoneNumberType.MOBILE,
        PhoneNumberType.FIXED_LINE,
        PhoneNumberType.FIXED_LINE_OR_MOBILE,
        PhoneNumberType.VOIP,
        PhoneNumberType.PERSONAL_NUMBER,
        PhoneNumberType.UNKNOWN,
    }
)


class Unanswerable(StrEnum):
    """Why a sender is never answered."""

    SHORT = "short"
    ALPHANUMERIC = "alphanumeric"
    PREMIUM = "premium"
    COUNTRY = "country"
    IMPOSSIBLE = "impossible"
    OWN_NUMBER = "own_number"


class Policy(BaseModel):
    """Who may be answered."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    answer_countries: frozenset[str] = Field(
        default=frozenset({"FR"}), description="Countries whose numbers are answered, ISO 3166."
    )
    refused_prefixes: tuple[str, ...] = Field(
        default=("+338",),
        description="Beginnings of numbers that cost extra although their type is not known.",
    )
    own_numbers: frozenset[str] = Field(
        default=frozenset(),
        repr=False,
        description="Numbers and senders of ours: robots do not answer robots.",
    )


def answerable(sender: str, policy: Policy) -> Unanswerable | None:
    """None if this sender may be answered, else why not.

    Args:
        sender: E.164, or whatever else the network put there.
        policy: Who may be answered.
    """
    if sender in policy.own_numbers:
        return Unanswerable.OWN_NUMBER
    if any(c.isalpha() for c in sender):
        return Unanswerable.ALPHANUMERIC
    if _FRENCH_MOBILE.fullmatch(sender) and not sender.startswith(policy.refused_prefixes):
        return None if "FR" in policy.answer_countries else Unanswerable.COUNTRY
    number = _parse(sender)
    if number is None or not phonenumbers.is_possible_number(number):
        digits = sum(c.isdigit() for c in sender)
        return Unanswerable.SHORT if 0 < digits <= _LONGEST_SHORT_CODE else Unanswerable.IMPOSSIBLE
    if sender.startswith(policy.refused_prefixes) or phonenumbers.number_type(number) not in _PEOPLE:
        return Unanswerable.PREMIUM
    return None if _country(number) in policy.answer_countries else Unanswerable.COUNTRY


def country(number: str) -> str | None:
    """ISO 3166 code of a number in E.164, None where it has none. A shared code gives its main country."""
    if _FRENCH_MOBILE.fullmatch(number):
        return "FR"
    parsed = _parse(number)
    return None if parsed is None else _country(parsed)


def is_number(written: str) -> bool:
    """Whether this is a possible number in E.164, such as a number one publishes."""
    parsed = _parse(written)
    return parsed is not None and phonenumbers.is_possible_number(parsed)


def is_sender(written: str) -> bool:
    """Whether a text can be sent from this: E.164, a short code or an alphanumeric sender."""
    return bool(is_number(written) or _SHORT_CODE.fullmatch(written) or _ALPHANUMERIC.fullmatch(written))


def as_written(written: str, countries: frozenset[str]) -> str | None:
    """A sender as it is stored, however somebody wrote it; None where that cannot be told.

    Args:
        written: Such as ``06 39 98 00 01``, ``0033639980001``, a short code or a name.
        countries: Whose numbers may be written without their country's code.
    """
    found = set()
    for region in countries:
        try:
            number = phonenumbers.parse(written, region)
        except phonenumbers.NumberParseException:
            continue
        if phonenumbers.is_possible_number(number):
            found.add(phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164))
    if len(found) == 1:
        return found.pop()
    return written if not found and is_sender(written) else None


def _parse(written: str) -> phonenumbers.PhoneNumber | None:
    if not written.isascii() or not _E164.fullmatch(written):
        return None
    try:
        return phonenumbers.parse(written, None)
    except phonenumbers.NumberParseException:
        return None


def _country(number: phonenumbers.PhoneNumber) -> str | None:
    """A number whose range is not in the plan still has its country code's main country."""
    found = phonenumbers.region_code_for_number(number)
    if found is None and number.country_code is not None:
        found = phonenumbers.region_code_for_country_code(number.country_code)
    return found if found in COUNTRIES else None
