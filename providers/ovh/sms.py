"""OVHcloud SMS. Settings and signing are in `account.py`, code tables in `codes.py`.

https://eu.api.ovh.com/console/?section=%2Fsms

OVH signs no webhook and knows no idempotency. Pushes are hints behind a secret path, to be read
again through the API; a send is known again by its tag. It tolerates about 60 calls a minute.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from http import HTTPStatus
from typing import ClassVar

from providers import (
    CLOCKS_DIFFER,
    CREDIT,
    Ability,
    Balance,
    CutOff,
    CutReason,
    Doubt,
    Exchange,
    Failure,
    Hook,
    Inbound,
    InDoubt,
    Job,
    Malformed,
    Outcome,
    Outgoing,
    Provider,
    Receipt,
    Response,
    Scope,
    Settings,
)
from providers.ovh import codes, records
from providers.ovh.account import Account, OvhSettings
from providers.ovh.inbox import CALLS, Inbox

_PUSHED_ID = re.compile(r"[A-Za-z0-9-]{1,40}")


class Ovh(Provider):
    """One SMS account at OVH."""

    name: ClassVar[str] = "ovh"
    Settings: ClassVar[type[Settings]] = OvhSettings
    abilities = frozenset(
        {
            Ability.BATCH,
            Ability.LOOK_UP,
            Ability.TRACE,
            Ability.BALANCE,
            Ability.STATUS,
            Ability.INBOUND_LOG,
            Ability.REREAD,
        }
    )

    def __init__(self, settings: OvhSettings) -> None:
        self._settings = settings
        self._account = Account(settings)
        self._inbox = Inbox(settings, self._account)
        self._boxes = list(settings.boxes())

    # ---- send

    def send(self, text: Outgoing, now: datetime) -> Exchange[Outcome]:
        """Send one text: a job of one receiver. Its receipt URL is set in the account, not here."""
        job = Job(
            tag=text.reference,
            receivers=(text.to,),
            sender=text.sender,
            text=text.text,
            receipt_url=text.receipt_url,
            valid_for=text.valid_for,
        )
        (outcome,) = yield from self.send_many(job, now)
        return outcome

    def send_many(self, job: Job, now: datetime) -> Exchange[Sequence[Outcome]]:
        """Send one text to many receivers; the tag is what finds each of them again."""
        box = self._settings.box(job.sender)
        response = yield from self._account.call(
            "POST", f"{box}/jobs", now, body=self._order(job), carries_text=True
        )
        if not isinstance(response, Response):
            return [response] * len(job.receivers)
        failure = codes.failure_of(response)
        if failure is None:
            return records.outcomes(response.fields(), job.receivers, self._settings)
        if response.status == HTTPStatus.NOT_FOUND and job.sender in self._settings.virtual_numbers:
            failure = CutOff(CutReason.SENDER_LOST, "http_404", Scope.SENDER)
        return [failure] * len(job.receivers)

    def _order(self, job: Job) -> bytes:
        settings = self._settings
        order: dict[str, object] = {
            "message": job.text,
            "receivers": list(job.receivers),
            "charset": "UTF-8",
            "tag": job.tag,
            "validityPeriod": max(1, -(-job.valid_for // 60)),
        }
        if settings.coding is not None:
            order["coding"] = settings.coding
        if job.sender not in settings.virtual_numbers:
            order |= {"sender": job.sender, "noStopClause": settings.no_stop_clause}
        return json.dumps(order, separators=(",", ":")).encode()

    # ---- read: pushes are hints, their secret path is checked before they come here

    def inbound(self, hook: Hook) -> Sequence[Inbound]:
        """Read a pushed text (`smsResponse` of type `cgi`). `reread` it for OVH's own word and time."""
        fields = _fields(hook)
        number, sender = fields.get("id", ""), fields.get("senderid", "")
        to = fields.get("shortcode") or self._settings.inbound_number
        if not _PUSHED_ID.fullmatch(number) or not sender or not to or "message" not in fields:
            raise Malformed("fields")
        e164 = self._settings.e164
        return [Inbound(provider_id=number, sender=e164(sender), to=e164(to), text=fields["message"])]

    def receipt(self, hook: Hook) -> Sequence[Receipt]:
        """Read a pushed receipt (`callBack`). It never proves a text unsent: `trace` it for that."""
        fields = _fields(hook)
        number = fields.get("id", "")
        if records.whole(number) is None:
            raise Malformed("fields")
        receipt = records.whole(fields.get("description", fields.get("dlr", fields.get("deliveryReceipt"))))
        how = codes.standing(receipt, records.whole(fields.get("ptt")))
        if how is None:
            return []
        at = records.moment(fields.get("date"))
        return [
            Receipt(
                provider_id=number,
                reference=None,
                status=how.status,
                code=how.code,
                refused=how.refused,
                at=at,
            )
        ]

    def reread(self, text: Inbound, now: datetime) -> Exchange[Inbound | Failure | None]:
        """A pushed text by OVH's own record, with its time and its price in credits."""
        return (yield from self._inbox.reread(text, now))

    def inbound_log(
        self, numbers: Sequence[str], since: datetime, now: datetime, held: Collection[str] = ()
    ) -> Exchange[Sequence[Inbound] | Failure]:
        """Texts that came in since then and are not held, a bounded number of calls at a time."""
        return (yield from self._inbox.log(numbers, since, now, held))

    # ---- look-up

    def trace(self, provider_id: str, now: datetime) -> Exchange[Receipt | Failure | None]:
        """OVH's record of a text, with its tag, receiver and credits."""
        if records.whole(provider_id) is None:
            return None
        for box in tuple(self._boxes):
            found = yield from self._account.ask(f"{box}/outgoing/{provider_id}", now)
            if isinstance(found, Failure):
                return found
            if found is not None:
                self._boxes.sort(key=lambda each: each != box)  # the next one is probably there too
                return records.receipt(found, self._settings)
            self._boxes.sort(key=lambda each: each == box)  # who has no call left for the others begins there
        return None

    def look_up(self, doubt: Doubt, now: datetime) -> Exchange[Receipt | Failure | None]:
        """Look for a tag among what was sent, then for a like text among what is pending.

        How the filter wants a receiver written is not documented: +33… and 0033… are tried, and
        then the tag's texts are read one by one, `CALLS` at most.
        """
        box = self._settings.box(doubt.sender)
        written = (doubt.to, doubt.to.replace("+", "00"), None)
        for receiver in written:
            query = [("tag", doubt.reference), *([("receiver", receiver)] if receiver else [])]
            found = yield from self._find(f"{box}/outgoing", query, doubt, now)
            if found is not None:
                return found
        return (yield from self._find(f"{box}/jobs", [], doubt, now))

    def _find(
        self, path: str, query: Sequence[tuple[str, str]], doubt: Doubt, now: datetime
    ) -> Exchange[Receipt | Failure | None]:
        listed = yield from self._account.ask(path, now, query)
        if isinstance(listed, Failure):
            return listed
        alike: list[Receipt | Failure] = []
        new = [each for each in records.ids(listed) if each not in doubt.others]
        for each in reversed(new[-CALLS:]):
            record = yield from self._account.ask(f"{path}/{each}", now)
            if isinstance(record, Failure):
                return record
            if isinstance(record, dict) and self._is(record, doubt):
                alike.append(records.receipt(record, self._settings, doubt.reference))
                if record.get("tag"):
                    return alike[-1]
        # two without a tag prove that one of them is ours, but not which
        return alike[0] if len(alike) == 1 else None

    def _is(self, record: Mapping[str, object], doubt: Doubt) -> bool:
        """Whether a record is of this send. Pending jobs carry no tag: text and time tell them apart."""
        if self._settings.e164(str(record.get("receiver"))) != doubt.to:
            return False
        if record.get("tag"):
            return record["tag"] == doubt.reference
        created = records.moment(record.get("creationDatetime"))
        sent_at = self._account.server_time(doubt.sent_at)
        return (
            record.get("message") == doubt.text
            and created is not None
            and abs(created - sent_at) <= CLOCKS_DIFFER
        )

    # ---- balance

    def balance(self, now: datetime) -> Exchange[Balance | Failure]:
        """Credits left: the account's, or the API user's quota where that is less."""
        paths = {"creditsLeft": self._settings.account_path}
        if self._settings.user is not None:
            paths["quotaLeft"] = self._settings.box("")
        left: list[float] = []
        for key, path in paths.items():
            found = yield from self._account.ask(path, now)
            if isinstance(found, Failure):
                return found
            fields = found if isinstance(found, dict) else {}
            fields = {**fields, **_active_quota(fields.get("quotaInformations"))}
            amount = records.amount(fields.get(key))
            if amount is None and key == "creditsLeft":
                return InDoubt("unreadable")
            left += [] if amount is None else [amount]
        return Balance(amount=min(left), unit=CREDIT)

    def status(self, now: datetime) -> Exchange[Failure | None]:
        """Whether the account is open and has credits."""
        found = yield from self._account.ask(self._settings.account_path, now)
        if found is None:
            return CutOff(CutReason.SUSPENDED, "http_404")
        return found if isinstance(found, Failure) else records.closed(found)


def _fields(hook: Hook) -> dict[str, str]:
    return dict(hook.query() + (hook.form() if hook.method == "POST" else []))


def _active_quota(quota: object) -> Mapping[str, object]:
    return quota if isinstance(quota, dict) and quota.get("quotaStatus") == "active" else {}
