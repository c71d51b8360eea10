"""A Vonage account: its settings, and how it proves who it is."""

from __future__ import annotations

from base64 import b64encode
from datetime import datetime
from typing import Annotated, Literal, Self
from uuid import uuid4

import jwt
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    SecretStr,
    ValidationInfo,
    field_validator,
    model_validator,
)

from providers import Settings

_TOKEN_LIVES = 900
_TOKEN_KEPT = 600
_HS256_KEY = 32


def _rsa(key: SecretStr) -> RSAPrivateKey:
    # Proving that its primes are prime takes a tenth of a second; Vonage refuses a key that is not its own.
    pem = key.get_secret_value().encode()
    try:
        found = load_pem_private_key(pem, password=None, unsafe_skip_rsa_key_validation=True)
    except (ValueError, TypeError):
        found = None
    if not isinstance(found, RSAPrivateKey):
        raise ValueError("must be an unencrypted RSA private key in PEM")  # noqa: TRY004 -- pydantic reports ValueError
    return found


def _pem(key: SecretStr) -> SecretStr:
    _rsa(key)
    return key


def _several(value: object) -> object:
    return [value] if isinstance(value, (str, SecretStr)) else value


Secret = Annotated[SecretStr, Field(min_length=1)]
Url = Annotated[
    str,
    Field(pattern=r"^https?://[^\s/?#]+[^\s?#]*$", description="An https:// or http:// URL without ? and #."),
    AfterValidator(lambda url: url.rstrip("/")),
]


class VonageSettings(Settings):
    """Settings of a Vonage account.

    Args:
        mode: `messages` is the Messages API v1, `sms` the SMS API. The account itself must be set the same
            way (API settings, SMS settings), for it decides how webhooks are written.
        api_key: The account's key.
        api_secret: Its secret. Needed for look-up, trace, balance and the inbound log whatever the mode.
        application_id: The application that sends; Messages mode. Without it, Basic is used.
        private_key: The application's private key, PEM.
        signature_secrets: What webhooks are signed with, 32 bytes or more in Messages mode. During a
            rotation all that are valid, newest first: the first signs sends.
        signature_method: How the SMS API signs, as the account says. Messages are always HS256.
        sms_auth: How a send of the SMS API proves itself: the secret in the body, Basic, or a signature.
        webhook_age: Seconds after which a signed webhook is too old.
        price_is: Whether the price in a Messages webhook covers all parts or is to be multiplied
            by their number. Unverified: compare the first text of two parts with the account's own report.
        currency: What the account is billed in; the SMS API and the balance do not say.
        prepaid: A balance of zero or less, without automatic reload, means that nothing is carried.
        trusted: Tell Vonage's fraud protection to let our texts pass.
        base_url: Where the Messages API is: also https://api-eu.vonage.com, -us, -ap.
        rest_url: Where the SMS API and the balance are.
        reports_url: Where the Reports API is.
        reports_product: What our texts are called there. Unverified for texts of the Messages API;
            left out, it follows the mode.
    """

    mode: Literal["messages", "sms"] = "messages"
    api_key: str = Field(pattern=r"^[0-9A-Za-z]{4,32}$", description="4 to 32 letters and digits.")
    api_secret: Secret | None = None
    application_id: str | None = None
    private_key: Annotated[SecretStr, AfterValidator(_pem)] | None = None
    signature_secrets: Annotated[tuple[Secret, ...], BeforeValidator(_several)] = ()
    signature_method: Literal["md5hash", "md5hmac", "sha1hmac", "sha256hmac", "sha512hmac"] = "sha256hmac"
    sms_auth: Literal["body", "basic", "signature"] = "body"
    webhook_age: int = Field(default=300, ge=1, le=90_000)
    price_is: Literal["total", "per_part"] = "total"
    currency: str = Field(default="EUR", pattern=r"^[A-Z]{3}$", description='Three capitals, such as "EUR".')
    prepaid: bool = True
    trusted: bool = False
    base_url: Url = "https://api.nexmo.com"
    rest_url: Url = "https://rest.nexmo.com"
    reports_url: Url = "https://api.nexmo.com"
    reports_product: Literal["SMS", "MESSAGES"] | None = None

    @field_validator("signature_secrets")
    @classmethod
    def _can_sign(cls, secrets: tuple[SecretStr, ...], so_far: ValidationInfo) -> tuple[SecretStr, ...]:
        shortest = min((len(secret.get_secret_value().encode()) for secret in secrets), default=_HS256_KEY)
        if so_far.data.get("mode") == "messages" and shortest < _HS256_KEY:
            raise ValueError(
                "must be 32 bytes or more each, for Messages webhooks are signed with HS256:"
                " choose a longer one at Vonage"
            )
        return secrets

    @model_validator(mode="after")
    def _can_prove_itself(self) -> Self:
        if (self.application_id is None) != (self.private_key is None):
            raise ValueError("application_id and private_key go together")
        if self.mode == "messages":
            if self.private_key is None and self.api_secret is None:
                raise ValueError("give api_secret, or application_id with private_key")
            if not self.signature_secrets:
                raise ValueError("signature_secrets is needed: Messages webhooks are always signed")
        elif self.sms_auth == "signature":
            if not self.signature_secrets:
                raise ValueError("sms_auth = signature needs signature_secrets")
        elif self.api_secret is None:
            raise ValueError("api_secret is needed, unless sms_auth = signature")
        return self


class Credentials:
    """Authorization headers of one account: Basic, and the application's short-lived tokens."""

    def __init__(self, settings: VonageSettings) -> None:
        self._settings = settings
        self._key = _rsa(settings.private_key) if settings.private_key else None
        self._token = ""
        self._issued: float | None = None

    def basic(self) -> dict[str, str]:
        """The header that carries key and secret."""
        secret = self._settings.api_secret.get_secret_value() if self._settings.api_secret else ""
        pair = b64encode(f"{self._settings.api_key}:{secret}".encode()).decode()
        return {"Authorization": f"Basic {pair}"}

    def application(self, now: datetime) -> dict[str, str]:
        """The header that carries the application's token, kept for ten minutes; Basic without one."""
        if self._key is None:
            return self.basic()
        second = now.timestamp()
        if self._issued is None or not 0 <= second - self._issued < _TOKEN_KEPT:
            self._token, self._issued = self._sign(self._key, int(second)), second
        return {"Authorization": f"Bearer {self._token}"}

    def forget_token(self) -> None:
        """The next header carries a new token."""
        self._issued = None

    def _sign(self, key: RSAPrivateKey, issued: int) -> str:
        claims = {
            "application_id": self._settings.application_id,
            "iat": issued,
            "exp": issued + _TOKEN_LIVES,
            "jti": str(uuid4()),
        }
        return jwt.encode(claims, key, algorithm="RS256")
