"""The chart of an export's page: when texts came, which looked abusive, and when a raid was on."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from html import escape

from router.evidence.picture import Bar, Picture

_WIDTH, _HEIGHT, _LEFT, _BOTTOM, _WORDS, _LABELS = 900, 220, 50, 24, 72, 8
_DAY = timedelta(days=1)


def chart(picture: Picture, step: timedelta, bars: Sequence[Bar], label: str) -> str:
    """An SVG.

    Args:
        picture: Whose raids are shaded.
        step: Of a bar.
        bars: In order.
        label: What it shows, for who does not see it.
    """
    top = max((bar.texts for bar in bars), default=0) or 1
    wide, tall = (_WIDTH - _LEFT) / len(bars), _HEIGHT - _BOTTOM - 10
    whole = step * len(bars)

    def place(at: datetime) -> float:
        return _LEFT + (_WIDTH - _LEFT) * min(1.0, max(0.0, (at - bars[0].at) / whole))

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
    spelled = "%d/%m/%Y" if step >= _DAY else "%d/%m %H:%M"
    for number in range(0, len(bars), -(-len(bars) // _LABELS)):
        x, at = _LEFT + number * wide, picture.here(bars[number].at)
        if x <= _WIDTH - _WORDS:
            parts.append(f'<text x="{x:.1f}" y="{_HEIGHT - 6}">{at:{spelled}}</text>')
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
