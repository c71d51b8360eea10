"""Caps where answers are armed: never passed, whatever the concurrency, and nobody above one is lost."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import timedelta

from router.postgres.upkeep import Upkeep
from router.rules.caps import Slot
from tests.postgres.scene import DAY, NOON, Owner, Scene, intent, proof
from tests.postgres.scene import text as text_of

TOMORROW = DAY + timedelta(days=1)
TEN = Slot("range", DAY, 10, TOMORROW)


async def armed(scene: Scene, caps: Sequence[Slot], owners: int = 4) -> list[str]:
    """Verdicts, when so many processes arm 20 sends each at once, in two calls."""

    async def some(place: int) -> list[str]:
        owner = scene.owner()
        texts = [text_of(f"{place} {n}") for n in range(20)]
        await owner.store(*texts)
        sends = [intent(one.id, in_flight=1_000, caps=caps) for one in texts]
        return [*await owner.arm(*sends[:10]), *await owner.arm(*sends[10:])]

    return [said for each in await asyncio.gather(*map(some, range(owners))) for said in each]


async def test_no_more_are_armed_than_a_cap_lets_pass(scene: Scene) -> None:
    said = await armed(scene, [TEN])
    assert said.count("armed") == 10
    assert set(said) <= {"armed", "busy", "capped"}
    assert said.count("capped") >= 60


async def test_control_without_a_cap_all_are_armed(scene: Scene) -> None:
    said = await armed(scene, [])
    assert said.count("armed") == 80


async def test_the_smallest_of_several_caps_counts(scene: Scene) -> None:
    said = await armed(scene, [TEN, Slot("poster", DAY, 3, None)], owners=2)
    assert said.count("armed") == 3


async def test_zero_answers_nobody(scene: Scene) -> None:
    assert set(await armed(scene, [TEN._replace(answers=0)], owners=1)) == {"capped"}


async def test_the_next_window_begins_anew(scene: Scene) -> None:
    assert (await armed(scene, [TEN], owners=1)).count("armed") == 10
    owner, late = scene.owner(), text_of("late")
    await owner.store(late)
    assert await owner.arm(intent(late.id, caps=[TEN])) == ["capped"]
    assert await owner.arm(intent(late.id, caps=[TEN._replace(starts_at=TOMORROW)])) == ["armed"]


async def one_left(scene: Scene) -> tuple[Owner, Slot]:
    return scene.owner(), Slot("range", DAY, 1, TOMORROW)


async def test_a_reply_counts_once_whatever_it_is_tried_through(scene: Scene) -> None:
    owner, cap = await one_left(scene)
    text = text_of("one")
    await owner.store(text)
    first = intent(text.id, caps=[cap])
    assert await owner.arm(first) == ["armed"]
    assert await owner.settle(proof(first, "refused", then="claimed")) == ["claimed"]
    assert await owner.arm(await owner.again(first)) == ["armed"]
    assert await scene.look.fetchval("SELECT used FROM cap_window") == 1


async def test_who_is_not_armed_for_another_reason_takes_no_room(scene: Scene) -> None:
    owner, cap = await one_left(scene)
    gone, here = text_of("gone"), text_of("here")
    await owner.store(gone, here)
    sends = [intent(gone.id, ceiling=0, caps=[cap]), intent(here.id, caps=[cap])]
    said = dict(zip(("gone", "here"), await owner.arm(*sends), strict=True))
    assert said["gone"] in {"lifetime", "busy"}
    assert said["here"] in {"armed", "busy"}
    assert await owner.arm(intent(here.id, caps=[cap])) == ["armed" if said["here"] == "busy" else "lost"]


async def test_what_waited_for_a_cap_in_vain_says_so(scene: Scene) -> None:
    owner, text = scene.owner(), text_of("one")
    other = text_of("other")
    await owner.store(text, other)
    await owner.finish(other.id, 1, "delayed", NOON + timedelta(hours=1))
    await scene.look.execute(
        "UPDATE reply SET state = 'delayed', reason = 'cap', not_before = expires_at, owner = NULL,"
        " lease_until = NULL WHERE id = $1",
        text.id,
    )
    upkeep = Upkeep(scene.pool)
    assert sorted(await upkeep.expire(text.expires_at)) == ["capped", "expired"]


async def test_other_caps_are_tried_at_once(scene: Scene) -> None:
    owner, text = scene.owner(), text_of("one")
    await owner.store(text)
    await scene.look.execute(
        "UPDATE reply SET state = 'delayed', reason = 'cap', not_before = $2, owner = NULL,"
        " lease_until = NULL WHERE id = $1",
        text.id,
        NOON + timedelta(hours=5),
    )
    upkeep = Upkeep(scene.pool)
    assert await upkeep.due(NOON) == 0
    await upkeep.uncap(NOON)
    assert await upkeep.due(NOON) == 1
    assert await scene.look.fetchval("SELECT reason FROM reply WHERE id = $1", text.id) == ""
