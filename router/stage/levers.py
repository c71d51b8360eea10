"""What the demo's page can break with one click: a lever each, and the simulator's fault behind it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from providers.simulator.carrier import Carrier
from providers.simulator.simulation import Simulation


class _Lever(NamedTuple):
    fault: str
    arguments: Mapping[str, Any]


LEVERS: Mapping[str, _Lever] = {
    "unpaid": _Lever("unpaid", {}),
    "suspended": _Lever("suspend", {}),
    "revoked": _Lever("revoke", {}),
    "throttled": _Lever("throttle", {"on": "sends", "retry_after": 20}),
    "unreachable": _Lever("unreachable", {}),
    "hanging": _Lever("hang_after", {}),
    "erring": _Lever("error_after", {}),
    "slow": _Lever("slow_receipts", {"seconds": 60}),
}
"""In the order in which they are shown. Each fault stands behind one lever alone."""


def is_on(carrier: Carrier, lever: str) -> bool:
    """Whether the lever is pulled, by whomever."""
    return LEVERS[lever].fault in carrier.faults


async def pull(simulation: Simulation, account: str, lever: str, on: bool) -> None:
    """Make it fail, or end that."""
    fault, arguments = LEVERS[lever]
    if on:
        await simulation.fault(account, fault, **arguments)
    else:
        await simulation.clear(account, fault)
