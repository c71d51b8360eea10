"""A line of the spool says what was kept, or nothing."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from router.spool import Item
from router.spool.line import open_line, seal_line
from router.vault import Vault
from tests.spool.belongings import ARRIVALS, NOTICES

VAULT = Vault([b"k" * 32])


@given(ARRIVALS | NOTICES)
def test_a_line_says_what_was_kept(item: Item) -> None:
    line = seal_line(item, VAULT, "one")
    assert line.endswith(b"\n")
    assert line.count(b"\n") == 1
    assert open_line(line[:-1], VAULT, "one") == item


@given(ARRIVALS | NOTICES, st.data())
def test_a_line_that_was_changed_or_moved_does_not_open(item: Item, data: st.DataObject) -> None:
    line = bytearray(seal_line(item, VAULT, "one")[:-1])
    place = data.draw(st.integers(0, len(line) - 1))
    line[place] ^= data.draw(st.integers(1, 255))
    assert open_line(bytes(line), VAULT, "one") in (None, item)
    assert open_line(seal_line(item, VAULT, "one")[:-1], VAULT, "two") is None
    assert open_line(seal_line(item, VAULT, "one")[:-1], Vault([b"x" * 32]), "one") is None
