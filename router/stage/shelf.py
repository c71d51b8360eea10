"""Pages of drills, kept in the demo's folder so that its console shows them."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from html import unescape
from pathlib import Path

from router.stage import signpost
from router.web.shapes import Drill

_HEADLINE = re.compile(r'<h1(?: lang="(\w+)")?>([^<]*)</h1>')
"""As a drill's page has one for each of its languages."""


def put(home: Path, name: str, page: str) -> None:
    """Keep a page, in place of one of the same name."""
    signpost.prepare(home)
    folder = _folder(home)
    folder.mkdir(mode=0o700, exist_ok=True)
    draft = folder / f"{name}.new"
    draft.write_text(page, encoding="utf-8")
    draft.replace(folder / f"{name}.html")


def drills(home: Path) -> list[Drill]:
    """What is kept, the newest first."""
    found = [_read(path) for path in _folder(home).glob("*.html")]
    return sorted(found, key=lambda drill: drill.at, reverse=True)


def page(home: Path, name: str) -> str | None:
    """One page, None if there is none of that name."""
    known = {path.stem: path for path in _folder(home).glob("*.html")}
    return known[name].read_text(encoding="utf-8") if name in known else None


def _folder(home: Path) -> Path:
    return home / "drills"


def _read(path: Path) -> Drill:
    page = path.read_text(encoding="utf-8")
    said = {language or "en": unescape(words) for language, words in _HEADLINE.findall(page)}
    return Drill(
        name=path.stem,
        at=datetime.fromtimestamp(path.stat().st_mtime, UTC),
        headline=said.get("en", ""),
        headline_fr=said.get("fr", ""),
    )
