"""The short form of the fuzzer, and the same junk through the real door."""

from __future__ import annotations

import asyncio
import hmac
from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import urlencode, urlsplit

import pytest

from router.vault import Vault
from router.web import body, connection
from tests.faults import fuzz
from tests.faults.fuzz import Luck, Wrong, mutated
from tests.web.house import FRONT, HOOK_TOKEN, TEXTER, House, open_house, signed

SEED = "ci"
CASES = 150
KNOCKS = 300
_NAMES = list(fuzz.targets(Path()))


@pytest.mark.parametrize("name", _NAMES)
def test_no_case_raises_or_is_believed(name: str, tmp_path: Path) -> None:
    fuzz.fuzz(fuzz.targets(tmp_path)[name], SEED, CASES // 5 if name == "settings" else CASES)


@pytest.mark.parametrize("name", ["twilio: webhooks", "vonage sms: webhooks"])
def test_without_the_comparison_a_forgery_is_believed(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hmac, "compare_digest", lambda _a, _b: True)
    with pytest.raises(Wrong, match="a forgery was believed"):
        fuzz.fuzz(fuzz.targets(tmp_path)[name], SEED, CASES)


def test_without_authentication_a_changed_line_is_believed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Vault, "open", lambda *_: b'{"id": 1}')
    with pytest.raises(Wrong):
        fuzz.fuzz(fuzz.targets(tmp_path)["vault"], SEED, CASES)


def _requests(luck: Luck) -> bytes:
    """A webhook as bytes on a socket, changed anywhere: in its line, its headers or its body."""
    if luck.random() < 0.5:
        path, form = f"/hooks/ovh/{HOOK_TOKEN}/inbound", {"id": "1", "senderid": TEXTER, "message": "Salut"}
    else:
        path = luck.choice(("/hooks/twilio/inbound", "/hooks/twilio/receipt"))
        form = {
            "MessageSid": "SM" + "1" * 32,
            "From": TEXTER,
            "To": FRONT,
            "Body": "Salut",
            "MessageStatus": "sent",
        }
    said = urlencode(form).encode()
    proof = signed(path, form)["X-Twilio-Signature"]
    head = f"POST {path} HTTP/1.1\r\nHost: x\r\nX-Twilio-Signature: {proof}\r\nContent-Length: {len(said)}"
    return mutated(luck, f"{head}\r\nConnection: close\r\n\r\n".encode() + said)


async def _knock(house: House, said: bytes) -> int:
    """The status that bytes are answered, 0 for a hung up socket."""
    host, port = urlsplit(house.url).netloc.split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    try:
        writer.write(said)
        async with asyncio.timeout(15):
            line = await reader.readline()
        return int(line.split()[1]) if line else 0
    except ConnectionError:
        return 0
    finally:
        writer.close()


@pytest.fixture
async def house(database: str, tmp_path: Path) -> AsyncIterator[House]:
    async with open_house(database, tmp_path) as house:
        yield house


async def test_junk_at_the_door_is_never_a_fault_of_ours_and_never_a_text(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (body, connection):
        monkeypatch.setattr(module, "PATIENCE", 0.3)
    gate = asyncio.Semaphore(30)

    async def one(case: int) -> int:
        async with gate:
            return await _knock(house, _requests(Luck(f"{SEED} {case}")))

    answers = await asyncio.gather(*(one(case) for case in range(KNOCKS)))
    assert [status for status in answers if status >= 500] == []
    assert {200, 400, 403} <= set(answers)
    rows = await house.rows("SELECT id, letter FROM inbound WHERE verified")
    said = [house.office.vault.open_letter(row["id"], row["letter"]) for row in rows]
    assert said in ([], [(TEXTER, "Salut")])
