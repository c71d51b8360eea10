"""Texts that came in, read back from OVH: one at a time, in the log, or from the CSV export in bulk."""

from __future__ import annotations

import csv
import io
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from urllib.parse import urlsplit

from providers import Exchange, Failure, Inbound, InDoubt, Request, Response
from providers.ovh import codes, records
from providers.ovh.account import Account, OvhSettings

CALLS = 20
"""Texts read one by one in an exchange: a third of the calls OVH tolerates in a minute."""

KEPT = 5_000
"""Texts remembered, so that a poll spends its calls on those it has not read yet."""


class Inbox:
    """Reads what came in. Deletes nothing: OVH's copy is evidence too."""

    def __init__(self, settings: OvhSettings, account: Account) -> None:
        self._settings = settings
        self._account = account
        self._export = Export(settings, account)
        self._read: dict[tuple[str, str], Inbound] = {}

    def reread(self, text: Inbound, now: datetime) -> Exchange[Inbound | Failure | None]:
        """Read one text again by its id, at the number it was for, else in the account's own list."""
        if records.whole(text.provider_id) is None:
            return None
        for box in dict.fromkeys((self._settings.box(text.to), self._settings.account_path)):
            found = yield from self._account.ask(f"{box}/incoming/{text.provider_id}", now)
            if isinstance(found, Failure):
                return found
            if found is not None:
                self._keep({(text.to, text.provider_id): found})  # the log need not read it once more
                return records.inbound(found, text.provider_id, text.to, self._settings)
        return None

    def log(
        self, numbers: Sequence[str], since: datetime, now: datetime, held: Collection[str] = ()
    ) -> Exchange[Sequence[Inbound] | Failure]:
        """Texts to these numbers since then, oldest first, but for those that are held.

        It costs a call a number, and one a text not read before, `CALLS` of them at most: the
        rest comes with the next poll, or with the export where that is switched on.
        """
        wanted: dict[tuple[str, str], None] = {}
        stamp = since.isoformat(timespec="seconds")
        for number in numbers:
            box = self._settings.box(number)
            found = yield from self._account.ask(f"{box}/incoming", now, [("creationDatetime.from", stamp)])
            if isinstance(found, Failure):
                return found
            wanted |= dict.fromkeys((number, each) for each in records.ids(found) if each not in held)
        failure = yield from self._fill(wanted, since, now)
        known = [self._read[key] for key in wanted if key in self._read]
        for old in list(self._read)[: max(0, len(self._read) - KEPT)]:
            del self._read[old]
        return failure or sorted(known, key=lambda text: text.at or since)

    def _fill(
        self, wanted: Mapping[tuple[str, str], None], since: datetime, now: datetime
    ) -> Exchange[Failure | None]:
        """Read what is not known yet: from the export as far as it is there, then one by one."""
        new = sorted((key for key in wanted if key not in self._read), key=lambda key: int(key[1]))
        if len(new) > CALLS and self._settings.bulk_export:
            rows = yield from self._export.rows(since, now)
            if isinstance(rows, Failure):
                return rows
            self._keep({key: rows[key[1]] for key in new if key[1] in rows})
            new = [key for key in new if key not in self._read]
        for number, provider_id in new[:CALLS]:
            record = yield from self._account.ask(f"{self._settings.box(number)}/incoming/{provider_id}", now)
            if isinstance(record, Failure):
                return record
            self._keep({(number, provider_id): record})
        return None

    def _keep(self, found: Mapping[tuple[str, str], object]) -> None:
        for (number, provider_id), record in found.items():
            text = records.inbound(record, provider_id, number, self._settings)
            if isinstance(text, Inbound):
                self._read[number, provider_id] = text


class Export:
    """The CSV of all that came in. Ordered in one poll, fetched in a later one, as OVH takes its time.

    Unverified: the columns (a setting) and whether it holds texts to virtual numbers. Rows only
    ever fill in for ids that the API itself listed. The keys need GET /me/document/*.
    """

    def __init__(self, settings: OvhSettings, account: Account) -> None:
        self._settings = settings
        self._account = account
        self._document = ""

    def rows(self, since: datetime, now: datetime) -> Exchange[Mapping[str, object] | Failure]:
        """Records by id, empty while the document is being made."""
        if not self._document:
            query = [("wayType", "incoming"), ("creationDatetime.from", since.isoformat(timespec="seconds"))]
            ordered = yield from self._account.ask(f"{self._settings.account_path}/document", now, query)
            if isinstance(ordered, Failure):
                return ordered
            self._document = ordered if isinstance(ordered, str) and _plain(ordered) else ""
            return {}
        about = yield from self._account.ask(f"/me/document/{self._document}", now)
        if isinstance(about, Failure):
            return about
        if isinstance(about, dict) and not about.get("size"):
            return {}
        self._document = ""
        url = about.get("getUrl") if isinstance(about, dict) else None
        if not isinstance(url, str) or not self._trusted(url):
            return InDoubt("unreadable")
        response = yield Request("GET", url)
        return codes.failure_of(response) or self._parse(response)

    def _trusted(self, url: str) -> bool:
        """Over TLS, or where the API itself is."""
        try:
            where, api = urlsplit(url), urlsplit(self._settings.base_url)
        except ValueError:
            return False
        ours = (where.scheme, where.netloc) == (api.scheme, api.netloc)
        return url.isascii() and url.isprintable() and " " not in url and (where.scheme == "https" or ours)

    def _parse(self, response: Response) -> Mapping[str, object]:
        sheet = response.body.decode("utf-8-sig", "surrogateescape")
        heading = sheet.partition("\n")[0]
        delimiter = max(";,\t", key=heading.count)
        columns = self._settings.export_columns
        names = {columns.sender: "sender", columns.message: "message"}
        names |= {columns.at: "creationDatetime", columns.credits: "credits"}
        try:
            table = list(csv.DictReader(io.StringIO(sheet, newline=""), delimiter=delimiter))
        except csv.Error:
            return {}
        return {
            row[columns.id]: {
                ours: row[theirs] for theirs, ours in names.items() if row.get(theirs) is not None
            }
            for row in table
            if row.get(columns.id)
        }


def _plain(document: str) -> bool:
    return document.isascii() and document.replace("-", "").isalnum()
