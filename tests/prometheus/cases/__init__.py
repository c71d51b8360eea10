"""A story for each alert, in the groups of deploy/prometheus/rules.yml."""

from __future__ import annotations

from tests.prometheus.cases import abuse, accounts, answering, door, machine, money, watchdog

GROUPS = {
    "answering": answering.CASES,
    "accounts": accounts.CASES,
    "money": money.CASES,
    "abuse": abuse.CASES,
    "door": door.CASES,
    "machine": machine.CASES,
    "watchdog": watchdog.CASES,
}
"""By the group's name in the rules, without `paravent-`."""

CASES = tuple(case for cases in GROUPS.values() for case in cases)
