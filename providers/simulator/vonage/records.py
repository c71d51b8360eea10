"""Vonage's Reports API: records of texts, by id or by time, a page at a time, some while after the fact."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from providers.simulator.account import Text
from providers.simulator.vonage.account import VonageAccount
from providers.simulator.vonage.hooks import bare, report_word, split_price, split_text

_PRODUCT = {"messages": "MESSAGES", "sms": "SMS"}
_WINDOW = timedelta(hours=24)
_MOST_IDS = 20


class Wrong(ValueError):
    """A query that cannot be answered; the message names the parameter."""


def page(
    account: VonageAccount, texts: Iterable[Text], query: Mapping[str, str], now: datetime, url: str
) -> dict[str, Any]:
    """One page of records, as the API words it.

    Raises:
        Wrong: The query lacks something, or its filters do not go together.
    """
    for name in ("account_id", "product", "direction"):
        if not query.get(name):
            raise Wrong(name)
    if query["product"] not in _PRODUCT.values():
        raise Wrong("product")
    wanted = _wanted(query)
    known = [text for text in texts if (now - text.at).total_seconds() >= account.report_seconds]
    asked = query["product"] == _PRODUCT[account.mode]
    inbound = query["direction"] == "inbound"
    found = [
        record
        for text in (known if asked else ())
        if text.inbound is inbound
        for record in _records(account, text, query)
        if wanted(record, text)
    ]
    return _worded(account, found, query, url)


def _wanted(query: Mapping[str, str]) -> Any:
    """What a query looks for: ids, or texts taken from one time up to another."""
    ids = [identity for identity in query.get("id", "").split(",") if identity]
    dates = [query.get(name, "") for name in ("date_start", "date_end")]
    if ids:
        if any(dates) or len(ids) > _MOST_IDS:
            raise Wrong("id")
        return lambda record, _: record["message_id"] in ids
    try:
        start, end = (datetime.fromisoformat(date) for date in dates)
        if not timedelta(0) <= end - start <= _WINDOW:
            raise Wrong("date_end")
    except (ValueError, TypeError) as error:
        raise Wrong("date_start" if not dates[0] else "date_end") from error
    return lambda _, text: start <= text.at < end


def _records(account: VonageAccount, text: Text, query: Mapping[str, str]) -> list[dict[str, Any]]:
    ids = text.detail["ids"]
    pieces = split_text(text.text, text.parts)
    record: dict[str, Any] = {
        "account_id": account.api_key,
        "direction": "inbound" if text.inbound else "outbound",
        "from": bare(text.sender),
        "to": bare(text.to),
        "date_received": _when(text.at),
        "currency": account.unit,
    }
    sms = account.mode == "sms"
    record |= {"network": "20801", "network_name": "Orange"} if sms else {"provider": "sms"}
    if sms or not text.inbound:
        record |= {"country": "FR", "country_name": "France"}
    if not text.inbound:
        record |= {
            "client_ref": text.reference,
            "date_finalized": _when(text.changed),
            "status": report_word(account.mode, text.status),
            "error_code": text.code or "0",
        }
    if sms and not text.inbound:
        record["concatenated"] = len(ids) > 1
    rows = [
        {**record, "message_id": identity, "total_price": float(price)}
        for identity, price in zip(ids, split_price(text, len(ids)), strict=True)
    ]
    if query.get("include_message") == "true":
        bodies = pieces if len(ids) > 1 else [text.text]
        rows = [{**row, "message_body": body} for row, body in zip(rows, bodies, strict=False)]
    return rows


def _worded(
    account: VonageAccount, found: list[dict[str, Any]], query: Mapping[str, str], url: str
) -> dict[str, Any]:
    start = int(query.get("cursor", "0")) if query.get("cursor", "0").isdecimal() else 0
    shown = found[start : start + account.report_page]
    more = start + len(shown) < len(found)
    plain = {key: value for key, value in query.items() if key not in {"cursor", "iv"}}
    links = {"self": {"href": f"{url}?{urlencode(plain)}"}}
    said: dict[str, Any] = {
        "_links": links,
        "request_id": "aaaaaaaa-bbbb-cccc-dddd-0123456789ab",
        "request_status": "TRUNCATED" if more else "SUCCESS",
        "account_id": account.api_key,
        "product": query["product"],
        "direction": query["direction"],
        "items_count": len(shown),
        "records": shown,
    }
    if query.get("id"):
        here = {record["message_id"] for record in found}
        said["ids_not_found"] = ",".join(each for each in query["id"].split(",") if each not in here)
    if more:
        cursor = {"cursor": str(start + len(shown)), "iv": "simulated"}
        links["next"] = {"href": f"{url}?{urlencode(plain | cursor)}"}
        said |= cursor
    return said


def _when(moment: datetime) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%S}+0000"
