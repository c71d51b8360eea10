"""The simulated Twilio: Programmable Messaging 2010-04-01 as its customers meet it, both directions."""

from providers.simulator.twilio.account import TwilioAccount
from providers.simulator.twilio.rest import TwilioCarrier

__all__ = ["TwilioAccount", "TwilioCarrier"]
