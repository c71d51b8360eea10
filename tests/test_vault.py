"""The keys: what was moved or changed does not open, and nothing shows what is inside."""

from __future__ import annotations

import logging
import os
import re
import stat
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.vault import Vault, VaultError, random_reference

KEYS = [bytes([number]) * 32 for number in range(1, 4)]
TEXT = UUID(int=7)
ANYTHING = st.text(st.characters(codec=None, categories=None), max_size=50)


@given(st.binary(max_size=200), st.binary(max_size=40))
def test_what_was_sealed_opens(plain: bytes, about: bytes) -> None:
    vault = Vault(KEYS)
    assert vault.open(vault.seal(plain, about), about) == plain


@given(st.binary(max_size=60), st.binary(max_size=20), st.binary(max_size=20))
def test_moved_to_another_row_it_does_not_open(plain: bytes, about: bytes, elsewhere: bytes) -> None:
    vault = Vault(KEYS)
    sealed = vault.seal(plain, about)
    if about != elsewhere:
        with pytest.raises(VaultError):
            vault.open(sealed, elsewhere)


@given(st.binary(max_size=40), st.data())
def test_one_bit_changed_or_a_byte_gone_it_does_not_open(plain: bytes, data: st.DataObject) -> None:
    vault = Vault(KEYS)
    sealed = bytearray(vault.seal(plain, b""))
    place = data.draw(st.integers(0, len(sealed) - 1))
    cut = bytes(sealed[:place])
    sealed[place] ^= 1 << data.draw(st.integers(0, 7))
    for damaged in (bytes(sealed), cut):
        with pytest.raises(VaultError):
            vault.open(damaged, b"")


def test_an_old_key_opens_what_it_sealed_and_the_newest_seals() -> None:
    old, new = Vault(KEYS[:1]), Vault(KEYS)
    sealed = old.seal(b"kept", b"row")
    assert new.open(sealed, b"row") == b"kept"
    with pytest.raises(VaultError):
        old.open(new.seal(b"kept", b"row"), b"row")


@given(ANYTHING, ANYTHING)
def test_a_letter_comes_back_as_written_lone_surrogates_and_all(sender: str, body: str) -> None:
    vault = Vault(KEYS)
    letter = vault.seal_letter(TEXT, sender, body)
    assert vault.open_letter(TEXT, letter) == (sender, body)
    with pytest.raises(VaultError):
        vault.open_letter(UUID(int=8), letter)


def test_a_sealed_text_shows_nothing_and_never_looks_the_same() -> None:
    vault = Vault(KEYS)
    first, second = (vault.seal_letter(TEXT, "+33639981234", "canary text") for _ in range(2))
    assert first != second
    assert b"canary" not in first
    assert b"33639981234" not in first


def test_no_key_is_in_a_repr_or_an_error_or_a_log(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    vault = Vault.in_folder(tmp_path)
    key = (tmp_path / "keys").read_text().strip()
    with pytest.raises(VaultError) as opened:
        vault.open(b"\x01" + bytes(40), b"canary")
    (tmp_path / "keys").write_text(f"{key}zz\n")
    with pytest.raises(VaultError) as damaged:
        Vault.in_folder(tmp_path)
    shown = f"{vault!r} {vault} {opened.value} {damaged.value} {vault.fingerprint} {caplog.text}"
    for secret in (key, key[:16], "canary", repr(bytes.fromhex(key))):
        assert secret not in shown


def test_a_key_file_is_made_once_readable_by_us_alone(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    first = Vault.in_folder(folder)
    assert stat.S_IMODE((folder / "keys").stat().st_mode) == 0o600
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert Vault.in_folder(folder).fingerprint == first.fingerprint


@pytest.mark.parametrize("written", ["", "\n", "xyz", "abcd", "00" * 31])
def test_a_damaged_key_file_is_an_error_and_never_a_new_key(tmp_path: Path, written: str) -> None:
    (tmp_path / "keys").write_text(written)
    with pytest.raises(VaultError):
        Vault.in_folder(tmp_path)
    assert (tmp_path / "keys").read_text() == written


def test_references_are_the_attempts_own_and_pseudonyms_the_keys_own() -> None:
    vault, other = Vault(KEYS), Vault([KEYS[1], KEYS[0]])
    reply = uuid4()
    made = {vault.reference(reply, fence) for fence in range(50)} | {vault.reference(uuid4(), 1)}
    assert len(made) == 51
    assert vault.reference(reply, 3) == Vault(KEYS[:1]).reference(reply, 3) != other.reference(reply, 3)
    assert all(re.fullmatch("[a-z2-7]{20}", one) for one in (*made, random_reference()))
    assert vault.pseudonym("+33639981234") == Vault(KEYS[:1]).pseudonym("+33639981234")
    assert vault.pseudonym("+33639981234") != other.pseudonym("+33639981234")
    assert len(vault.pseudonym("\ud800")) == 16


@pytest.mark.parametrize("keys", [[], [b"short"], [b"x" * 33], [bytes(32)] * 256])
def test_a_vault_is_of_1_to_255_keys_of_32_bytes(keys: list[bytes]) -> None:
    with pytest.raises(VaultError):
        Vault(keys)


def test_whoever_starts_while_another_makes_the_keys_has_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    others, sync = [], os.fsync

    def start_another(descriptor: int) -> None:
        monkeypatch.setattr(os, "fsync", sync)
        others.append(Vault.in_folder(tmp_path))
        sync(descriptor)

    monkeypatch.setattr(os, "fsync", start_another)
    assert Vault.in_folder(tmp_path).fingerprint == others[0].fingerprint
    assert [path.name for path in tmp_path.iterdir()] == ["keys"]
