"""What the simulated OVH shows of its texts: resources, filtered lists, and the CSV export."""

from __future__ import annotations

import csv
import io
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from typing import Any

from providers.simulator.account import Text

_PARIS = timezone(timedelta(hours=1))
_RECEIPT = {"queued": 0, "sent": 8, "delivered": 1, "undelivered": 2, "failed": 16}
_PTT = {"queued": 0, "sent": 3, "delivered": 4, "undelivered": 5, "failed": 0}


def codes(status: str, code: str) -> tuple[int, int]:
    """`deliveryReceipt` and `ptt` of a status; `code` is a PTT of its own for a text not delivered."""
    ptt = int(code) if status == "undelivered" and code.isdecimal() else _PTT[status]
    return _RECEIPT[status], ptt


def written(moment: datetime | None) -> str | None:
    """A time as OVH writes it."""
    return None if moment is None else moment.astimezone(_PARIS).isoformat(timespec="seconds")


def outgoing(text: Text) -> dict[str, Any]:
    """`sms.Outgoing`."""
    receipt, ptt = codes(text.status, text.code)
    return {
        "id": int(text.provider_id),
        "sender": text.sender,
        "receiver": text.to,
        "message": text.text,
        "messageLength": len(text.text),
        "numberOfSms": text.parts,
        "credits": float(text.price),
        "tag": text.reference,
        "creationDatetime": written(text.at),
        "sentAt": written(text.sent_at),
        "deliveredAt": written(text.changed) if text.status == "delivered" else None,
        "deliveryReceipt": receipt,
        "ptt": ptt,
        "differedDelivery": 0,
        "tariffCode": "",
        "batchID": None,
        "messageID": None,
    }


def job(text: Text) -> dict[str, Any]:
    """`sms.Job`, a text still pending: it has no tag."""
    absent = {"tag", "tariffCode", "batchID", "messageID"}
    return {key: value for key, value in outgoing(text).items() if key not in absent}


def incoming(text: Text) -> dict[str, Any]:
    """`sms.Incoming`. It does not say which number was texted."""
    return {
        "id": int(text.provider_id),
        "sender": text.sender,
        "message": text.text,
        "tag": "",
        "credits": float(text.price),
        "creationDatetime": written(text.at),
    }


def listed(texts: Iterable[Text], query: Mapping[str, str]) -> list[int]:
    """Ids of those a query's filters let through, in no order one may count on.

    Raises:
        ValueError: A filter is no time or no number.
    """
    since, until = (_time(query.get(f"creationDatetime.{end}")) for end in ("from", "to"))
    found = []
    for text in texts:
        shown = incoming(text) if text.inbound else outgoing(text)
        plain = ("tag", "sender", "receiver", "deliveryReceipt", "ptt", "differedDelivery")
        fits = all(str(shown.get(key)) == query[key] for key in plain if key in query)
        moment = text.at.replace(microsecond=0)
        if fits and (since is None or since <= moment) and (until is None or moment <= until):
            found.append(int(text.provider_id))
    return found[1::2] + found[::2]


def _time(value: str | None) -> datetime | None:
    if value is None:
        return None
    moment = datetime.fromisoformat(value)
    return moment if moment.tzinfo else moment.replace(tzinfo=_PARIS)


def sheet(texts: Sequence[Text]) -> bytes:
    """The CSV export. OVH documents no columns: these are the names of its own fields."""
    out = io.StringIO()
    rows = [incoming(text) if text.inbound else outgoing(text) for text in texts]
    table = csv.DictWriter(out, list(rows[0]) if rows else ["id"], delimiter=";")
    table.writeheader()
    table.writerows(rows)
    return out.getvalue().encode("utf-8-sig", "surrogatepass")


@dataclass(frozen=True, slots=True)
class Box:
    """What a path is about: the account, one of its API users, or one of its numbers."""

    number: str = field(default="", repr=False)
    user: str = ""


@dataclass(slots=True)
class Archive:
    """Every text by the kind it is listed as: ``jobs`` while queued, then ``outgoing``; ``incoming``."""

    texts: Mapping[str, Text] = field(repr=False)
    numbers: Collection[str] = field(repr=False)
    deleted: set[str] = field(default_factory=set)
    documents: dict[str, tuple[int, bytes]] = field(default_factory=dict, repr=False)

    def of(self, kind: str, box: Box) -> list[Text]:
        """The texts of a kind in a box, oldest first."""
        return [text for text in self.texts.values() if self._is(text, kind, box)]

    def one(self, kind: str, provider_id: str, box: Box) -> Text | None:
        """One of them by its id."""
        text = self.texts.get(provider_id)
        return text if text is not None and self._is(text, kind, box) else None

    def export(self, document: str, way: str, query: Mapping[str, str]) -> None:
        """Put the account's texts in a document: those of its numbers too, which is unverified."""
        mine = [text for text in self.texts.values() if text.inbound == (way == "incoming")]
        wanted = {str(each) for each in listed(mine, query)}
        self.documents[document] = (0, sheet([text for text in mine if text.provider_id in wanted]))

    def about(self, document: str, url: str) -> dict[str, Any]:
        """`nichandle.document.Document`: at the first look it is still empty."""
        looks, content = self.documents[document]
        self.documents[document] = (looks + 1, content)
        return {
            "id": document,
            "name": f"{document}.csv",
            "size": len(content) if looks else 0,
            "getUrl": url,
        }

    def _is(self, text: Text, kind: str, box: Box) -> bool:
        if text.provider_id in self.deleted or text.inbound != (kind == "incoming"):
            return False
        if not text.inbound and (text.status == "queued") != (kind == "jobs"):
            return False
        ours = text.to if text.inbound else text.sender
        if box.number:
            return ours == box.number
        return ours not in self.numbers and (not box.user or text.detail.get("user") == box.user)
