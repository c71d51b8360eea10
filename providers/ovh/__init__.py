"""OVHcloud SMS: jobs of many receivers, credits, and pushes that are only hints."""

from providers.ovh.sms import Ovh

__all__ = ["Ovh"]
