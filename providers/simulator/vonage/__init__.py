"""The simulated Vonage: Messages API v1 or SMS API, Reports and balance, as its customers meet them."""

from providers.simulator.vonage.account import VonageAccount
from providers.simulator.vonage.rest import VonageCarrier

__all__ = ["VonageAccount", "VonageCarrier"]
