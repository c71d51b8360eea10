"""Twilio: an account's settings, and the headers that sign in with them."""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Mapping
from typing import Annotated

from pydantic import BeforeValidator, Field, SecretStr, model_validator

from providers import Settings

Secret = Annotated[SecretStr, Field(min_length=1)]


def _several(value: object) -> object:
    return [value] if isinstance(value, (str, SecretStr)) else value


def _services(value: object) -> object:
    # Checked as a whole: pydantic would name the offending key, and the key is a phone number.
    if not isinstance(value, dict) or not all(
        isinstance(sender, str) and re.fullmatch("MG[0-9a-fA-F]{32}", str(sid))
        for sender, sid in value.items()
    ):
        raise ValueError("each sender names a Messaging Service: MG and 32 hexadecimal digits")
    return value


class TwilioSettings(Settings):
    """One Twilio account.

    Args:
        account_sid: AC and 32 hexadecimal digits.
        auth_token: The account's Auth Token; during a rotation all that are valid, newest first.
            The first signs in, any of them proves a webhook.
        api_key_sid: An API key (SK...) to sign in with instead: it can be revoked alone.
        api_key_secret: Its secret. It proves no webhook.
        shared_keys: Webhook shared keys, key id to secret.
        base_url: Of a region other than the US, such as https://api.dublin.ie1.twilio.com.
        messaging_services: Sender to the Messaging Service (MG...) that sends in its stead.
        smart_encoded: Let Twilio swap typographic characters for those in GSM-7.
        risk_check: False skips Twilio's pumping check, which may take a rush of replies for fraud.
        callback_retries: How often Twilio offers a receipt again; not tried on a real account.
    """

    account_sid: str = Field(pattern=r"^AC[0-9a-fA-F]{32}$", description="AC and 32 hexadecimal digits.")
    auth_token: Annotated[tuple[Secret, ...], BeforeValidator(_several), Field(min_length=1)]
    api_key_sid: str | None = Field(
        default=None, pattern=r"^SK[0-9a-fA-F]{32}$", description="SK and 32 hexadecimal digits."
    )
    api_key_secret: Secret | None = None
    shared_keys: Mapping[str, Secret] = Field(default_factory=dict)
    base_url: str = Field(
        default="https://api.twilio.com",
        pattern=r"^https?://[A-Za-z0-9.:\[\]-]+$",
        description="An https:// or http:// URL without a path.",
    )
    messaging_services: Annotated[dict[str, str], BeforeValidator(_services)] = Field(
        default_factory=dict, repr=False
    )
    smart_encoded: bool = False
    risk_check: bool = True
    callback_retries: int = Field(default=0, ge=0, le=5)

    @model_validator(mode="after")
    def _key_is_whole(self) -> TwilioSettings:
        if (self.api_key_sid is None) != (self.api_key_secret is None):
            raise ValueError("api_key_sid and api_key_secret belong together")
        return self

    @property
    def address(self) -> str:
        """Where the account's resources lie, without a slash at the end."""
        return f"{self.base_url}/2010-04-01/Accounts/{self.account_sid}"

    def sign_in(self) -> dict[str, str]:
        """The headers of every request."""
        user, password = self.account_sid, self.auth_token[0]
        if self.api_key_sid and self.api_key_secret:
            user, password = self.api_key_sid, self.api_key_secret
        basic = b64encode(f"{user}:{password.get_secret_value()}".encode()).decode()
        return {"Authorization": f"Basic {basic}", "Accept": "application/json"}
