"""The service under a role that may add to ledger and evidence and never change them (deploy/role.sql)."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg
import pytest
import pytest_asyncio

from router.postgres.keeping import Keeping
from router.postgres.migrate import migrate
from router.postgres.pool import Pool
from tests.audit import audit
from tests.house.tree import TOP
from tests.postgres.scene import NOON
from tests.sweep.town import town

ROLE = "paravent_app"
GROWS = {
    "ledger", "evidence_root", "evidence_act", "evidence_stamp", "raid_change", "operator_action", "cap_use",
}  # fmt: skip
REWRITES = [
    "UPDATE ledger SET spent = 0",
    "DELETE FROM ledger",
    "TRUNCATE ledger",
    "UPDATE evidence SET leaf = leaf",
    "DELETE FROM evidence",
    "UPDATE evidence_root SET root = root",
    "DELETE FROM evidence_act",
    "DELETE FROM inbound",
    "DELETE FROM attempt",
    "DELETE FROM migration",
    "ALTER TABLE ledger DISABLE TRIGGER ALL",
    "DROP TRIGGER ledger_append_only ON ledger",
    "SET session_replication_role = replica",
    "CREATE TABLE mine (id integer)",
]


@pytest_asyncio.fixture
async def service(database: str) -> AsyncIterator[str]:
    """The same database by the service's role."""
    owner = await asyncpg.connect(database)
    if not await owner.fetchval("SELECT EXISTS (SELECT FROM pg_roles WHERE rolname = $1)", ROLE):
        await owner.execute(f"CREATE ROLE {ROLE} LOGIN; GRANT pg_read_all_stats TO {ROLE}")
    await owner.execute((TOP / "deploy" / "role.sql").read_text(encoding="utf-8"))
    await owner.close()
    yield database.replace("//paravent@", f"//{ROLE}@", 1)


async def test_texts_are_answered_booked_and_sealed_under_it(
    database: str, service: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    assert await migrate(service) == [], "it may not change the schema, and need not"
    with caplog.at_level(logging.WARNING):
        async with town(service, tmp_path) as place:
            texters = [await place.text(carrier) for carrier in ("twilio", "vonage", "ovh")]
            for texter in texters:
                await place.attempted(texter, "accepted")
            await place.network.fault("twilio", "reset_after", times=1)
            doubtful = await place.text("twilio")
            await place.eventually(lambda: place.attempts(doubtful), bool)
            await place.settled()
            await place.database.execute("UPDATE attempt SET look_after = now(), trace_after = now()")
            for duty in place.house.sweep.duties:
                await place.round(duty)
            await place.attempted(doubtful, "accepted")
            assert [len(place.sends(texter)) for texter in (*texters, doubtful)] == [1] * 4
            assert await place.rows("SELECT FROM evidence"), "nothing was sealed"
        async with Pool(service, application="test") as pool:
            pseudonym = place.house.office.vault.pseudonym(texters[0])
            erased = await Keeping(pool).erase_texter(pseudonym, by="test", why="they asked")
            assert erased.texts
            assert await Keeping(pool).hold("a hold", NOON, NOON.replace(hour=13), by="test", why="a trial")
    assert not [record.message for record in caplog.records if "raised" in record.message]
    await audit(database)


@pytest.mark.parametrize("statement", REWRITES)
async def test_it_cannot_rewrite_what_happened(service: str, statement: str) -> None:
    connection = await asyncpg.connect(service)
    try:
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await connection.execute(statement)
    finally:
        await connection.close()


@pytest.mark.parametrize("statement", REWRITES)
async def test_control_the_owner_could(database: str, service: str, statement: str) -> None:
    """Where its triggers are off, and those an owner can take away."""
    owner = await asyncpg.connect(database)
    try:
        await owner.execute("SET session_replication_role = replica")
        if statement.startswith("TRUNCATE"):
            await owner.execute("ALTER TABLE ledger DISABLE TRIGGER ALL")
        await owner.execute(statement)
    finally:
        await owner.close()


async def test_what_only_grows_is_what_the_file_says(database: str, service: str) -> None:
    owner = await asyncpg.connect(database)
    rows = await owner.fetch(
        "SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace"
        " AND has_table_privilege($1, oid, 'INSERT')"
        " AND NOT has_any_column_privilege($1, oid, 'UPDATE') AND NOT has_table_privilege($1, oid, 'DELETE')",
        ROLE,
    )
    await owner.close()
    assert {row["relname"] for row in rows} == GROWS
