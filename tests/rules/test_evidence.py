"""Leaves, trees and chains: what is proved, and that nothing else passes for it."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.rules import evidence
from router.rules.evidence import (
    Root,
    canonical,
    climb,
    first_break,
    following,
    inclusion,
    leaf,
    ranges,
    tree,
)

NOON = datetime(2017, 11, 27, 12, tzinfo=UTC)
digests = st.lists(st.binary(min_size=32, max_size=32), min_size=1, max_size=40)

# RFC 6962's own tree of the eight inputs that Certificate Transparency's implementations test with.
INPUTS = ["", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"]
TOPS = {
    1: "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    2: "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    3: "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    8: "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
}


@pytest.mark.parametrize("size", TOPS)
def test_the_tree_is_that_of_certificate_transparency(size: int) -> None:
    leaves = [leaf(b"", bytes.fromhex(each)) for each in INPUTS[:size]]
    assert tree(leaves).hex() == TOPS[size]


@given(digests, st.data())
def test_every_leaf_is_proved_to_be_at_its_place_and_nowhere_else(
    leaves: list[bytes], data: st.DataObject
) -> None:
    place = data.draw(st.integers(0, len(leaves) - 1))
    proof = inclusion(leaves, place)
    assert climb(leaves[place], place, len(leaves), proof) == tree(leaves)
    for other in set(range(len(leaves))) - {place}:
        if leaves[other] != leaves[place]:
            assert climb(leaves[other], place, len(leaves), proof) != tree(leaves)
    assert climb(leaves[place], place, len(leaves), [*proof, bytes(32)]) in (None, climb(b"", 0, 1, [b""]))


def test_a_node_cannot_be_passed_off_as_a_leaf() -> None:
    one, other = leaf(b"", b"1"), leaf(b"", b"2")
    assert leaf(b"", one + other) != tree([one, other])


def chain(count: int) -> list[Root]:
    links: list[Root] = []
    for number in range(count):
        links.append(following(links[-1] if links else None, [leaf(b"s", bytes([number]))], NOON))
    return links


def test_a_chain_holds_and_each_link_that_is_changed_moved_or_missing_breaks_it() -> None:
    links = chain(4)
    assert first_break(links) is None
    assert first_break([links[0], links[2], links[3]]) == 3
    assert first_break([links[1], links[0], *links[2:]]) == 1
    changed = Root(number=2, previous=links[1].previous, tree=bytes(32), leaves=1, at=NOON)
    assert first_break([links[0], changed, *links[2:]]) == 3


def test_control_without_the_previous_root_in_it_a_swap_goes_unseen(monkeypatch: pytest.MonkeyPatch) -> None:
    spelled = Root.spelled
    monkeypatch.setattr(Root, "spelled", lambda root: {**spelled(root), "previous": "", "number": 0})
    links = chain(3)
    other = Root(number=2, previous=b"whatever stood here before", tree=links[1].tree, leaves=1, at=NOON)
    assert other.root == links[1].root


def test_a_root_is_a_hash_of_what_is_told_with_it() -> None:
    told = chain(2)[1].told()
    root = told.pop("root")
    assert hashlib.sha256(b"\2" + canonical(told)).hexdigest() == root


def test_without_its_salt_a_leaf_tells_nothing_that_can_be_guessed() -> None:
    assert leaf(b"a" * evidence.SALT, b"+33639980001") != leaf(b"b" * evidence.SALT, b"+33639980001")


def test_places_in_few_words() -> None:
    assert ranges([3, 1, 2, 9, 7, 8, 5]) == "1-3,5,7-9"
    assert ranges([]) == ""
