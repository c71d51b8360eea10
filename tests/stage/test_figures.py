"""A drill's figures as they are written: what is shown adds up, and says what it means."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.stage.drill.charts import digits_of
from router.stage.drill.drill import Order
from router.stage.drill.parts import scaled
from router.stage.drill.scenes import SCENARIOS
from router.stage.drill.wording import ENGLISH

money, shown, lasted = ENGLISH.money, ENGLISH.shown, ENGLISH.lasted

MICROS = st.integers(-(10**10), 10**10)


def cents(said: str) -> int:
    return int(said.replace(",", "").replace(".", ""))


@given(st.lists(MICROS, max_size=8))
def test_parts_as_shown_add_up_to_their_sum_as_shown(parts: list[int]) -> None:
    said = shown(parts)
    assert sum(map(cents, said)) == cents(money(sum(parts)))
    assert all(abs(10_000 * cents(each) - part) < 10_000 for each, part in zip(said, parts, strict=True))
    assert said[:1] == [money(part) for part in parts[:1]]  # it stands alone on another line


def test_control_parts_that_are_rounded_each_by_itself_do_not_add_up() -> None:
    parts = [102_486_000, 21_606_000]
    assert sum(cents(money(part)) for part in parts) == 12_410
    assert money(sum(parts)) == "124.09"
    assert shown(parts) == ["102.49", "21.60"]


def test_an_amount_is_written_with_its_thousands_and_its_sign() -> None:
    assert [money(each) for each in (0, 5_000, 15_000, -270_000, 1_234_567_890)] == [
        "0.00", "0.01", "0.02", "-0.27", "1,234.57",
    ]  # fmt: skip
    assert [lasted(each) for each in (30, 600, 54_720, 172_800)] == ["30 s", "10 min", "15.2 h", "48 h"]


def test_what_a_scale_does_to_texts_and_to_money_is_said_in_a_sentence() -> None:
    weekend = SCENARIOS["weekend"]
    said = scaled(Order(scenario=weekend, scale=0.05), ENGLISH)
    assert said.startswith("Scale 0.05: of every 1,000 texts that the story tells of, 50 are written here")
    assert "budget" in said
    assert scaled(Order(scenario=weekend), ENGLISH) == ""


@pytest.mark.parametrize(("top", "digits"), [(4, 0), (6, 1), (10, 1), (12, 0), (60, 0), (2, 1), (0.6, 2)])
def test_no_line_of_a_chart_is_called_by_a_rounded_figure(top: float, digits: int) -> None:
    assert digits_of(top) == digits
    lines = [top * part / 4 for part in range(5)]
    assert [float(ENGLISH.number(each, digits)) for each in lines] == pytest.approx(lines)
