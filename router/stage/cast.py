"""The simulated accounts, with secrets made at each start, and how the demo's settings learn them."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from uuid import uuid4

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from providers.simulator.account import Account
from providers.simulator.ovh import OvhAccount
from providers.simulator.twilio import TwilioAccount
from providers.simulator.vonage import VonageAccount

NUMBERS: Mapping[str, str] = {"twilio": "+33199000001", "vonage": "+33261910002", "ovh": "+33353010003"}
"""The published number at each carrier, of the ranges that France keeps for fiction."""


@dataclass(frozen=True, slots=True)
class Cast:
    """The accounts by carrier, and what settings take from the environment to reach them."""

    accounts: Mapping[str, Account] = field(repr=False)
    environment: Mapping[str, str] = field(repr=False)


def cast() -> Cast:
    """Make an account at each carrier; nobody has had its secrets before."""
    private, public = _key_pair()
    twilio = TwilioAccount(
        numbers=(NUMBERS["twilio"],),
        account_sid="AC" + secrets.token_hex(16),
        auth_token=secrets.token_hex(16),
        step_seconds=0.2,
    )
    vonage = VonageAccount(
        numbers=(NUMBERS["vonage"],),
        api_key=secrets.token_hex(4),
        api_secret=secrets.token_urlsafe(12),
        application_id=str(uuid4()),
        public_key=public,
        signature_secret=secrets.token_urlsafe(32),
        price=Decimal("0.0725"),
        step_seconds=0.2,
    )
    ovh = OvhAccount(
        numbers=(NUMBERS["ovh"],),
        service_name=f"sms-{secrets.token_hex(4)}-1",
        application_key=secrets.token_hex(8),
        application_secret=secrets.token_hex(16),
        consumer_key=secrets.token_hex(16),
        inbound_price=Decimal("0.2"),
        step_seconds=0.2,
    )
    environment = {
        "TWILIO_ACCOUNT_SID": twilio.account_sid,
        "TWILIO_AUTH_TOKEN": twilio.auth_token,
        "VONAGE_API_KEY": vonage.api_key,
        "VONAGE_API_SECRET": vonage.api_secret,
        "VONAGE_APPLICATION_ID": vonage.application_id,
        "VONAGE_PRIVATE_KEY": private,
        "VONAGE_SIGNATURE_SECRET": vonage.signature_secret,
        "OVH_SERVICE_NAME": ovh.service_name,
        "OVH_APPLICATION_KEY": ovh.application_key,
        "OVH_APPLICATION_SECRET": ovh.application_secret,
        "OVH_CONSUMER_KEY": ovh.consumer_key,
        "OVH_HOOK_TOKEN": secrets.token_urlsafe(24),
    }
    return Cast({"twilio": twilio, "vonage": vonage, "ovh": ovh}, environment)


def _key_pair() -> tuple[str, str]:
    """An RSA key as PEM, private and public."""
    key = rsa.generate_private_key(public_exponent=65_537, key_size=2_048)
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    public = key.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return private.decode(), public.decode()
