"""Who may be answered at all."""

from __future__ import annotations

import phonenumbers
import pytest
from hypothesis import given
from hypothesis import strategies as st
from phonenumbers import PhoneNumberType

from router.rules.senders import (
    Policy,
    Unanswerable,
    answerable,
    as_written,
    country,
    is_number,
    is_sender,
)

POLICY = Policy(own_numbers=frozenset({"+33937000001", "36111", "PARAVENT"}))


@given(st.integers(0, 9_999))
def test_the_fictional_numbers_of_films_and_demos_are_answered(tail: int) -> None:
    assert answerable(f"+3363998{tail:04d}", POLICY) is None


@given(st.sampled_from("67"), st.integers(0, 99_999_999))
def test_the_library_says_of_every_french_mobile_what_the_short_cut_says(first: str, rest: int) -> None:
    number = f"+33{first}{rest:08d}"
    parsed = phonenumbers.parse(number, None)
    assert phonenumbers.is_possible_number(parsed)
    assert phonenumbers.number_type(parsed) in {PhoneNumberType.MOBILE, PhoneNumberType.UNKNOWN}
    assert phonenumbers.region_code_for_number(parsed) in {"FR", None}
    assert country(number) == phonenumbers.region_code_for_country_code(33) == "FR"
    assert answerable(number, POLICY) is None
    assert answerable(number, Policy(answer_countries=frozenset({"BE"}))) is Unanswerable.COUNTRY
    assert answerable(number, Policy(refused_prefixes=(number[:6],))) is Unanswerable.PREMIUM


@pytest.mark.parametrize("sender", ["+33612345678", "+33712345678", "+33756789012", "+33123456789"])
def test_phones_of_people_are_answered(sender: str) -> None:
    assert answerable(sender, POLICY) is None


@pytest.mark.parametrize(
    ("sender", "why"),
    [
        ("38001", Unanswerable.SHORT),
        ("+38001", Unanswerable.SHORT),
        ("3638", Unanswerable.SHORT),
        ("Orange", Unanswerable.ALPHANUMERIC),
        ("SFR 123", Unanswerable.ALPHANUMERIC),
        ("anonymous", Unanswerable.ALPHANUMERIC),
        ("+33812345678", Unanswerable.PREMIUM),
        ("+33899123456", Unanswerable.PREMIUM),
        ("+33801234567", Unanswerable.PREMIUM),
        ("+19005551234", Unanswerable.PREMIUM),
        ("+979123456789", Unanswerable.PREMIUM),
        ("+12025550123", Unanswerable.COUNTRY),
        ("+262692123456", Unanswerable.COUNTRY),
        ("+881612345678", Unanswerable.COUNTRY),
        ("+33000000", Unanswerable.SHORT),
        ("0612345678", Unanswerable.IMPOSSIBLE),
        ("33612345678", Unanswerable.IMPOSSIBLE),
        ("+33 6 12 34 56 78", Unanswerable.IMPOSSIBLE),
        ("+٣٣٦١٢٣٤٥٦٧٨", Unanswerable.IMPOSSIBLE),
        ("+33612345678;ext=5", Unanswerable.ALPHANUMERIC),
        ("+33937000001", Unanswerable.OWN_NUMBER),
        ("36111", Unanswerable.OWN_NUMBER),
    ],
)
def test_robots_and_costly_numbers_are_not(sender: str, why: Unanswerable) -> None:
    assert answerable(sender, POLICY) is why


def test_a_prefix_refuses_a_number_whose_type_nobody_knows() -> None:
    unlisted = "+33839123456"
    assert answerable(unlisted, POLICY) is Unanswerable.PREMIUM
    assert answerable("+33612345678", POLICY.model_copy(update={"refused_prefixes": ("+336",)})) is (
        Unanswerable.PREMIUM
    )


def test_other_countries_are_answered_once_they_are_spelled() -> None:
    wide = POLICY.model_copy(update={"answer_countries": frozenset({"FR", "BE", "GB"})})
    assert answerable("+32470123456", wide) is None
    assert answerable("+447700900123", wide) is None  # Ofcom's fictional range
    assert answerable("+447700900123", POLICY) is Unanswerable.COUNTRY


@given(st.text(max_size=40) | st.from_regex(r"\+?[0-9 ().-]{0,20}", fullmatch=True))
def test_nothing_that_a_network_can_put_there_breaks_it(sender: str) -> None:
    if answerable(sender, POLICY) is None:
        assert is_number(sender)
        assert country(sender) == "FR"


@pytest.mark.parametrize(
    ("number", "found"),
    [
        ("+33639980012", "FR"),
        ("+15555550100", "US"),
        ("+447700900123", "GB"),
        ("+979123456789", None),
        ("x", None),
    ],
)
def test_a_number_has_the_country_of_its_code_even_outside_the_plan(number: str, found: str | None) -> None:
    assert country(number) == found


@pytest.mark.parametrize(
    ("sender", "can"),
    [
        ("+33937000001", True),
        ("36111", True),
        ("PARAVENT", True),
        ("A non 2", True),
        ("TWELVELETTER", False),
        ("12", False),
        ("٣٣٣٣", False),
        ("+33", False),
        ("élan", False),
        ("", False),
    ],
)
def test_a_sender_is_a_number_a_short_code_or_up_to_eleven_letters(sender: str, can: bool) -> None:
    assert is_sender(sender) is can


@pytest.mark.parametrize(
    "written",
    ["+33639980001", "06 39 98 00 01", "0639980001", "+33 6 39 98 00 01", "0033639980001", "06.39.98.00.01"],
)
def test_a_number_is_known_however_it_is_written(written: str) -> None:
    assert as_written(written, frozenset({"FR"})) == "+33639980001"
    assert as_written(written, frozenset({"FR", "BE"})) in {"+33639980001", None}


@pytest.mark.parametrize(
    ("written", "found"),
    [
        ("38123", "38123"),
        ("NRJ", "NRJ"),
        ("+32470123456", "+32470123456"),
        ("+33", None),
        ("", None),
        ("?", None),
    ],
)
def test_what_is_no_french_number_is_taken_as_it_is_or_not_at_all(written: str, found: str | None) -> None:
    assert as_written(written, frozenset({"FR"})) == found
