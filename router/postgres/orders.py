"""What operators order: done in one place, whoever takes the order, and written down."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import datetime

from router.postgres.accounts import Accounts
from router.postgres.pool import Connection, Pool
from router.rules import breaker
from router.rules.health import State

VERBS: Mapping[str, Callable[[State, datetime], State]] = {
    "cut": breaker.cut,
    "restore": breaker.restore,
    "pin": breaker.pin,
}
"""What may be ordered of an account or a sender."""

_TRIES = 8


class BusyError(RuntimeError):
    """The state changes too fast to be ordered; try again."""


async def order(pool: Pool, verb: str, account: str, sender: str = "", *, by: str) -> State:
    """Cut, restore or pin an account or one of its senders; it outranks what the flow makes of it.

    Args:
        pool: Where.
        verb: One of `VERBS`.
        account: Its name in the settings.
        sender: One of its senders, empty for the account itself.
        by: Who orders.

    Raises:
        BusyError: See there.
    """
    accounts = Accounts(pool)
    for _ in range(_TRIES):
        was, clock = await accounts.state(account, sender)
        now = VERBS[verb](was, clock)
        if await accounts.swap(was, now, "operator"):
            async with pool.connection() as connection:
                await record(connection, f"account {verb}", {"account": account, "sender": sender}, by)
            return now
    raise BusyError(f"The state of {account} changes too fast. Try again.")


async def record(connection: Connection, what: str, detail: Mapping[str, object], by: str) -> None:
    """Write down that an operator did something."""
    await connection.execute(
        "INSERT INTO operator_action (what, detail, by) VALUES ($1, $2::jsonb, $3)",
        what,
        json.dumps(detail),
        by,
    )
