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

from router.evidence.chart import chart
from router.evidence.picture import Picture, Wording
from router.rules.budget import MICROS
from router.rules.campaign import came_since

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
_HOUR = timedelta(hours=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """What vouches for a folder.

    Args:
        roots: Roots that it goes by.
        left: Those of them that had left the machine when it was made.
        stamped: Roots that an authority has timestamped.
    """

    roots: int
    left: int
    stamped: int = 0


def page(picture: Picture, currency: str, proof: Proof) -> str:
    """The whole page.

    Args:
        picture: What there is to show.
        currency: Of what answers cost.
        proof: What vouches for it.
    """
    style = Path(__file__).with_name("page.css").read_text(encoding="utf-8")
    sections = "\n".join(
        f'<section lang="{language}" id="{language}">\n'
        f"{_Section(picture, currency, proof, language).whole()}\n</section>"
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
    proof: Proof
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
        title = say["title"].format_map({"from": self._moment(seen.from_at), "to": self._moment(seen.to_at)})
        yield f"<h1>{escape(title)}</h1>"
        lead = say["lead"].format(
            **figures,
            came=self._many(say, "came", seen.texts),
            senders=self._many(say, "senders", len(seen.texters)),
            share=self._share(seen.flagged, seen.texts),
        )
        yield f'<p class="lead">{escape(lead)}</p>'
        cards = (
            f"<div><b>{figure}</b>{escape(say[f'card_{name}'])}</div>" for name, figure in figures.items()
        )
        yield f'<div class="cards">{"".join(cards)}</div>'

    def _when(self, say: dict[str, str]) -> Iterator[str]:
        step, bars = self.picture.bars()
        yield f"<h2>{escape(say['when'])}</h2>"
        yield f'<div class="wide">{chart(self.picture, step, bars, say["when"])}</div>'
        yield f'<p class="small">{escape(say["when_more"].format(step=_lasted(step)))}</p>'

    def _concerted(self, say: dict[str, str]) -> Iterator[str]:
        yield f"<h2>{escape(say['concerted'])}</h2>"
        if not self.picture.changes:
            yield f"<p>{escape(say['calm_throughout'])}</p>"
        before = "calm"
        for change in self.picture.changes:
            at, mode = self._moment(datetime.fromisoformat(change["at"])), change["mode"]
            yield f"<h3>{escape(say['declared' if mode == before == 'raid' else mode])}, {at}</h3>"
            before = mode
            yield f"<p>{escape(self._change(change, say))}</p>"

    def _change(self, change: Mapping[str, Any], say: dict[str, str]) -> str:
        told, began = change["explanation"], datetime.fromisoformat(change["began"])
        said = say[f"by_{change['cause']}"].format(
            by=say.get(f"person_{change['by']}", change["by"]),
            statistic=self._spelled(f"{change['statistic']:.1f}"),
            limit=self._spelled(f"{change['limit']:g}"),
        )
        if change["texts"]:
            owed = say["owed"].format(
                flagged=self._number(change["flagged"]),
                texts=self._many(say, "texts", change["texts"]),
                share=self._share(change["flagged"], change["texts"]),
                baseline=self._share(change["baseline"], 1),
                first=self._moment(came_since(began, change["texts"])),
                last=self._moment(datetime.fromisoformat(change["at"])),
            )
            said = f"{owed} {said}"
        if not told["texts"]:
            return said
        said += " " + say["seen"].format(
            came=self._many(say, "came", told["texts"]),
            senders=self._many(say, "senders", told["senders"]),
            numbers=self._counted(told["numbers"]),
            prefixes=self._counted(told["prefixes"]),
        )
        if told["clusters"]:
            each = (self._cluster(cluster, say) for cluster in told["clusters"])
            said += " " + say["seen_clusters"].format(clusters="; ".join(each))
        return said

    def _cluster(self, cluster: Mapping[str, Any], say: dict[str, str]) -> str:
        return say["seen_cluster"].format(
            texts=self._many(say, "texts", cluster["texts"]),
            senders=self._many(say, "senders", cluster["senders"]),
            id=cluster["id"],
        )

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
            self._moment(each.first),
            self._moment(each.last),
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
        if self.picture.twice:
            yield f"<p>{escape(self._many(say, 'twice', self.picture.twice))}</p>"

    def _prove(self, say: dict[str, str]) -> Iterator[str]:
        left = self._left(say)
        yield f"<h2>{escape(say['prove'])}</h2><p>{escape(say['prove_more'])}</p><p>{escape(left)}</p>"
        yield f"<p>{escape(say['prove_roots' if self.proof.left else 'prove_alone'])}</p>"
        roots, french = (
            " --roots FILE" if self.proof.left else "",
            " --lang fr" if self.language == "fr" else "",
        )
        yield f"<pre>python3 verify.py{roots}{french}</pre>"
        yield f"<p>{escape(say['prove_table'])}</p>"
        yield f"<p>{escape(self._withheld(say))}</p>"
        if self.proof.stamped:
            stamped = self._many(say, "roots", self.proof.stamped)
            yield f"<p>{escape(say['stamped'].format(stamped=stamped))}</p>"
        yield f"<h2>{escape(say['files'])}</h2>"
        rows = ([f"<code>{name}</code>", escape(say[what])] for name, what in _FILES.items())
        yield _table([], rows)
        yield f"<h2>{escape(say['limits'])}</h2><p>{escape(say['limits_more'])}</p>"
        zone, offset = self.picture.from_at.tzname() or "", f"UTC{self.picture.from_at:%z}"
        zone = zone if zone.startswith("UTC") else f"{zone} ({offset})"
        made = say["made"].format(zone=zone, version=f"paravent {version('paravent')}")
        yield f'<p class="small">{escape(made)}</p>'

    def _left(self, say: dict[str, str]) -> str:
        """How many roots had left the machine, and what is proved less where some had not."""
        proof = self.proof
        which = "left_none" if not proof.left else "left_all" if proof.left == proof.roots else "left_some"
        return say[which].format(
            left=self._number(proof.left),
            roots=self._many(say, "roots", proof.roots),
            stay=self._number(proof.roots - proof.left),
        )

    def _withheld(self, say: dict[str, str]) -> str:
        """What is a hash only in this folder, by why; what nobody can hold against its time is said apart."""
        seen = self.picture
        told = say["withheld"].format(
            sealed=self._number(seen.withheld["sealed"]),
            erased=self._number(seen.withheld["erased"]),
            elsewhere=self._number(seen.elsewhere),
        )
        return f"{told} {say['whole'].format(count=self._number(seen.whole))}" if seen.whole else told

    def _many(self, say: dict[str, str], what: str, many: int) -> str:
        """So many of something; nought is one in French, and many in English."""
        one = many == 1 or (many == 0 and self.language == "fr")
        return say[f"{what}_{'one' if one else 'more'}"].format(count=self._number(many))

    def _number(self, many: float) -> str:
        return f"{many:,}".replace(",", " " if self.language == "fr" else ",")

    def _share(self, part: float, whole: float) -> str:
        return self._spelled(f"{100 * part / whole:.1f} %") if whole else "-"

    def _money(self, micros: int) -> str:
        return f"{self._spelled(f'{micros / MICROS:.2f}')} {self.currency}"

    def _moment(self, at: datetime) -> str:
        return f"{self.picture.here(at):%d/%m/%Y %H:%M:%S}"

    def _spelled(self, figure: str) -> str:
        return figure.replace(".", ",") if self.language == "fr" else figure

    def _counted(self, found: Mapping[str, int]) -> str:
        return ", ".join(f"{name} ({self._number(many)})" for name, many in found.items())


def _table(heads: list[str], rows: Iterable[list[str]]) -> str:
    """Cells are HTML; figures stand to the right."""
    lines = [f"<tr>{''.join(f'<td{_look(cell)}>{cell}</td>' for cell in row)}</tr>" for row in rows]
    head = "".join(f"<th>{escape(name)}</th>" for name in heads)
    return f'<div class="wide"><table>{f"<tr>{head}</tr>" if heads else ""}{"".join(lines)}</table></div>'


def _look(cell: str) -> str:
    return ' class="n"' if cell[:1].isdigit() and cell.replace(" ", "").replace(",", "").isdigit() else ""


def _lasted(span: timedelta) -> str:
    hours, seconds = divmod(int(span.total_seconds()), 3600)
    minutes, seconds = divmod(seconds, 60)
    said = (
        f"{hours} h" if hours else "",
        f"{minutes} min" if minutes else "",
        f"{seconds} s" if seconds else "",
    )
    return " ".join(part for part in said if part) or "0 s"
