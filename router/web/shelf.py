"""Pages of drills, kept in a folder of the router's data so that its console shows them."""

from __future__ import annotations

import os
import re
from contextlib import suppress
from datetime import UTC, datetime
from functools import lru_cache
from html import unescape
from pathlib import Path
from typing import NamedTuple

_HEADLINE = re.compile(r'<h1(?: lang="(\w+)")?>([^<]*)</h1>')
"""As a drill's page has one for each of its languages."""

_MOST = 20


class Kept(NamedTuple):
    """One page.

    Args:
        name: Which drill, without its file's ending.
        headline: What came of it, by language.
    """

    name: str
    at: datetime
    headline: dict[str, str]


def put(folder: Path, name: str, page: str) -> None:
    """Keep a page, in place of one of the same name. Raises `OSError`."""
    folder.mkdir(exist_ok=True)
    draft = folder / f"{name}.new"
    draft.write_text(page, encoding="utf-8")
    if os.geteuid() == 0:  # whoever owns the data is to read it, and to keep others
        owner = folder.parent.stat()
        for each in (folder, draft):
            os.chown(each, owner.st_uid, owner.st_gid)
    draft.replace(folder / f"{name}.html")


def drills(folder: Path) -> list[Kept]:
    """The last that are kept, the newest first; what cannot be read is left out."""
    found = []
    for path in folder.glob("*.html"):
        with suppress(OSError):
            found.append((path.stat().st_mtime, path))
    kept = []
    for at, path in sorted(found, reverse=True)[:_MOST]:
        with suppress(OSError):
            kept.append(_read(path, at))
    return kept


def page(folder: Path, name: str) -> str | None:
    """One page, None if there is none of that name."""
    for path in folder.glob("*.html"):
        if path.stem == name:
            with suppress(OSError):
                return path.read_text(encoding="utf-8")
    return None


@lru_cache(maxsize=2 * _MOST)
def _read(path: Path, at: float) -> Kept:
    """What stands there since `at`."""
    said = _HEADLINE.findall(path.read_text(encoding="utf-8"))
    headline = {language or "en": unescape(words) for language, words in said}
    return Kept(path.stem, datetime.fromtimestamp(at, UTC), headline)
