"""Section ``[evidence]``: where roots go, who opens what is put away, and how long it is kept."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr

from router.evidence.sinks import SCHEMES
from router.offline import OfflineKeyError, PublicKey
from router.rules.span import Span

TRIED = "offline.tried"
"""File of the data folder that holds the public key whose private half was last shown here, when it was."""


def _sink(written: SecretStr) -> SecretStr:
    found = re.fullmatch(rf"({'|'.join(map(re.escape, SCHEMES))}):(//)?[^\s]+", written.get_secret_value())
    if found is None or (found[1] == "mailto") is bool(found[2]):
        raise ValueError("must begin with https://, git+ssh://, git+https://, git+file:// or mailto:")
    return written


def _mail(written: SecretStr) -> SecretStr:
    try:
        server = urlsplit(written.get_secret_value())
        right = server.scheme in {"smtp", "smtps"} and bool(server.hostname) and server.port != 0
    except ValueError:
        right = False
    if not right:
        raise ValueError("must be smtp:// or smtps://, with user and password where the server asks")
    return written


def _authority(written: SecretStr) -> SecretStr:
    if not written.get_secret_value().startswith(("https://", "http://")):
        raise ValueError("must begin with https:// or http://")
    return written


def _public_key(written: str) -> str:
    try:
        PublicKey(written)
    except OfflineKeyError as error:
        raise ValueError(str(error)) from None
    return written


class Evidence(BaseModel):
    """Section ``[evidence]``: what came in, so that it can be proved."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    roots_to: tuple[Annotated[SecretStr, AfterValidator(_sink)], ...] = Field(
        default=(), description="Where roots go, away from this machine; all of these are told."
    )
    roots_every: Span = Field(
        default=timedelta(minutes=10), ge=timedelta(seconds=1), description="Between two tellings."
    )
    mail_through: Annotated[SecretStr, AfterValidator(_mail)] = Field(
        default=SecretStr("smtp://127.0.0.1"), description="The server that mails roots."
    )
    stamps_from: Annotated[SecretStr, AfterValidator(_authority)] | None = Field(
        default=None, description="A timestamping authority (RFC 3161); left out: none."
    )
    public_key: Annotated[str, AfterValidator(_public_key)] | None = Field(
        default=None,
        description="Requests and records are sealed to it; `paravent evidence key` makes a pair.",
    )
    keep: Span = Field(
        default=timedelta(days=30), ge=timedelta(days=1), description="Ordinary texts are erased after this."
    )
    keep_flagged: Span = Field(
        default=timedelta(days=365),
        ge=timedelta(days=1),
        description="Texts that look abusive are erased after this.",
    )

    @property
    def offline_key(self) -> PublicKey | None:
        """`public_key`, ready to seal."""
        return None if self.public_key is None else PublicKey(self.public_key)
