"""Makes the weights of the second opinion: `python -m tests.abuse.meaning`; with --write it ships them."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

import router.rules
from router.rules.abuse import Model, logit, score
from router.rules.meaning import DIMENSIONS, vector
from tests.abuse.corpus import Example, grown, public
from tests.abuse.train import FALSE_ALARMS, FOLDS, POLITE, Floats, _fold, _mean, auroc, balanced, pack

STEPS, RATE, DECAY = 300, 0.05, 1e-4
_SCALE = 4.0


def learn(vectors: Floats, truth: Floats, weight: Floats) -> Floats:
    """Logistic regression by Adam on all texts at once: a weight a dimension, and the bias."""
    seen = np.hstack([vectors * _SCALE, np.ones((len(vectors), 1))])
    weight = weight / weight.sum()
    found, pull, power = (np.zeros(DIMENSIONS + 1) for _ in range(3))
    shrink = DECAY * np.append(np.ones(DIMENSIONS), 0.0)
    for step in range(1, STEPS + 1):
        slope = seen.T @ (weight * (1 / (1 + np.exp(-seen @ found)) - truth)) + shrink * found
        pull, power = 0.9 * pull + 0.1 * slope, 0.99 * power + 0.01 * slope * slope
        found -= RATE * (pull / (1 - 0.9**step)) / (np.sqrt(power / (1 - 0.99**step)) + 1e-9)
    return np.append(found[:-1] * _SCALE, found[-1])


def first(examples: Sequence[Example], letters: Model | None) -> Floats:
    """What the letters say, as log odds."""
    return np.array([logit(score(example.text, letters).value) for example in examples])


def trained(examples: Sequence[Example], vectors: Floats) -> Floats:
    """The weights; their bias lets few of any polite kind pass, judged by models blind to its family."""
    truth = np.array([float(example.abusive) for example in examples])

    def without(skipped: Callable[[Example], bool]) -> tuple[list[Example], Floats]:
        chosen = np.array([not skipped(example) for example in examples])
        known = [example for example in examples if not skipped(example)]
        return known, learn(vectors[chosen], truth[chosen], balanced(known))

    heard: dict[str, list[tuple[float, float]]] = {kind: [] for kind in POLITE}
    for fold in range(FOLDS):
        known, weights = without(lambda example, fold=fold: _fold(example) == fold)  # type: ignore[misc]
        letters = pack(*_mean(known, [1]))
        mine = np.array([example.kind in heard and _fold(example) == fold for example in examples])
        strange = [example for example, one in zip(examples, mine, strict=True) if one]
        second = vectors[mine] @ weights[:-1] + weights[-1]
        for example, *both in zip(strange, first(strange, letters), second, strict=True):
            heard[example.kind].append((float(both[0]), float(both[1])))
    # the letters that ship have a threshold of their own, found in the same way
    own = max(np.quantile([one for one, _ in those], 1 - FALSE_ALARMS) for those in heard.values())
    limit = max(
        np.quantile([(one - own + other) / 2 for one, other in those], 1 - FALSE_ALARMS)
        for those in heard.values()
    )
    _, weights = without(lambda _example: False)
    return np.append(weights[:-1], weights[-1] - 2 * float(limit))


def main() -> None:
    """Learn from all but what is held out; leave one source out to see how a strange one fares."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--write", action="store_true", help="put the weights into router/rules")
    options.add_argument("--without", help="a source to leave out of training and to judge whole")
    asked = options.parse_args()
    examples = public() + grown(1, per_family=12)
    vectors = np.array([vector(example.text) for example in examples], np.float64)
    known = np.array([not e.test and e.source != asked.without for e in examples])
    weights = trained([e for e, one in zip(examples, known, strict=True) if one], vectors[known])
    strange = [e for e, one in zip(examples, known, strict=True) if not one]
    both = (first(strange, None) + vectors[~known] @ weights[:-1] + weights[-1]) / 2
    for source in sorted({example.source for example in strange}):
        mine = [(value, e.abusive) for e, value in zip(strange, both, strict=True) if e.source == source]
        sides = [[value for value, abusive in mine if abusive is side] for side in (True, False)]
        flagged = [f"{np.mean(np.array(side) >= 0):.3f} of {len(side)}" for side in sides if side]
        ranked = f"AUROC {auroc(*sides):.3f}" if all(sides) else ""
        print(f"{source:20} {ranked:12} flagged {', '.join(flagged)}")
    if asked.write:
        path = Path(router.rules.__path__[0], "meaning.weights")
        path.write_bytes(weights.astype("<f4").tobytes())


if __name__ == "__main__":
    main()
