"""A moment that is asked for is the moment that was meant, in the hour that comes twice as well."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import click
import pytest

from router.cli import showing
from router.cli.asked import moment_asked


@pytest.fixture
def context(monkeypatch: pytest.MonkeyPatch) -> click.Context:
    """Of a command whose settings say Europe/Paris."""
    monkeypatch.setattr("router.cli.asked.settings_of", lambda _file: _Paris)
    return click.Context(click.Command("x"))


class _Paris:
    zone = ZoneInfo("Europe/Paris")


def asked(context: click.Context, written: str) -> datetime:
    found = moment_asked(context, click.Option(["--from"]), written)
    assert found is not None
    return found


def test_the_hour_that_comes_twice_is_two_hours(context: click.Context) -> None:
    first, second = (asked(context, f"2026-10-25T02:30{offset}") for offset in ("+02:00", "+01:00"))
    assert first < second
    assert second - first == timedelta(hours=1)
    assert first == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)


def test_without_a_zone_it_is_the_settings(context: click.Context) -> None:
    assert asked(context, "2017-11-27T16:00") == datetime(2017, 11, 27, 15, tzinfo=UTC)
    assert f"{asked(context, '2017-11-27'):%Y-%m-%d %H:%M}" == "2017-11-27 00:00"


@pytest.mark.parametrize("written", ["0001-01-01", "9999-12-31T23:59", "yesterday", ""])
def test_what_is_no_time_that_anything_came_in_is_refused(context: click.Context, written: str) -> None:
    with pytest.raises(click.BadParameter, match="is no date or time"):
        asked(context, written)


@pytest.mark.parametrize(
    ("zone", "said", "below"),
    [
        ("UTC", "27 Nov 16:00 UTC", ""),
        ("Europe/Paris", "27 Nov 17:00", "Times are those of Europe/Paris.\n"),
    ],
)
def test_a_moment_is_shown_by_the_settings_clock_which_is_named_once(
    zone: str, said: str, below: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(showing, "_shown_in", {})
    showing.show_in(ZoneInfo(zone))
    assert showing.moment(datetime(2017, 11, 27, 16, tzinfo=UTC)) == said
    showing.show_clock()
    assert capsys.readouterr().out == below
