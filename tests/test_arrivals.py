"""The id of a text: it follows from who carried it, so that a text that comes twice is stored once."""

from __future__ import annotations

from uuid import NAMESPACE_URL, uuid5

from hypothesis import given
from hypothesis import strategies as st

from router.arrivals import text_id


@given(st.text(), st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=200))
def test_an_id_is_a_name_in_the_namespace_of_texts(account: str, provider_id: str) -> None:
    texts = uuid5(NAMESPACE_URL, "paravent:inbound")
    assert text_id(account, provider_id) == uuid5(texts, f"{account}\n{provider_id}")


@given(st.text(), st.text())
def test_an_id_is_the_same_each_time(account: str, provider_id: str) -> None:
    assert text_id(account, provider_id) == text_id(account, provider_id)
