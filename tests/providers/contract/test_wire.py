"""Responses and webhooks as they come in: read without harm, refused in words."""

from __future__ import annotations

from datetime import UTC, datetime
from urllib.parse import parse_qsl, urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from providers import Forged, Hook, Malformed, Response, WebhookError

AT = datetime(2026, 11, 23, tzinfo=UTC)
URL = "https://paravent.example/hooks/acme/inbound"
texts = st.text(st.characters(exclude_categories=["Cs"]))


def hook(body: bytes = b"", query: str = "") -> Hook:
    return Hook("POST", f"{URL}?{query}", {}, body, received_at=AT)


@given(st.lists(st.tuples(texts, texts), max_size=20))
def test_a_form_is_read_as_it_was_written(pairs: list[tuple[str, str]]) -> None:
    written = urlencode(pairs)
    assert hook(written.encode()).form() == pairs
    assert hook(query=written).query() == pairs


@given(st.text("ab=&+%;20é", max_size=60))
def test_a_form_is_read_as_the_standard_library_reads_it(written: str) -> None:
    theirs = parse_qsl(written, keep_blank_values=True, errors="surrogateescape")
    assert hook(written.encode()).form() == theirs


@given(st.binary())
def test_any_bytes_in_a_form_survive(value: bytes) -> None:
    written = b"Body=" + b"".join(b"%%%02X" % byte for byte in value)
    ((_, text),) = hook(written).form()
    assert text.encode(errors="surrogateescape") == value


@given(st.binary(max_size=300))
def test_no_body_makes_a_form_raise_anything_but_malformed(body: bytes) -> None:
    assert isinstance(hook(body).form(), list)


def test_a_form_of_too_many_fields_is_malformed() -> None:
    assert len(hook(b"&".join([b"a=b"] * 500)).form()) == 500
    with pytest.raises(Malformed):
        hook(b"&".join([b"a=b"] * 501)).form()
    with pytest.raises(Malformed):
        hook(query="&" * 501).query()


def test_a_query_ends_where_the_fragment_begins() -> None:
    assert hook(query="a=b#rc=2").query() == [("a", "b")]
    assert Hook("GET", URL, received_at=AT).query() == []


@pytest.mark.parametrize("body", [b"", b"{", b"\xff", b"[" * 100_000, b"1" * 10_000])
def test_what_is_no_json_is_none(body: bytes) -> None:
    assert Response(200, {}, body).json() is None
    assert Response(200, {}, body).fields() == {}


@pytest.mark.parametrize("body", [b"[]", b"null", b"1", b'"x"'])
def test_json_that_is_no_object_has_no_fields(body: bytes) -> None:
    assert Response(200, {}, body).fields() == {}


def test_fields_are_those_of_the_object() -> None:
    assert Response(200, {}, b'{"a": [1]}').fields() == {"a": [1]}


@pytest.mark.parametrize(
    ("status", "ok"), [(199, False), (200, True), (299, True), (300, False), (500, False)]
)
def test_success_is_the_two_hundreds(status: int, ok: bool) -> None:
    assert Response(status).ok is ok


@pytest.mark.parametrize("kind", [Forged, Malformed])
def test_a_refused_webhook_says_one_word(kind: type[WebhookError]) -> None:
    assert kind("signature").reason == "signature"
    assert str(kind("signature")) == "signature"
