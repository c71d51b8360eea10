"""The page of an export, for a browser or a printer, in French and in English; it needs nothing else."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from html import escape
from importlib.metadata import version
from pathlib import Path
from typing import Any

from router.evidence.picture import Bar, Picture, Wording
from router.rules.budget import MICROS

LANGUAGES = ("fr", "en")
"""In the order in which they stand on the page."""

_FILES = {
    "leaves.jsonl": "file_leaves",
    "roots.jsonl": "file_roots",
    "texts.csv": "file_texts",
    "requests.jsonl": "file_requests",
    "manifest.json": "file_manifest",
    "verify.py": "file_verify",
}
_WIDTH, _HEIGHT, _LEFT, _BOTTOM, _WORDS = 900, 220, 50, 24, 72
_HOUR = timedelta(hours=1)


def page(picture: Picture, currency: str, *, stamped: int) -> str:
    """The whole page.

    Args:
        picture: What there is to show.
        currency: Of what answers cost.
        stamped: Roots that an authority has timestamped.
    """
    style = Path(__file__).with_name("page.css").read_text(encoding="utf-8")
    sections = "\n".join(
        f'<section lang="{language}" id="{language}">\n'
        f"{_Section(picture, currency, stamped, language).whole()}\n</section>"
        for language in LANGUAGES
    )
    return (
        f'<!doctype html>\n<html lang="{LANGUAGES[0]}"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        '<meta http-equiv="Content-Security-Policy"'
        """ content="default-src 'none'; style-src 'unsafe-inline'">"""
        f"<title>Paravent</title>\n<style>\n{style}</style></head>\n<body><main>\n"
        '<p class="small"><a href="#fr" lang="fr">Français</a> · <a href="#en" lang="en">English</a></p>\n'
        f"{sections}\n</main></body></html>\n"
    )


def words(language: str) -> dict[str, str]:
    """What is said in a language."""
    found: dict[str, str] = json.loads(
        Path(__file__).with_name(f"words.{language}.json").read_text(encoding="utf-8")
    )
    return found


@dataclass(frozen=True, slots=True)
class _Section:
    """The page in one language."""

    picture: Picture
    currency: str
    stamped: int
    language: str

    def whole(self) -> str:
        say = words(self.language)
        return "\n".join(part for write in self._parts() for part in write(say))

    def _parts(self) -> tuple[Callable[[dict[str, str]], Iterator[str]], ...]:
        return self._head, self._when, self._concerted, self._same, self._where, self._became, self._prove

    def _head(self, say: dict[str, str]) -> Iterator[str]:
        seen = self.picture
        figures = {
            "texts": self._number(seen.texts),
            "texters": self._number(len(seen.texters)),
            "flagged": self._number(seen.flagged),
            "answered": self._number(seen.answered),
            "held": self._number(seen.held),
            "spent": self._money(seen.spent),
        }
        title = say["title"].format_map({"from": _moment(seen.from_at), "to": _moment(seen.to_at)})
        yield f"<h1>{escape(title)}</h1>"
        lead = say["lead"].format(**figures, share=self._share(seen.flagged, seen.texts))
        yield f'<p class="lead">{escape(lead)}</p>'
        cards = (
            f"<div><b>{figure}</b>{escape(say[f'card_{name}'])}</div>" for name, figure in figures.items()
        )
        yield f'<div class="cards">{"".join(cards)}</div>'

    def _when(self, say: dict[str, str]) -> Iterator[str]:
        step, bars = self.picture.bars()
        yield f"<h2>{escape(say['when'])}</h2>"
        yield _chart(self.picture, step, bars, say["when"])
        yield f'<p class="small">{escape(say["when_more"].format(step=_lasted(step)))}</p>'

    def _concerted(self, say: dict[str, str]) -> Iterator[str]:
        yield f"<h2>{escape(say['concerted'])}</h2>"
        if not self.picture.changes:
            yield f"<p>{escape(say['calm_throughout'])}</p>"
        for change in self.picture.changes:
            yield f"<h3>{escape(say[change['mode']])}, {_moment(datetime.fromisoformat(change['at']))}</h3>"
            yield f"<p>{escape(self._change(change, say))}</p>"

    def _change(self, change: Mapping[str, Any], say: dict[str, str]) -> str:
        told, number = change["explanation"], self._number
        said = say[f"by_{change['cause']}"].format(
            by=change["by"],
            flagged=number(change["flagged"]),
            texts=number(change["texts"]),
            share=self._share(change["flagged"], change["texts"]),
            baseline=self._share(change["baseline"], 1),
            began=_moment(datetime.fromisoformat(change["began"])),
            statistic=self._spelled(f"{change['statistic']:.1f}"),
            limit=self._spelled(f"{change['limit']:g}"),
        )
        if not told["texts"]:
            return said
        said += " " + say["seen"].format(
            texts=number(told["texts"]),
            senders=number(told["senders"]),
            numbers=self._counted(told["numbers"]),
            prefixes=self._counted(told["prefixes"]),
        )
        if told["clusters"]:
            each = (say["seen_cluster"].format_map(cluster) for cluster in told["clusters"])
            said += " " + say["seen_clusters"].format(clusters="; ".join(each))
        return said

    def _same(self, say: dict[str, str]) -> Iterator[str]:
        largest = self.picture.largest()
        yield f"<h2>{escape(say['same'])}</h2><p>{escape(say['same_more'])}</p>"
        if not largest:
            yield f"<p>{escape(say['none_same'])}</p>"
            return
        heads = ("wording", "texts", "texters", "flagged", "first", "last", "within")
        yield _table([say[f"head_{name}"] for name in heads], (self._wording(each, say) for each in largest))

    def _wording(self, each: Wording, say: dict[str, str]) -> list[str]:
        assert each.first is not None  # noqa: S101 -- it has two texts
        assert each.last is not None  # noqa: S101 -- likewise
        sample = f"<details><summary>{escape(say['show'])}</summary>{escape(each.sample)}</details>"
        return [
            f"<code>{escape(each.name)}</code>{sample if each.sample else ''}",
            self._number(each.texts),
            self._number(len(each.texters)),
            self._share(each.flagged, each.texts),
            _moment(each.first),
            _moment(each.last),
            _lasted(each.last - each.first),
        ]

    def _where(self, say: dict[str, str]) -> Iterator[str]:
        yield f"<h2>{escape(say['where'])}</h2>"
        for name, found in (("number", self.picture.numbers), ("prefix", self.picture.prefixes)):
            rows = ([escape(which), self._number(many)] for which, many in found.most_common(15))
            yield _table([say[f"head_{name}"], say["head_texts"]], rows)

    def _became(self, say: dict[str, str]) -> Iterator[str]:
        yield f"<h2>{escape(say['became'])}</h2>"
        rows = (
            [escape(say.get(f"end_{end}", end.replace("_", " "))), self._number(many)]
            for end, many in self.picture.ends.most_common()
        )
        yield _table([say["head_end"], say["head_texts"]], rows)

    def _prove(self, say: dict[str, str]) -> Iterator[str]:
        yield f"<h2>{escape(say['prove'])}</h2><p>{escape(say['prove_more'])}</p>"
        yield "<pre>python3 verify.py --roots FILE</pre>"
        yield f"<p>{escape(say['prove_without'])}</p>"
        if self.stamped:
            yield f"<p>{escape(say['stamped'].format(stamped=self.stamped))}</p>"
        yield f"<h2>{escape(say['files'])}</h2>"
        rows = ([f"<code>{name}</code>", escape(say[what])] for name, what in _FILES.items())
        yield _table([], rows)
        yield f"<h2>{escape(say['limits'])}</h2><p>{escape(say['limits_more'])}</p>"
        zone = f"{self.picture.from_at.astimezone():%Z (UTC%z)}"
        made = say["made"].format(zone=zone, version=f"paravent {version('paravent')}")
        yield f'<p class="small">{escape(made)}</p>'

    def _number(self, many: float) -> str:
        return f"{many:,}".replace(",", " " if self.language == "fr" else ",")

    def _share(self, part: float, whole: float) -> str:
        return self._spelled(f"{100 * part / whole:.1f} %") if whole else "-"

    def _money(self, micros: int) -> str:
        return f"{self._spelled(f'{micros / MICROS:.2f}')} {self.currency}"

    def _spelled(self, figure: str) -> str:
        return figure.replace(".", ",") if self.language == "fr" else figure

    def _counted(self, found: Mapping[str, int]) -> str:
        return ", ".join(f"{name} ({self._number(many)})" for name, many in found.items())


def _chart(picture: Picture, step: timedelta, bars: Iterable[Bar], label: str) -> str:
    bars = list(bars)
    top = max((bar.texts for bar in bars), default=0) or 1
    wide, tall = (_WIDTH - _LEFT) / len(bars), _HEIGHT - _BOTTOM - 10
    whole = step * len(bars)

    def place(at: datetime) -> float:
        return _LEFT + (_WIDTH - _LEFT) * min(1.0, max(0.0, (at - picture.from_at) / whole))

    parts = []
    for began, ended in _raids(picture):
        x, end = place(began), place(ended)
        parts.append(f'<rect class="raid" x="{x:.1f}" y="10" width="{end - x:.1f}" height="{tall}"/>')
    for number, bar in enumerate(bars):
        for look, many in (("texts", bar.texts), ("flagged", bar.flagged)):
            height = tall * many / top
            parts.append(
                f'<rect class="{look}" x="{_LEFT + number * wide:.1f}" y="{10 + tall - height:.1f}"'
                f' width="{max(0.8, wide - 0.8):.1f}" height="{height:.1f}"/>'
            )
    base = 10 + tall
    parts.append(f'<line class="axis" x1="{_LEFT}" y1="{base}" x2="{_WIDTH}" y2="{base}"/>')
    parts.append(f'<text x="{_LEFT - 6}" y="20" text-anchor="end">{top}</text>')
    for number in range(0, len(bars), max(1, len(bars) // 8)):
        x = min(_LEFT + number * wide, _WIDTH - _WORDS)
        parts.append(f'<text x="{x:.1f}" y="{_HEIGHT - 6}">{bars[number].at.astimezone():%d/%m %H:%M}</text>')
    head = f'<svg viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" aria-label="{escape(label)}">'
    return f"{head}{''.join(parts)}</svg>"


def _raids(picture: Picture) -> Iterator[tuple[datetime, datetime]]:
    """When a raid was on, as far as the period shows."""
    began = picture.from_at if picture.changes and picture.changes[0]["mode"] == "calm" else None
    for change in picture.changes:
        at = datetime.fromisoformat(change["at"])
        if change["mode"] == "raid":
            began = began or at
        elif began is not None:
            yield began, at
            began = None
    if began is not None:
        yield began, picture.to_at


def _table(heads: list[str], rows: Iterable[list[str]]) -> str:
    """Cells are HTML; figures stand to the right."""
    lines = [f"<tr>{''.join(f'<td{_look(cell)}>{cell}</td>' for cell in row)}</tr>" for row in rows]
    head = "".join(f"<th>{escape(name)}</th>" for name in heads)
    return f"<table>{f'<tr>{head}</tr>' if heads else ''}{''.join(lines)}</table>"


def _look(cell: str) -> str:
    return ' class="n"' if cell[:1].isdigit() and cell.replace(" ", "").replace(",", "").isdigit() else ""


def _moment(at: datetime) -> str:
    return f"{at.astimezone():%d/%m/%Y %H:%M:%S}"


def _lasted(span: timedelta) -> str:
    hours, seconds = divmod(int(span.total_seconds()), 3600)
    minutes, seconds = divmod(seconds, 60)
    said = (
        f"{hours} h" if hours else "",
        f"{minutes} min" if minutes else "",
        f"{seconds} s" if seconds else "",
    )
    return " ".join(part for part in said if part) or "0 s"
