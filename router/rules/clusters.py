"""What a raid looks like to a person: texts of one wording, the numbers texted, and where they came from.

House rule: shown as evidence, never a trigger: "Salut c'est Kevin du bar" is a cluster too.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple, TypeAlias

from router.rules.campaign import Change
from router.rules.contrast import Terms

Wording: TypeAlias = tuple[int, ...]
"""A text's least three terms: the same for texts that differ in a word or two, most of the time."""


class Sighting(NamedTuple):
    """One text as far as an explanation needs it: nothing of it can be read back.

    Args:
        terms: `router.rules.contrast.terms` of it.
        sender: The texter's pseudonym.
        prefix: Country and first digits of the sender's number, such as ``+336``.
        number: The texted number's name in the settings.
    """

    terms: Terms
    sender: str
    prefix: str
    number: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Cluster:
    """Texts of one wording."""

    wording: Wording
    texts: int
    senders: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """Why the mode changed, and what the texts were that changed it.

    Args:
        change: The sum, the baseline and since when.
        texts: Texts looked at.
        senders: Different texters among them.
        clusters: The largest first; a wording of one text is none.
        numbers: Texts by texted number.
        prefixes: Texts by prefix of the sender, the largest first.
    """

    change: Change
    texts: int
    senders: int
    clusters: tuple[Cluster, ...]
    numbers: dict[str, int]
    prefixes: dict[str, int]


def wording(terms: Terms) -> Wording:
    """The key under which a text's near-duplicates are counted."""
    return tuple(int(term) for term in terms[:3])


def explain(change: Change, seen: Sequence[Sighting], most: int = 10) -> Explanation:
    """The change together with the texts between its beginning and itself.

    Args:
        change: What `router.rules.campaign.fold` returned.
        seen: The texts since `change.began`.
        most: Clusters and prefixes to name.
    """
    return Explanation(
        change=change,
        texts=len(seen),
        senders=len({text.sender for text in seen}),
        clusters=tuple(_clusters(seen))[:most],
        numbers=dict(Counter(text.number for text in seen).most_common()),
        prefixes=dict(Counter(text.prefix for text in seen).most_common(most)),
    )


def _clusters(seen: Sequence[Sighting]) -> Iterable[Cluster]:
    senders: dict[Wording, list[str]] = {}
    for text in seen:
        senders.setdefault(wording(text.terms), []).append(text.sender)
    for key, those in sorted(senders.items(), key=lambda item: (-len(item[1]), item[0])):
        if len(those) > 1 and key:
            yield Cluster(wording=key, texts=len(those), senders=len(set(those)))
