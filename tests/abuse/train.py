"""Makes the weights: `python -m tests.abuse.train` learns and says how well; with --write it ships them."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

import router.rules
from router.rules.abuse import BUCKETS_BITS, FLAGGED, Model, logit, places, score
from router.rules.lexicon import sense
from router.rules.spelling import spell
from tests.abuse.corpus import WEIGHTS, Example, grown, public

Floats = NDArray[np.float64]
EPOCHS, BATCH, RATE, DECAY = 8, 128, 0.05, 2e-6
FOLDS = 3
POLITE = ("opener", "supporter", "test")
FALSE_ALARMS = 0.005
"""Share that may be flagged of each polite kind, in families unknown to the model: it sets the threshold."""


class Rows:
    """Texts as the places of their pieces, one after the other."""

    def __init__(self, spelt: Sequence[str]) -> None:
        pieces = [places(text) for text in spelt]
        self.lengths = np.array([len(piece) for piece in pieces])
        self.starts = np.concatenate([[0], np.cumsum(self.lengths)])
        self.flat = np.concatenate(pieces)

    def take(self, chosen: NDArray[np.int64]) -> tuple[NDArray[np.uint32], NDArray[np.int64]]:
        """The places of these texts, and where each begins."""
        lengths = self.lengths[chosen]
        starts = np.concatenate([[0], np.cumsum(lengths)])
        index = np.arange(starts[-1]) - np.repeat(starts[:-1] - self.starts[chosen], lengths)
        return self.flat[index], starts[:-1]


def learn(rows: Rows, truth: Floats, weight: Floats, offset: Floats, seed: int) -> tuple[Floats, float]:
    """Logistic regression by AdaGrad, from a start of zeros; the mean of the second half's weights.

    Args:
        rows: The texts.
        truth: 1.0 for abusive.
        weight: How much each text counts.
        offset: What the lists already say of it, in log odds.
        seed: Of the order of texts.
    """
    random = np.random.default_rng(seed)
    weights, seen, mean = (np.zeros(1 << BUCKETS_BITS) for _ in range(3))
    bias, kept = 0.0, 0
    for epoch in range(EPOCHS):
        order = random.permutation(len(truth))
        for start in range(0, len(order), BATCH):
            chosen = order[start : start + BATCH]
            flat, begins = rows.take(chosen)
            length = np.sqrt(rows.lengths[chosen])
            said = np.add.reduceat(weights[flat], begins) / length + bias + offset[chosen]
            wrong = weight[chosen] * (1 / (1 + np.exp(-said)) - truth[chosen])
            pulled = np.repeat(wrong / length, rows.lengths[chosen])
            pull = DECAY * BATCH * weights + np.bincount(flat, pulled, minlength=1 << BUCKETS_BITS)
            seen += pull * pull
            weights -= RATE * pull / np.sqrt(seen + 1e-8)
            bias -= 0.01 * wrong.mean()
        if epoch >= EPOCHS // 2:
            mean, kept = mean + weights, kept + 1
    return mean / kept, bias


def pack(weights: Floats, bias: float) -> Model:
    """To one byte a weight; the few largest are cut so that the many small ones keep their differences."""
    scale = float(np.quantile(np.abs(weights[weights != 0]), 0.9995)) / 127
    return Model(scale, bias, np.clip(np.rint(weights / scale), -127, 127).astype(np.int8))


def trained(examples: Sequence[Example], seeds: Sequence[int]) -> Model:
    """The mean of one model per seed, its threshold set on texts that it did not learn from."""
    weights, bias = _mean(examples, seeds)
    return pack(weights, bias - _threshold(examples, seeds[0]))


def _mean(examples: Sequence[Example], seeds: Sequence[int]) -> tuple[Floats, float]:
    spelt = [spell(example.text) for example in examples]
    rows, weight = Rows(spelt), balanced(examples)
    truth = np.array([float(example.abusive) for example in examples])
    offset = np.array([max(0.0, sense(text).value) for text in spelt])
    models = [learn(rows, truth, weight, offset, seed) for seed in seeds]
    return np.mean([found for found, _ in models], axis=0), float(np.mean([bias for _, bias in models]))


def _threshold(examples: Sequence[Example], seed: int) -> float:
    """The log odds that few of any polite kind pass, each judged by a model that never saw its family."""
    said: dict[str, list[float]] = {kind: [] for kind in POLITE}
    for fold in range(FOLDS):
        weights, bias = _mean([e for e in examples if _fold(e) != fold], [seed])
        model = pack(weights, bias)
        for example in examples:
            if example.kind in said and _fold(example) == fold:
                said[example.kind].append(logit(score(example.text, model).value))
    return max(float(np.quantile(those, 1 - FALSE_ALARMS)) for those in said.values())


def _fold(example: Example) -> int | None:
    return crc32(example.family.encode()) % FOLDS if example.family else None


def balanced(examples: Sequence[Example]) -> Floats:
    """The weight of each text, so that in every source the abusive and the others weigh the same."""
    keys = [(example.source, example.abusive) for example in examples]
    count = {key: keys.count(key) for key in set(keys)}
    sides = {source: sum((source, side) in count for side in (True, False)) for source, _ in keys}
    total = {source: sum(n for (s, _), n in count.items() if s == source) for source, _ in keys}
    return np.array([WEIGHTS[key[0]] * total[key[0]] / sides[key[0]] / count[key] for key in keys])


def auroc(abusive: Sequence[float], kind: Sequence[float]) -> float:
    """Chance that an abusive text scores above a kind one."""
    low, both = np.sort(kind), np.asarray(abusive)
    return float(
        (np.searchsorted(low, both, "left") + np.searchsorted(low, both, "right")).mean() / 2 / len(low)
    )


def judged(examples: Sequence[Example], model: Model) -> dict[str, str]:
    """Per source and kind: AUROC where both sides are there, and the share flagged of each side."""
    figures: dict[str, str] = {}
    scored = [(example, score(example.text, model)) for example in examples]
    for group in sorted({e.source for e in examples} | {f"seeds {e.kind}" for e in examples if e.kind}):
        mine = [(e, s) for e, s in scored if group in {e.source, f"seeds {e.kind}"}]
        bad, good = ([s for e, s in mine if e.abusive is side] for side in (True, False))
        said = [f"AUROC {auroc([s.value for s in bad], [s.value for s in good]):.3f}"] if bad and good else []
        said += (
            [f"abusive flagged {np.mean([s.value >= FLAGGED for s in bad]):.3f} of {len(bad)}"] if bad else []
        )
        said += (
            [f"kind flagged {np.mean([s.value >= FLAGGED for s in good]):.4f} of {len(good)}"] if good else []
        )
        figures[group] = ", ".join(said)
    return figures


def main() -> None:
    """Learn from all but what is held out; leave one source out to see how a strange one fares."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--write", action="store_true", help="put the weights into router/rules")
    options.add_argument("--without", help="a source to leave out of training and to judge whole")
    options.add_argument("--seeds", type=int, default=3, help="models that are averaged")
    options.add_argument("--first", type=int, default=1, help="the first seed")
    asked = options.parse_args()
    examples = public() + grown(asked.first)
    known = [e for e in examples if not e.test and e.source != asked.without]
    model = trained(known, range(asked.first, asked.first + asked.seeds))
    strange = [e for e in examples if e.test or e.source == asked.without]
    for group, said in judged(strange, model).items():
        print(f"{group:24} {said}")
    if asked.write:
        Path(router.rules.__path__[0], "abuse.weights").write_bytes(model.packed())


if __name__ == "__main__":
    main()
