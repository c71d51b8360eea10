"""The simulated OVH: /1.0/sms as its customers meet it, both directions."""

from providers.simulator.ovh.account import OvhAccount
from providers.simulator.ovh.rest import OvhCarrier

__all__ = ["OvhAccount", "OvhCarrier"]
