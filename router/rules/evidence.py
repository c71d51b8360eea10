"""Hashes that prove what came in: leaves, the tree over them, and the chain of roots.

House rule: what is hashed can be rebuilt by a stranger from the words of this file and SHA-256 alone. A salt
keeps a leaf from being guessed once its payload is erased, and the leaf stays.
The tree is that of RFC 6962: a leaf and a node can never be taken for each other.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from itertools import pairwise

SALT = 16
"""Bytes of a salt."""

BEGINNING = bytes(32)
"""Stands before the first root."""

_LEAF, _NODE, _ROOT, _RECORD, _SECTION = b"\0", b"\1", b"\2", b"\3", b"\4"


def canonical(said: Mapping[str, object]) -> bytes:
    """The one spelling of a value: JSON in ASCII, keys sorted, no spaces."""
    return json.dumps(said, sort_keys=True, separators=(",", ":")).encode("ascii")


def leaf(salt: bytes, payload: bytes) -> bytes:
    """What stands in the tree for a payload; without salt and payload it tells nothing."""
    return sha256(_LEAF + salt + payload).digest()


def commitment(salt: bytes, record: bytes) -> bytes:
    """What stands in a payload for the request as received, which is kept apart."""
    return sha256(_RECORD + salt + record).digest()


def section(salt: bytes, said: bytes) -> bytes:
    """What stands in a payload for a part of it that is opened, or erased, by itself."""
    return sha256(_SECTION + salt + said).digest()


def tree(leaves: Sequence[bytes]) -> bytes:
    """The top of the tree over these leaves, of which there is at least one."""
    if len(leaves) == 1:
        return leaves[0]
    half = _split(len(leaves))
    return _node(tree(leaves[:half]), tree(leaves[half:]))


def inclusion(leaves: Sequence[bytes], place: int) -> list[bytes]:
    """What proves one leaf to somebody who has only the top: the siblings on its way up, lowest first."""
    if len(leaves) == 1:
        return []
    half = _split(len(leaves))
    if place < half:
        return [*inclusion(leaves[:half], place), tree(leaves[half:])]
    return [*inclusion(leaves[half:], place - half), tree(leaves[:half])]


def climb(found: bytes, place: int, leaves: int, proof: Sequence[bytes]) -> bytes | None:
    """The top that a leaf at this place of so many leads to by `inclusion`; None for a proof of wrong length.

    Args:
        found: The leaf.
        place: From 0.
        leaves: How many leaves the tree has.
        proof: As made by `inclusion`.
    """
    if leaves == 1:
        return None if proof else found
    if not proof:
        return None
    half = _split(leaves)
    left = place < half
    below = climb(found, place if left else place - half, half if left else leaves - half, proof[:-1])
    if below is None:
        return None
    return _node(below, proof[-1]) if left else _node(proof[-1], below)


@dataclass(frozen=True, slots=True, kw_only=True)
class Root:
    """One link of the chain.

    Args:
        number: From 1, without gaps.
        previous: The root before it, `BEGINNING` for the first.
        tree: The top of its tree.
        leaves: How many leaves that has.
        at: When it was sealed, aware.
    """

    number: int
    previous: bytes
    tree: bytes
    leaves: int
    at: datetime

    @property
    def root(self) -> bytes:
        """The root itself: it covers all that was sealed up to here."""
        return sha256(_ROOT + canonical(self.spelled())).digest()

    def spelled(self) -> dict[str, object]:
        """What the root is a hash of, `canonical`; also how it is told."""
        return {
            "number": self.number,
            "previous": self.previous.hex(),
            "tree": self.tree.hex(),
            "leaves": self.leaves,
            "at": self.at.astimezone(UTC).isoformat(timespec="microseconds"),
        }

    def told(self) -> dict[str, object]:
        """How it leaves the machine: what it is a hash of, and the hash."""
        return {**self.spelled(), "root": self.root.hex()}


def following(last: Root | None, leaves: Sequence[bytes], at: datetime) -> Root:
    """The link after `last` over these leaves."""
    return Root(
        number=1 if last is None else last.number + 1,
        previous=BEGINNING if last is None else last.root,
        tree=tree(leaves),
        leaves=len(leaves),
        at=at,
    )


def first_break(chain: Iterable[Root]) -> int | None:
    """The number of the first root that does not follow the one before it; None where all do."""
    for one, other in pairwise(chain):
        if other.number != one.number + 1 or other.previous != one.root:
            return other.number
    return None


def ranges(places: Iterable[int]) -> str:
    """Places in few words, such as ``0-40,43``."""
    runs: list[list[int]] = []
    for place in sorted(set(places)):
        if runs and runs[-1][1] == place - 1:
            runs[-1][1] = place
        else:
            runs.append([place, place])
    return ",".join(str(one) if one == last else f"{one}-{last}" for one, last in runs)


def _node(left: bytes, right: bytes) -> bytes:
    return sha256(_NODE + left + right).digest()


def _split(leaves: int) -> int:
    """The largest power of two that is less."""
    return 1 << (leaves - 1).bit_length() - 1
