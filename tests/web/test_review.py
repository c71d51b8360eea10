"""The review over HTTP: blurred until it is opened, labelled, and what is wrong is said."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from uuid import uuid4

from router.postgres.pulse import PulseDesk
from tests.web.house import House, open_house

HOSTILE = "<script>alert('Kevin')</script>\n😀"


async def order(house: House, path: str, **said: object) -> tuple[int, Any]:
    async with house.session.post(f"{house.url}/api/v1/review/{path}", json=said) as answer:
        return answer.status, await answer.json()


async def waiting(house: House) -> dict[str, Any]:
    status, body = await house.get("/api/v1/review")
    assert status == 200
    found: dict[str, Any] = json.loads(body)
    return found


async def test_a_text_is_blurred_then_opened_then_labelled(house: House) -> None:
    await house.text(HOSTILE)
    first = await waiting(house)
    (text,) = first["waiting"]
    assert (first["drawn"], first["labelled"], text["number"]) == (1, 0, "front")
    assert text["blurred"].replace("•", "").strip() == ""
    assert len(text["blurred"]) == len(HOSTILE)
    assert "Kevin" not in json.dumps(first)
    assert await order(house, f"{text['id']}/open") == (200, {"id": text["id"], "text": HOSTILE})
    assert (await order(house, text["id"], label="abusive"))[0] == 200
    after = await waiting(house)
    assert (after["waiting"], after["labelled"]) == ([], 1)
    assert (after["share"], after["labels"]) == (None, {"calm": 1, "raid": 0})
    deeds = await house.rows("SELECT what, detail FROM operator_action ORDER BY id")
    assert [(row["what"], json.loads(row["detail"])) for row in deeds] == [
        ("review opened", {"text": text["id"]}),
        ("review labelled", {"text": text["id"], "label": "abusive"}),
    ]


async def test_what_is_wrong_is_said(house: House) -> None:
    await house.text("Salut")
    (text,) = (await waiting(house))["waiting"]
    assert (await order(house, text["id"], label="rude"))[0] == 422
    assert (await order(house, text["id"], label="fine", more=1))[0] == 422
    assert (await order(house, str(uuid4()), label="fine"))[0] == 404
    assert (await order(house, "no-id/open"))[0] == 404
    assert (await waiting(house))["labelled"] == 0
    assert await house.rows("SELECT 1 FROM operator_action") == []


async def test_whoever_labels_a_day_of_texts_leaves_the_other_deeds_in_sight(house: House) -> None:
    async with house.session.post(f"{house.url}/api/v1/accounts/twilio/cut", json={}) as answer:
        assert answer.status == 200
    for number in range(20):
        await house.text(f"Salut {number}", sid=f"SM{number:032x}")
    for text in (await waiting(house))["waiting"]:
        assert (await order(house, text["id"], label="fine"))[0] == 200
    deeds = (await PulseDesk(house.pool).read(house.office.now())).actions
    assert [deed.what for deed in deeds] == [*["review labelled"] * 4, "account cut"]


async def test_what_is_no_character_can_be_looked_at(house: House) -> None:
    await house.text("a\ud83d")
    (text,) = (await waiting(house))["waiting"]
    status, opened = await order(house, f"{text['id']}/open")
    assert (status, opened["text"]) == (200, "a???")


async def test_the_share_on_the_metrics_moves_with_what_people_say(database: str, tmp_path: Path) -> None:
    async with open_house(database, tmp_path) as house:
        for number in range(40):
            await house.text(f"Salut {number}", sid=f"SM{number:032x}")
        assert "\nparavent_abuse_share" not in (await house.get("/metrics/state"))[1]
        for text in (await waiting(house))["waiting"]:
            await order(house, text["id"], label="fine")
    async with open_house(database, tmp_path) as house:  # counted once a minute, and when it begins
        assert await house.sample("paravent_review_labels", mode="calm") == 30
        low, likely, high = [
            await house.sample(f"paravent_abuse_share_{each}") for each in ("low", "estimate", "high")
        ]
    assert low <= likely <= high < 0.2


async def test_labels_of_a_raids_texts_are_counted_in_calm_too(database: str, tmp_path: Path) -> None:
    async with open_house(database, tmp_path) as house:
        await house.text("Salut")
        (text,) = (await waiting(house))["waiting"]
        await order(house, text["id"], label="abusive")
        await house.rows("UPDATE review SET mode = 'raid'")
        assert (await waiting(house))["labels"] == {"calm": 0, "raid": 1}
    async with open_house(database, tmp_path) as house:
        assert await house.sample("paravent_review_labels", mode="raid") == 1
        assert await house.sample("paravent_review_labels", mode="calm") == 0


async def test_a_text_that_somebody_chose_is_not_labelled(database: str, tmp_path: Path) -> None:
    async with open_house(database, tmp_path) as house:
        for number in range(60):
            await house.text(f"Salut {number}", sid=f"SM{number:032x}")
        drawn = {text["id"] for text in (await waiting(house))["waiting"]}
        stored = [
            str(row["id"]) for row in await house.rows("SELECT id FROM inbound ORDER BY stored_at DESC")
        ]
        answers = {text: (await order(house, text, label="abusive"))[0] for text in stored}
        assert all(answers[text] == 200 for text in drawn)
        chosen = [text for text, status in answers.items() if status == 409]
        status, said = await order(house, chosen[0], label="abusive")
        assert (status, said["error"]) == (409, "that text was not drawn at random")
        assert "GET /api/v1/review" in said["do"]
        assert (await waiting(house))["labels"]["calm"] == 60 - len(chosen)
