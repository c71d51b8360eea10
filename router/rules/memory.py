"""What is remembered of texts, to draw the line by: as values, and as the bytes they are kept as.

House rule: what is read back is the same to the last bit, so that whoever goes on draws the same line.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from math import inf

import numpy as np
from numpy.typing import NDArray

from router.rules.abuse import FLAGGED, SUSPICIOUS, logit
from router.rules.campaign import Change, Mode
from router.rules.clusters import Sighting
from router.rules.contrast import BITS, Contrast, Reference, terms
from router.rules.spelling import spell

_DIGITS = 5
_SUSPICIOUS = round(logit(SUSPICIOUS), _DIGITS)
_PREFIX = 4
_COUNTS = 4 << BITS
ENOUGH = 200
"""Texts of calm that say what is ordinary."""

RAIDED = 0.3
"""Share of suspicious ones among these from which on they are a raid's own, and say nothing of it."""

FLOOR = 0.2
"""Score below which no line lies: where all was polite before, the most suspicious of it is polite, too."""


@dataclass(frozen=True, slots=True)
class Seen:
    """One stored text, as it is counted.

    Args:
        odds: Its score as log odds.
        sighting: What an explanation needs.
    """

    odds: float
    sighting: Sighting

    @property
    def flagged(self) -> bool:
        """Whether it counts towards a raid."""
        return self.odds >= _SUSPICIOUS


def seen(body: str, score: float, sender: str, texter: bytes, number: str) -> Seen:
    """What is remembered of a text.

    Args:
        body: As received.
        score: As stored with it.
        sender: Who texted; only country and first digit of a number stay.
        texter: The same as a pseudonym.
        number: The texted number's name.
    """
    prefix = sender[:_PREFIX] if sender.startswith("+") else "other"
    return Seen(round(logit(score), _DIGITS), Sighting(terms(spell(body)), texter.hex(), prefix, number))


def packed(texts: Sequence[Seen]) -> bytes:
    """Some texts as bytes, to be sealed."""
    return zlib.compress(
        json.dumps(
            [(t.odds, t.sighting.terms.tolist(), *t.sighting[1:]) for t in texts], separators=(",", ":")
        ).encode(),
        1,
    )


def unpacked(kept: bytes) -> list[Seen]:
    """The reverse of `packed`."""
    return [
        Seen(odds, Sighting(np.array(found, np.uint16), sender, prefix, number))
        for odds, found, sender, prefix, number in json.loads(zlib.decompress(kept))
    ]


@dataclass(frozen=True, slots=True)
class Memory:
    """All that a line is drawn from; `Memory()` before the first bucket.

    Args:
        version: After so many buckets.
        words: How often each term comes, now and before.
        reference: The last texts of calm.
        loose: Texts since it was last kept whole.
    """

    version: int = 0
    words: Contrast = field(default_factory=Contrast.empty)
    reference: Reference = field(default_factory=Reference)
    loose: int = 0

    def after(self, texts: Sequence[Seen], mode: Mode, change: Change | None = None) -> Memory:
        """The memory after one more bucket, in the mode that this bucket left.

        Args:
            texts: Of the bucket.
            mode: Calm or raid.
            change: What the bucket changed: the texts that a raid was seen by are not what is ordinary.
        """
        found, calm = [text.sighting.terms for text in texts], mode is Mode.CALM
        known = self if calm or change is None else self._but(change.texts - len(texts))
        words, reference = known.words, known.reference
        return Memory(
            version=self.version + 1,
            words=words.after(found, raid=not calm),
            reference=reference.after([text.odds for text in texts], found) if calm else reference,
            loose=self.loose + len(texts),
        )

    def _but(self, last: int) -> Memory:
        reference = self.reference.but(last)
        gone = self.reference.texts[len(reference.texts) :]
        return replace(self, words=self.words.without(gone), reference=reference)

    @property
    def untaught(self) -> bool:
        """Whether what came before does not say what is ordinary: then the score alone speaks."""
        known = np.array(self.reference.logits)
        return len(known) < ENOUGH or int((known >= _SUSPICIOUS).sum()) > RAIDED * len(known)

    def table(self) -> NDArray[np.float32]:
        """What words say of a text; nothing as long as it is untaught."""
        table = self.words.table()
        return np.zeros_like(table) if self.untaught else table

    def line(self, mode: Mode, share: float) -> float:
        """The rank above which a text is held: this share of ordinary texts is at most; infinite in calm.

        Untaught, it holds the flagged ones, whatever the share is unless that is 0.
        """
        if mode is Mode.CALM or not share:
            return inf
        if self.untaught:
            return logit(FLAGGED)
        return max(logit(FLOOR), self.reference.line(self.table(), share))

    def packed(self) -> bytes:
        """All of it as bytes, to be sealed: what is read back draws the same line, to the last bit."""
        words, reference = self.words, self.reference
        head = {
            "version": self.version,
            "words": (words.version, words.now_texts, words.before_texts),
            "odds": reference.logits,
            "lengths": [len(found) for found in reference.texts],
        }
        counts = words.now.tobytes() + words.before.tobytes()
        texts = b"".join(found.tobytes() for found in reference.texts)
        return zlib.compress(json.dumps(head).encode() + b"\n" + counts + texts, 1)

    @staticmethod
    def unpacked(kept: bytes) -> Memory:
        """The reverse of `packed`."""
        line, _, body = zlib.decompress(kept).partition(b"\n")
        head = json.loads(line)
        version, now_texts, before_texts = head["words"]
        places = np.cumsum([2 * _COUNTS, *(2 * length for length in head["lengths"])])
        return Memory(
            version=head["version"],
            words=Contrast(
                version=version,
                now=_counts(body[:_COUNTS]),
                now_texts=now_texts,
                before=_counts(body[_COUNTS : 2 * _COUNTS]),
                before_texts=before_texts,
            ),
            reference=Reference(
                logits=tuple(head["odds"]),
                texts=tuple(np.frombuffer(body[start:end], np.uint16) for start, end in pairwise(places)),
            ),
        )


def _counts(kept: bytes) -> NDArray[np.float32]:
    return np.frombuffer(kept, np.float32)
