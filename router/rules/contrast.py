"""Which words a raid brought: how often they come now against how often before, and whom that holds.

House rule: it is learnt from this deployment's own texts alone; counts are values with a version, and every
decision can be made again from the version that it names.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import exp
from typing import TypeAlias
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

BITS = 16
"""Two to the power of this many counts."""

RECENT, BEFORE, REFERENCE = 600, 20_000, 2_000
"""Texts that `now`, `before` and the reference remember."""

WEIGHT = 1.5
"""What a contrast of one counts beside one of the score's log odds."""

Terms: TypeAlias = NDArray[np.uint16]
"""Where a text's words and pairs of words are counted, each once."""

_ONE = 1.0


def terms(spelt: str) -> Terms:
    """Where the words and the pairs of neighbours of a text are counted.

    Args:
        spelt: As `router.rules.spelling.spell` spells it; of a longer text, the first 120 words.
    """
    words = [word.encode("utf-8", "surrogatepass") for word in spelt.split(" ", 121)[:120] if word]
    ones = [crc32(word) for word in words]
    pairs = [crc32(word, one) for word, one in zip(words[1:], ones, strict=False)]
    return np.array(sorted({value & 0xFFFF for value in ones + pairs}), np.uint16)


@dataclass(frozen=True, slots=True, kw_only=True)
class Contrast:
    """What came lately and what came before, as decaying counts; `Contrast.empty()` before the first text.

    Args:
        version: One more with each `after`.
        now: In how many of the last texts each term was, float32 of 65,536.
        now_texts: How many texts these are.
        before: The same of the time before the raid.
        before_texts: How many texts these are.
    """

    version: int
    now: NDArray[np.float32]
    now_texts: float
    before: NDArray[np.float32]
    before_texts: float

    @staticmethod
    def empty() -> Contrast:
        """Nothing counted yet: every contrast is 0."""
        nothing = np.zeros(1 << BITS, np.float32)
        return Contrast(version=0, now=nothing, now_texts=0.0, before=nothing, before_texts=0.0)

    def after(self, texts: Sequence[Terms], *, raid: bool) -> Contrast:
        """Counts after some more texts; in a raid, `before` is frozen.

        Args:
            texts: The terms of each, in the order in which they came.
            raid: A raid is on.
        """
        if not texts:
            return self
        came = np.bincount(np.concatenate(texts), minlength=1 << BITS).astype(np.float32)
        fade = exp(-len(texts) / RECENT)
        past = 1.0 if raid else exp(-len(texts) / BEFORE)
        added = 0 if raid else 1
        return Contrast(
            version=self.version + 1,
            now=self.now * np.float32(fade) + came,
            now_texts=self.now_texts * fade + len(texts),
            before=self.before * np.float32(past) + came * np.float32(added),
            before_texts=self.before_texts * past + len(texts) * added,
        )

    def without(self, texts: Sequence[Terms]) -> Contrast:
        """Counts as if these had not come before: they were the raid's first, and are of now alone."""
        if not texts:
            return self
        came = np.bincount(np.concatenate(texts), minlength=1 << BITS).astype(np.float32)
        return replace(
            self,
            before=np.maximum(self.before - came, np.float32(0)),
            before_texts=max(0.0, self.before_texts - len(texts)),
        )

    def table(self) -> NDArray[np.float32]:
        """The log ratio of each term, now against before; 0 for what is rare in both."""
        expected = self.before * np.float32(self.now_texts / max(self.before_texts, 1.0))
        return np.log((self.now + np.float32(_ONE)) / (expected + np.float32(_ONE)))


def contrast(found: Terms, table: NDArray[np.float32]) -> float:
    """How much a text's words are those of now: the mean over its terms, 0.0 for none."""
    return float(table[found].sum()) / len(found) if len(found) else 0.0


def rank(logit: float, found: Terms, table: NDArray[np.float32]) -> float:
    """How suspicious a text is beside others: its score and its words together.

    Args:
        logit: The score as log odds.
        found: Its terms.
        table: `Contrast.table`.
    """
    return logit + WEIGHT * contrast(found, table)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reference:
    """The last texts before the raid: what is ordinary here.

    Args:
        logits: Their scores as log odds.
        texts: Their terms.
    """

    logits: tuple[float, ...] = ()
    texts: tuple[Terms, ...] = ()

    def after(self, logits: Sequence[float], texts: Sequence[Terms]) -> Reference:
        """The reference after some more calm texts; the oldest fall off."""
        return Reference(
            logits=(*self.logits, *logits)[-REFERENCE:], texts=(*self.texts, *texts)[-REFERENCE:]
        )

    def but(self, last: int) -> Reference:
        """The reference without its last texts."""
        kept = max(0, len(self.logits) - last)
        return Reference(logits=self.logits[:kept], texts=self.texts[:kept])

    def line(self, table: NDArray[np.float32], share: float) -> float:
        """The rank that this share of ordinary texts would have been above.

        Infinite while nothing is known: who knows nothing holds nobody.

        Args:
            table: `Contrast.table`: ordinary texts are ranked anew by the words of now.
            share: Of ordinary texts, the operator's knob.
        """
        if not self.logits or not share:
            return float("inf")
        lengths = np.fromiter(map(len, self.texts), np.int64, len(self.texts))
        worded, starts = lengths > 0, np.cumsum(lengths) - lengths
        sums = np.zeros(len(lengths), np.float32)
        if worded.any():
            sums[worded] = np.add.reduceat(table[np.concatenate(self.texts)], starts[worded])
        ranks = np.array(self.logits) + WEIGHT * sums / np.maximum(lengths, 1)
        return float(np.quantile(ranks, 1.0 - share))
