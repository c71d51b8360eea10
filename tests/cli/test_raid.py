"""What a raid holds is listed blurred at a terminal; who opens one text of a wording is written down."""

from __future__ import annotations

import asyncio
import json
import re

import aiohttp
import pytest

from tests.cli.conftest import TWILIO, Demo

pytestmark = pytest.mark.xdist_group("demo")

INSULT = "ta gueule sale pute"


def held(demo: Demo) -> list[dict[str, str]]:
    """The wordings that are held, after an insult was texted."""
    assert demo.paravent("text", TWILIO, INSULT).code in {0, 1}  # a text that is held gets no answer
    found: list[dict[str, str]] = demo.paravent("raid", "held", "--json").json["clusters"]
    return found


async def opened(demo: Demo, other_than: list[str] | None = None) -> list[str]:
    """By whom the last texts were opened, as the console shows it as soon as that is other than this."""
    async with aiohttp.ClientSession() as session, session.get(demo.console_url + "api/v1/events") as said:
        async for line in said.content:
            if line.startswith(b"data: "):
                deeds = json.loads(line[6:])["deeds"]
                by = [each["by"] for each in deeds if each["what"] == "raid held opened"]
                if by != other_than:
                    return by
    raise AssertionError("nothing was said")


async def test_one_text_of_a_wording_is_opened_and_that_is_written_down(demo: Demo) -> None:
    assert demo.paravent("text", TWILIO, "Salut c'est Kevin").code == 0
    assert demo.paravent("raid", "declare").code == 0
    try:
        (wording,) = next(found for _ in range(20) if (found := held(demo)))
        assert wording["blurred"] == "•• •••••• •••• ••••"
        listed = demo.paravent("raid", "held").out
        assert INSULT not in listed
        assert "••" in listed
        before = await opened(demo)
        assert demo.paravent("raid", "held", "open", wording["id"]).out == f"{INSULT}\n"
        async with asyncio.timeout(10):
            assert await opened(demo, other_than=before) == ["command line", *before]
        none = demo.paravent("raid", "held", "open", "0123456789ab")
        assert (none.code, none.out) == (1, "")
        assert "No text of that wording is held" in none.err
    finally:
        demo.paravent("raid", "held", "drop", "--all")
        demo.paravent("raid", "end")


@pytest.mark.parametrize("order", ["release", "drop"])
def test_a_wording_of_which_nothing_is_held_is_said(demo: Demo, order: str) -> None:
    none = demo.paravent("raid", "held", order, "0123456789ab")
    assert (none.code, none.out) == (1, "")
    assert "No text of that wording is held: `paravent raid held` lists them." in none.err


def test_what_changes_nothing_says_so(demo: Demo) -> None:
    calm = demo.paravent("raid", "end").out
    assert calm.startswith("No raid was on: nothing is changed.")
    assert re.search(r"^Signs of a raid: \d+\.\d of 18\. Usually", calm, re.MULTILINE)
    try:
        raid = demo.paravent("raid", "declare").out
        assert raid.startswith("A raid is on since ")
        assert re.search(r"^Signs that it ends: \d+\.\d of 18\. Usually", raid, re.MULTILINE)
        assert demo.paravent("raid", "declare").out.startswith("It was declared already.")
    finally:
        assert demo.paravent("raid", "end").out.startswith("It is calm.")


def test_that_it_is_no_raid_ends_one_and_is_said_until_it_is_taken_back(demo: Demo) -> None:
    assert demo.paravent("raid", "declare").code == 0
    try:
        calm = demo.paravent("raid", "calm", "--for", "30m").out
        assert calm.startswith("It is calm.\nYou said that it is no raid: none is seen until ")
        assert re.search(r"^\S.* no raid until .*: by command line$", calm, re.MULTILINE)
        assert demo.paravent("raid", "--json").json["calm_until"] is not None
        assert demo.paravent("raid", "calm", "--for", "3d").code == 2
    finally:
        ended = demo.paravent("raid", "end").out
    assert ended.startswith("It is calm.\nSigns of a raid")
    assert demo.paravent("raid", "--json").json["calm_until"] is None
