"""One OVH account: its settings, its keys, its clock, and how a call is signed.

https://help.ovhcloud.com/csm/en-api-getting-started-ovhcloud-api?id=kb_article_view&sysparm_article=KB0042777
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Annotated, Literal, Self
from urllib.parse import quote, urlencode

import phonenumbers
from pydantic import AfterValidator, Field, SecretStr, model_validator

from providers import (
    CutOff,
    CutReason,
    Exchange,
    Failure,
    InDoubt,
    Request,
    Response,
    Settings,
    Throttled,
    Unreachable,
)
from providers.ovh import codes

HOUR = timedelta(hours=1)
_END_OF_TIME = 2**33
_TOKEN = re.compile(r"[!-~]+")
_DIALLED = re.compile(r"\+?[0-9][0-9 .()-]{1,30}")


class ExportColumns(Settings):
    """What the columns of the CSV export are called. Unverified: OVH documents none.

    Args:
        id: The id that the API lists.
        sender: Who texted.
        message: The text.
        at: When it came in.
        credits: What receiving it cost.
    """

    id: str = "id"
    sender: str = "sender"
    message: str = "message"
    at: str = "creationDatetime"
    credits: str = "credits"


Url = Annotated[
    str,
    Field(pattern=r"^https?://[^\s/?#]+[^\s?#]*$", description="An https:// or http:// URL without ? and #."),
    AfterValidator(lambda url: url.rstrip("/")),
]
Number = Annotated[str, Field(pattern=r"^\+[1-9][0-9]{6,14}$")]


class OvhSettings(Settings):
    """What OVH needs to carry texts.

    Args:
        service_name: The SMS account, such as ``sms-ab12345-1``.
        application_key: Who calls, with the two below: the classic keys.
        application_secret: What calls are signed with.
        consumer_key: For whom. Create it with unlimited validity, by default it dies after a day; for
            GET /auth/time, GET and POST below /sms/{service_name}, and never PUT: that moves webhooks.
        client_id: A service account (OAuth2), instead of the three keys.
        client_secret: Its secret.
        token_url: Where a service account gets its token.
        base_url: The region's API.
        user: An API user of the account. Its credit quota is a ceiling that OVH itself keeps, for
            texts from declared senders; virtual numbers send past it.
        virtual_numbers: Your rented numbers, E.164. Texts from them go, and are looked for, at the
            number; every other sender is one declared in the account.
        no_stop_clause: True says the texts are not advertising. False makes OVH add a STOP text
            (which costs characters) and hold texts at night and on weekends.
        coding: Left out, OVH deduces it from the text, as it now recommends.
        country: Where a number without an international prefix belongs, ISO 3166.
        inbound_number: The number a pushed text is for where the push names none. Unverified for
            virtual numbers.
        bulk_export: Read many missed texts from the CSV export instead of one call each. The keys
            then also need GET /me/document/*. Unverified, therefore off.
        export_columns: What its columns are called.
    """

    service_name: str = Field(
        pattern=r"^[A-Za-z0-9._-]+$", description='Letters, digits, ".", "_" and "-", such as sms-ab12345-1.'
    )
    application_key: SecretStr | None = None
    application_secret: SecretStr | None = None
    consumer_key: SecretStr | None = None
    client_id: str | None = None
    client_secret: SecretStr | None = None
    token_url: Url = Field("https://www.ovh.com/auth/oauth2/token")
    base_url: Url = "https://eu.api.ovh.com/1.0"
    user: str | None = None
    virtual_numbers: tuple[Number, ...] = Field(
        (), repr=False, description="Numbers with a plus and their country, unspaced."
    )
    no_stop_clause: bool = True
    coding: Literal["7bit", "8bit"] | None = None
    country: str = Field("FR", pattern=r"^[A-Z]{2}$", description='Two capitals of ISO 3166, such as "FR".')
    inbound_number: str | None = Field(None, repr=False)
    bulk_export: bool = False
    export_columns: ExportColumns = ExportColumns()

    @model_validator(mode="after")
    def _one_kind_of_keys(self) -> Self:
        classic = (self.application_key, self.application_secret, self.consumer_key)
        oauth2 = (self.client_id, self.client_secret)
        if (all(classic) and not any(oauth2)) or (all(oauth2) and not any(classic)):
            return self
        raise ValueError(
            "give application_key, application_secret and consumer_key, or client_id and client_secret"
        )

    def e164(self, number: str) -> str:
        """A number as OVH writes it (+33…, 0033…, 33…, 06…) in E.164; anything else as it is."""
        if not _DIALLED.fullmatch(number):
            return number
        for written in (number, f"+{number}"):
            try:
                found = phonenumbers.parse(written, self.country)
            except phonenumbers.NumberParseException:
                continue
            if phonenumbers.is_possible_number(found):
                return phonenumbers.format_number(found, phonenumbers.PhoneNumberFormat.E164)
        return number

    @property
    def account_path(self) -> str:
        """The account itself."""
        return f"/sms/{self.service_name}"

    def box(self, number: str) -> str:
        """The path under which texts from and to this number or sender are kept."""
        if number in self.virtual_numbers:
            return f"{self.account_path}/virtualNumbers/{number.replace('+', '00')}"
        if self.user is None:
            return self.account_path
        return f"{self.account_path}/users/{quote(self.user, safe='')}"

    def boxes(self) -> tuple[str, ...]:
        """Every path under which a text may be, the declared senders' first."""
        return tuple(dict.fromkeys(self.box(number) for number in ("", *self.virtual_numbers)))


class Account:
    """Makes calls in an account's name.

    It remembers two things between calls: how far OVH's clock is from ours, and an OAuth2 token.
    """

    def __init__(self, settings: OvhSettings) -> None:
        self._settings = settings
        self._ahead: timedelta | None = None
        self._token = ""
        self._renew_at: datetime | None = None

    def call(
        self,
        method: str,
        path: str,
        now: datetime,
        *,
        query: Sequence[tuple[str, str]] = (),
        body: bytes = b"",
        carries_text: bool = False,
    ) -> Exchange[Response | Failure]:
        """Make one call, after reading the clock or the token where that is due.

        A refused signature is answered once by reading the clock again: such a call did nothing.

        Args:
            method: GET or POST.
            path: Below `base_url`, encoded.
            now: Ours, aware.
            query: Pairs, encoded here.
            body: JSON bytes, signed as they are.
            carries_text: Whether it sends texts.

        Returns:
            The answer, whatever it says, or the failure that kept the call from being made.
        """
        url = f"{self._settings.base_url}{path}" + (f"?{urlencode(query)}" if query else "")
        for again in (False, True):
            failure = yield from self._make_ready(now, again)
            if failure is not None:
                return failure
            response = yield Request(
                method, url, self._headers(method, url, body, now), body, carries_text=carries_text
            )
            if not self._outdated(response):
                break
        return response

    def ask(
        self, path: str, now: datetime, query: Sequence[tuple[str, str]] = ()
    ) -> Exchange[object | Failure | None]:
        """Read something: the JSON, a failure, or None for what OVH does not know (404)."""
        response = yield from self.call("GET", path, now, query=query)
        if not isinstance(response, Response):
            return response
        if response.status == HTTPStatus.NOT_FOUND:
            return None
        failure = codes.failure_of(response)
        if failure is not None:
            return failure
        found: object = response.json()
        return InDoubt("unreadable") if found is None else found

    def server_time(self, ours: datetime) -> datetime:
        """Our time as OVH's clock would show it, as far as it is known."""
        return ours + (self._ahead or timedelta())

    def _outdated(self, response: Response) -> bool:
        return (
            codes.stale(response)
            if self._settings.client_id is None
            else response.status == HTTPStatus.UNAUTHORIZED
        )

    def _make_ready(self, now: datetime, again: bool) -> Exchange[Failure | None]:
        if not again and self._renew_at is not None and self._renew_at - HOUR <= now < self._renew_at:
            return None
        failure = yield from (
            self._read_clock(now) if self._settings.client_id is None else self._get_token(now)
        )
        return failure

    def _read_clock(self, now: datetime) -> Exchange[Failure | None]:
        response = yield Request("GET", f"{self._settings.base_url}/auth/time")
        seconds = response.json()
        if response.status != HTTPStatus.OK or not isinstance(seconds, int) or not 0 < seconds < _END_OF_TIME:
            return _nothing_left(response, "auth_time")
        self._ahead = timedelta(seconds=seconds - int(now.timestamp()))
        self._renew_at = now + HOUR
        return None

    def _get_token(self, now: datetime) -> Exchange[Failure | None]:
        settings = self._settings
        pair = f"{quote(settings.client_id or '')}:{quote(_secret(settings.client_secret))}"
        headers = {
            "Authorization": "Basic " + base64.b64encode(pair.encode()).decode(),
            "Content-Type": "application/x-www-form-urlencoded",
        }
        form = b"grant_type=client_credentials&scope=all"
        response = yield Request("POST", settings.token_url, headers, form)
        if response.status in {400, 401, 403}:
            return CutOff(CutReason.REVOKED, "oauth2_token")
        answer = response.fields()
        token, lasts = answer.get("access_token"), answer.get("expires_in", 3_600)
        if response.status != HTTPStatus.OK or not isinstance(token, str) or not _TOKEN.fullmatch(token):
            return _nothing_left(response, "oauth2_token")
        self._token = token
        seconds = min(lasts, 3_600) if isinstance(lasts, int) else 3_600
        self._renew_at = now + timedelta(seconds=max(seconds - 60, 0))
        return None

    def _headers(self, method: str, url: str, body: bytes, now: datetime) -> Mapping[str, str]:
        settings = self._settings
        content = {"Content-Type": "application/json"} if body else {}
        if settings.client_id is not None:
            return {**content, "Authorization": f"Bearer {self._token}"}
        stamp = str(int(self.server_time(now).timestamp()))
        secret, consumer = _secret(settings.application_secret), _secret(settings.consumer_key)
        return {
            **content,
            "X-Ovh-Application": _secret(settings.application_key),
            "X-Ovh-Consumer": consumer,
            "X-Ovh-Timestamp": stamp,
            "X-Ovh-Signature": sign(secret, consumer, method, url, body, stamp),
        }


def sign(secret: str, consumer: str, method: str, url: str, body: bytes, stamp: str) -> str:
    """OVH's ``$1$`` signature over the exact bytes that go out."""
    head = f"{secret}+{consumer}+{method}+{url}+".encode()
    # The algorithm is OVH's; an attacker gains nothing from a collision in his own request.
    return "$1$" + hashlib.sha1(head + body + f"+{stamp}".encode(), usedforsecurity=False).hexdigest()


def _secret(value: SecretStr | None) -> str:
    return value.get_secret_value() if value is not None else ""


def _nothing_left(response: Response, code: str) -> Failure:
    """A call before the call failed: whatever it was to carry has not left."""
    failure = codes.failure_of(response)
    return failure if isinstance(failure, CutOff | Throttled) else Unreachable(code)
