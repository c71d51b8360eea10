"""The bench measures what it says: real signatures, true counts, and a baseline that does the work."""

from __future__ import annotations

import dataclasses
import hashlib
import shutil
import tempfile
from array import array
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from urllib.parse import parse_qsl, urlencode

import aiohttp
import pytest
from aiohttp.test_utils import TestClient, TestServer
from twilio.request_validator import RequestValidator

from router.settings import load
from tests.bench import baseline, carrier, report, router_side
from tests.bench import load as generator
from tests.bench.carrier import Carrier, Manners, Tally
from tests.bench.database import NoCompilerError, durable, slow_disk
from tests.bench.load import Shots, webhook
from tests.bench.rounds import Burst, Plan, Round, Spent, Stage, burst
from tests.bench.stagehand import Stagehand
from tests.bench.terms import INBOUND, MESSAGES, OUR_NUMBER, RECEIPT, TOKEN, Place, basic, sign, texter

FROZEN = "f88b8451e28ae18d322ab749b6ba6e4640a7fab490863fcf3e92b5df27438e1e"
IDLE = Spent(*(1.0 for _ in dataclasses.fields(Spent)))


@pytest.fixture
def folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="paravent-bench-") as made:
        Path(made).chmod(0o711)
        yield Path(made)


def send(to: str) -> tuple[bytes, bytes]:
    head = f"POST {MESSAGES} HTTP/1.1\r\nHost: carrier\r\nAuthorization: {basic()}"
    return head.encode(), urlencode({"To": to, "From": OUR_NUMBER, "Body": "non"}).encode()


def test_webhooks_carry_the_signature_that_twilio_checks() -> None:
    head, _, body = webhook(8080, 7).partition(b"\r\n\r\n")
    headers = dict(line.split(": ", 1) for line in head.decode().split("\r\n")[1:])
    form = dict(parse_qsl(body.decode(), keep_blank_values=True))
    validator = RequestValidator(TOKEN)
    assert validator.validate(f"http://127.0.0.1:8080{INBOUND}", form, headers["X-Twilio-Signature"])
    assert not validator.validate(f"http://127.0.0.1:8080{RECEIPT}", form, headers["X-Twilio-Signature"])
    assert form["From"] == texter(7)


def test_receipts_are_signed_over_an_address_with_our_reference_in_it() -> None:
    url, form = f"http://127.0.0.1:8080{RECEIPT}?text=3", {"MessageSid": "SM3", "MessageStatus": "sent"}
    assert RequestValidator(TOKEN).validate(url, form, sign(url, form))


def test_a_second_reply_to_one_texter_is_a_double() -> None:
    played = Carrier(Manners(receipts=False))
    for to in (texter(1), texter(2), texter(2)):
        assert played.answer(*send(to)).startswith(b"HTTP/1.1 201")
    assert (played.tally.replies, played.tally.doubles) == (2, 1)


def test_the_carrier_refuses_a_send_without_credentials() -> None:
    played = Carrier(Manners(receipts=False))
    head, body = send(texter(1))
    assert played.answer(head.replace(basic().encode(), b"Basic bm8="), body).startswith(b"HTTP/1.1 401")
    assert played.tally.replies == 0


def test_an_acknowledged_text_without_a_reply_is_lost_and_one_without_2xx_is_not() -> None:
    shots = Shots(array("d", [10.0, 10.1, 10.2]), array("d", [0.01, 0.02, -1.0]))
    tally = Tally(array("d", [10.5, 0.0, 0.0]), bytearray([1, 0, 0]), replies=1, last=10.5)
    seen = burst(0, shots, tally, IDLE)
    assert (seen.lost, seen.unacknowledged) == (1, 1)
    assert seen.reply_ms == pytest.approx((500, 500))


def test_ratios_are_taken_round_by_round() -> None:
    assert report.ratio([30.0, 90.0, 40.0], [10.0, 30.0, 10.0]) == report.Ratio(3.0, 3.0, 4.0)


def test_the_baseline_is_the_one_the_router_was_first_held_against() -> None:
    assert hashlib.sha256(Path(baseline.__file__).read_bytes()).hexdigest() == FROZEN


def test_without_a_compiler_the_slow_disk_says_so(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda name: None)
    with pytest.raises(NoCompilerError, match="no gcc or cc"):
        slow_disk(folder)


def test_the_routers_settings_are_settings(folder: Path) -> None:
    place = Place(folder, "postgresql://somewhere/bench", "http://127.0.0.1:4010", 8080, 1)
    file = folder / "paravent.toml"
    file.write_text(router_side.settings(place))
    assert load(file, router_side.environment(place)).base_url == place.public


async def test_the_baseline_refuses_a_forged_webhook(folder: Path) -> None:
    place = Place(folder, "postgresql://somewhere/bench", "http://127.0.0.1:4010", 8080, 1)
    form = {"MessageSid": "SM" + "0" * 32, "From": texter(1), "To": OUR_NUMBER, "Body": "Salut"}
    signature = sign(f"{place.public}{INBOUND}", form)
    async with aiohttp.ClientSession() as session:
        door = baseline.Baseline(baseline.Forgetful(), session, place)
        async with TestClient(TestServer(door.app())) as client:
            for offered, status in ((signature, 200), (signature.swapcase(), 403), ("", 403)):
                headers = {"X-Twilio-Signature": offered}
                assert (await client.post(INBOUND, data=form, headers=headers)).status == status


async def test_the_baseline_answers_every_text_once_and_takes_both_receipts(
    folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", "tests.bench")
    # The kernel counts CPU in ticks of 10 ms, in each backend apart: few texts would have cost nothing.
    played = await play(folder, Plan(texts=600, seconds=0.2, connections=8, warm_up=20, drain=0.0))
    assert played.paced is not None
    for seen, texts in ((played.saturated, 600), (played.paced, 60)):
        assert counted(seen) == (0, 0, 0, 2 * texts, 0)
    assert played.saturated.application > 0
    assert played.saturated.database > 0
    # Whoever waits for a round is told where it is.
    assert [message.partition(": ")[2] for message in caplog.messages] == [
        "HTTP alone, 600 texts ...", "at saturation, 600 texts ...", "300 texts/s for 0.2 s ...",
    ]  # fmt: skip


def counted(seen: Burst) -> tuple[int, int, int, int, int]:
    return seen.lost, seen.unacknowledged, seen.doubles, seen.receipts, seen.receipts_refused


async def play(folder: Path, plan: Plan) -> Round:
    with (
        closing(Stagehand(generator.serve)) as load_,
        closing(Stagehand(carrier.serve, Manners())) as carried,
    ):
        port = await carried.hear()
        async with durable(folder) as database:
            assert (await database.describe()).settings["fsync"] == "on"
            return await Stage(plan, folder, database, load_, carried, port).round(baseline.SYSTEM)
