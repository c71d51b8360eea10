"""How single settings are spelled: each takes what is written, and says what it must be if it is not."""

from __future__ import annotations

import re
from typing import Annotated, Any
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, SecretStr

from router.rules import senders

NAME = r"[a-z](?:_?[a-z0-9]){0,31}"
"""What accounts and numbers may be called: it becomes a label, a path and part of a variable's name."""

_SHORTEST_TOKEN = 20


def zone(written: str) -> str:
    """A known time zone."""
    try:
        ZoneInfo(written)
    except (KeyError, OSError, ValueError):
        raise ValueError('must be a time zone such as "Europe/Paris"') from None
    return written


def token(written: SecretStr) -> SecretStr:
    """A secret of 20 characters at least."""
    if len(written.get_secret_value()) < _SHORTEST_TOKEN:
        raise ValueError("must have at least 20 characters; `paravent token` makes one")
    return written


def in_a_path(written: SecretStr) -> SecretStr:
    """A secret that can stand in a path."""
    if not re.fullmatch("[A-Za-z0-9_-]+", written.get_secret_value()):
        raise ValueError('may have letters, digits, "-" and "_" only, for it stands in a path')
    return written


def url(written: SecretStr) -> SecretStr:
    """An http or https URL."""
    if not written.get_secret_value().startswith(("https://", "http://")):
        raise ValueError("must begin with https:// or http://")
    return written


def public_url(written: str) -> str:
    """The beginning of every webhook's URL, as providers are told it."""
    if not written.startswith(("https://", "http://")):
        raise ValueError("must begin with https:// or http://")
    if re.search(r"[\s?#]", written):
        raise ValueError("must be without spaces, ? and #: paths are put behind it")
    if written.endswith("/"):
        raise ValueError("must not end in a slash: paths are put behind it")
    return written


def donation_url(written: str) -> str:
    """A link for everybody."""
    if not re.fullmatch(r"https://[^\s\"'<>]+", written):
        raise ValueError("must begin with https://, and be without spaces, quotes and angle brackets")
    return written


def currency(written: str) -> str:
    """A currency by ISO 4217."""
    if not re.fullmatch("[A-Z]{3}", written):
        raise ValueError('must be three capitals, such as "EUR"')
    return written


def prefix(written: str) -> str:
    """How numbers begin."""
    if not re.fullmatch(r"\+[0-9]{1,8}", written):
        raise ValueError('must be a plus and one to eight digits, such as "+338"')
    return written


def calls(written: Any) -> int | str:
    """Calls a minute, or the word for no limit."""
    if written == "unlimited":
        return "unlimited"
    if isinstance(written, bool) or not re.fullmatch("[1-9][0-9]{0,8}", str(written)):
        raise ValueError('must be a whole number above zero, or "unlimited"')
    return int(written)


def database(written: SecretStr) -> SecretStr:
    """Where PostgreSQL is, or the word for our own."""
    if written.get_secret_value() == "embedded":
        return written
    if not written.get_secret_value().startswith(("postgresql://", "postgres://")):
        raise ValueError('must be "embedded" or begin with postgresql://')
    return written


def listen(written: str) -> str:
    """Host and port."""
    host, _, port = written.rpartition(":")
    if not host or not re.fullmatch("[0-9]{1,5}", port) or int(port) > 65_535:  # noqa: PLR2004 -- the last port
        raise ValueError('must be host:port, such as "127.0.0.1:8080"')
    return written


def number(written: str) -> str:
    """A phone number, E.164."""
    if not senders.is_number(written):
        raise ValueError(
            "must be a number with a plus and its country, such as +33 and nine digits, unspaced"
        )
    return written


def countries(written: frozenset[str]) -> frozenset[str]:
    """Countries by ISO 3166."""
    if not written <= senders.COUNTRIES:
        raise ValueError('must be countries in ISO 3166 capitals, such as ["FR"]')
    return written


Token = Annotated[SecretStr, AfterValidator(token)]
