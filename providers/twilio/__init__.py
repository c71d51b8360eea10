"""Twilio: Programmable Messaging.

Where to find what: `account` settings and credentials; `codes` the code tables; `sms` sending, webhooks,
looking up; `proof` webhook signatures; `records` how Twilio writes what it remembers.
"""

from providers.twilio.account import TwilioSettings
from providers.twilio.sms import Twilio

__all__ = ["Twilio", "TwilioSettings"]
