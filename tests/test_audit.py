"""The audit finds what is wrong: every rule is broken once, by hand, and says so."""

from __future__ import annotations

from decimal import Decimal

import asyncpg
import pytest

from tests import audit
from tests.postgres.scene import NOON, Scene, proof, scene_in
from tests.postgres.scene import text as text_of

# What each does to a sound database. Checks and triggers are off, for they would refuse most of it.
DAMAGE = {
    "what a purse window says is the sum of its ledger rows": "UPDATE purse_window SET spent = spent + 1",
    "the accounts' windows and the total's say the same in sum": (
        "UPDATE purse_window SET reserved = 9 WHERE purse = 'total'"
    ),
    "an attempt's ledger rows say what is reserved and spent for it": "UPDATE attempt SET spent = spent + 1",
    "an attempt was reserved once, and closed once if it is closed": (
        "INSERT INTO ledger (kind, reference, account, account_window, total_window, source, at)"
        " SELECT 'adjust', reference, account, account_window, total_window, 'x', at FROM attempt;"
        "DELETE FROM ledger WHERE kind = 'settle'"
    ),
    "no ledger row speaks of an attempt that is not there": "DELETE FROM attempt WHERE state = 'accepted'",
    "what a reply has reserved is what its attempts have": "UPDATE reply SET reserved = 1",
    "a reply's state is that of its live attempt": (
        "UPDATE reply SET state = 'failed' WHERE state = 'accepted'"
    ),
    "an attempt belongs to a reply of the same texter, under a fence it had": "UPDATE attempt SET fence = 99",
    "an attempt that was refused without being billed has cost nothing": (
        "UPDATE attempt SET spent = 5 WHERE state = 'refused'"
    ),
    "a leased reply has an owner, and no other has": "UPDATE reply SET owner = NULL",
    "a delayed reply says until when": "UPDATE reply SET not_before = NULL WHERE state = 'delayed'",
    "every text has a reply, but for the further pieces of a long one": (
        "DELETE FROM reply WHERE state = 'delayed'"
    ),
    "every reply has its text": "DELETE FROM inbound",
    "who holds a grant has an attempt that may have reached the texter": (
        "UPDATE texter SET holder = gen_random_uuid()"
    ),
    "a texter's answers are those that may have arrived": "UPDATE texter SET answered = answered + 1",
    "a double has a live attempt beside it": "UPDATE attempt SET state = 'double', live = false",
    "the cost of a text that came in is booked once it is not due": "UPDATE inbound SET cost_due = false",
}


async def lived_in(scene: Scene) -> None:
    """A little of everything."""
    owner = scene.owner()
    first, second, third = [await owner.armed(name) for name in ("kim", "ada", "eve")]
    await owner.settle(proof(first, "accepted"), proof(second, "refused"), proof(third, "unknown"))
    await owner.armed("joe")
    cost = (5, Decimal("0.000005"), "EUR", Decimal(1))
    await owner.store(text_of("zoe", claim=False, not_before=NOON, cost=cost), text_of("max"))


def test_every_rule_has_its_damage() -> None:
    assert DAMAGE.keys() == audit.RULES.keys()


@pytest.mark.parametrize("rule", DAMAGE)
async def test_damage_is_found_by_its_rule(database: str, rule: str) -> None:
    async with scene_in(database, audited=False) as scene:
        await lived_in(scene)
        assert await audit.broken(scene.look) == []
        for row in await scene.look.fetch(
            "SELECT conrelid::regclass AS place, conname FROM pg_constraint"
            " WHERE contype = 'c' AND connamespace = 'public'::regnamespace"
        ):
            await scene.look.execute(f'ALTER TABLE {row["place"]} DROP CONSTRAINT "{row["conname"]}"')
        await scene.look.execute("ALTER TABLE ledger DISABLE TRIGGER ALL")
        await scene.look.execute(DAMAGE[rule])
        assert any(found.startswith(f"{rule}: broken") for found in await audit.broken(scene.look))


async def test_the_audit_says_how_often_and_gives_an_example(database: str) -> None:
    connection = await asyncpg.connect(database)
    await connection.execute(
        "INSERT INTO texter (pseudonym, answered) VALUES (decode(repeat('ab', 16), 'hex'), 1)"
    )
    await connection.close()
    with pytest.raises(AssertionError, match="may have arrived: broken 1 times, such as abab"):
        await audit.audit(database)
