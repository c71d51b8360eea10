"""What the simulated OVH pushes: texts as a form, receipts as a GET, neither with any proof."""

from __future__ import annotations

from datetime import datetime
from urllib.parse import urlencode

from providers.simulator.account import Text
from providers.simulator.courier import Post
from providers.simulator.ovh.account import OvhAccount
from providers.simulator.ovh.archive import codes


def inbound(text: Text, account: OvhAccount) -> Post:
    """A text that came in, as `smsResponse` of type `cgi` hands it over."""
    sender = text.sender
    if account.national and sender.startswith("+33"):
        sender = "0" + sender.removeprefix("+33")
    fields = {
        "id": text.provider_id,
        "senderid": sender,
        "message": text.text,
        "tag": "",
        "shortcode": text.to.removeprefix("+"),
    }
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    return Post(account.inbound_url, urlencode(fields, errors="surrogatepass").encode(), headers)


def receipt(text: Text, status: str, code: str, now: datetime) -> Post:
    """A status as `callBack` reports it, its facts in the query."""
    delivery, ptt = codes(status, code)
    facts = {
        "id": text.provider_id,
        "ptt": str(ptt),
        "date": now.strftime("%Y-%m-%d %H:%M:%S"),
        "description": str(delivery),
        "descriptionDlr": status,
    }
    joint = "&" if "?" in text.receipt_url else "?"
    return Post(f"{text.receipt_url}{joint}{urlencode(facts)}", method="GET")
