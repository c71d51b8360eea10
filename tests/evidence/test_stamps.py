"""A timestamp is asked for as RFC 3161 says, and only one that speaks of our root is kept."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from providers import Request, Response, Unreachable
from router.evidence.stamps import StampError, check, query, stamp
from router.postgres.roots import Roots
from router.rules.evidence import BEGINNING, Root
from router.sweep.roots import Telling
from tests.evidence.handed import handed, printed, stranger
from tests.evidence.scene import scene_in

ROOT = Root(number=1, previous=BEGINNING, tree=bytes(32), leaves=1, at=datetime(2017, 11, 27, tzinfo=UTC))
URL = "http://127.0.0.1/tsr"

_CONFIGURATION = """
[ tsa ]
default_tsa = local
[ local ]
serial = serial
signer_cert = authority.pem
signer_key = authority.key
signer_digest = sha256
default_policy = 1.2.3.4.1
digests = sha256
ess_cert_id_alg = sha256
[ req ]
distinguished_name = name
x509_extensions = authority
[ name ]
[ authority ]
extendedKeyUsage = critical,timeStamping
"""

Authority = Callable[[bytes], bytes]


def openssl(folder: Path, *words: str) -> str:
    done = subprocess.run(
        ["openssl", *words], cwd=folder, capture_output=True, text=True, timeout=30, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    """Answers queries as a timestamping authority does: it is ``openssl ts``."""
    folder = tmp_path / "authority"
    folder.mkdir()
    (folder / "tsa.cnf").write_text(_CONFIGURATION)
    (folder / "serial").write_text("01\n")
    openssl(
        folder, "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=authority",
        "-config", "tsa.cnf", "-keyout", "authority.key", "-out", "authority.pem",
    )  # fmt: skip

    def answer(asked: bytes) -> bytes:
        (folder / "asked.tsq").write_bytes(asked)
        openssl(folder, "ts", "-reply", "-config", "tsa.cnf", "-queryfile", "asked.tsq", "-out", "given.tsr")
        return (folder / "given.tsr").read_bytes()

    return answer


class _Post:
    """A wire to an authority that gives these answers."""

    def __init__(self, answer: Authority, status: int = 200) -> None:
        self.answer, self.status, self.asked = answer, status, 0

    async def __call__(self, request: Request, *, not_after: float | None = None) -> Response | Unreachable:
        self.asked += 1
        assert request.headers["Content-Type"] == "application/timestamp-query"
        return Response(self.status, {}, self.answer(request.body))


@pytest.mark.require("openssl")
async def test_an_authority_understands_what_is_asked_and_openssl_verifies_what_it_gave(
    authority: Authority, tmp_path: Path
) -> None:
    answer = await stamp(_Post(authority), URL, ROOT)
    (tmp_path / "1.tsr").write_bytes(answer)
    said = openssl(
        tmp_path,
        "ts",
        "-verify",
        "-digest",
        ROOT.root.hex(),
        "-in",
        "1.tsr",
        "-CAfile",
        "authority/authority.pem",
    )
    assert "OK" in said


@pytest.mark.require("openssl")
def test_a_stamp_of_something_else_or_to_another_question_is_refused(authority: Authority) -> None:
    nonce = b"12345678"
    answer = authority(query(ROOT.root, nonce))
    check(answer, ROOT.root, nonce)
    with pytest.raises(StampError, match="something else"):
        check(answer, bytes(32), nonce)
    with pytest.raises(StampError, match="something else"):
        check(answer, ROOT.root, b"87654321")


@pytest.mark.require("openssl")
async def test_a_folder_goes_on_to_the_stamp_that_covers_it_and_says_how_it_is_verified(
    authority: Authority, database: str, tmp_path: Path
) -> None:
    folder, post = tmp_path / "folder", _Post(authority)
    async with scene_in(database) as scene:
        telling = Telling(post, Roots(scene.pool), [], timedelta(hours=1), URL)
        await scene.sealed("one")
        await scene.store("two", decided=False)
        await scene.seal()
        await telling()
        await telling()  # not before an hour has gone
        assert await scene.value("SELECT array_agg(number) FROM evidence_stamp") == [3]
        await handed(scene, folder)
    assert post.asked == 1
    assert (folder / "stamps" / "3.tsr").exists()
    code, said = printed(folder)
    assert (code, "timestamps 1\n" in said) == (0, True), said
    assert max(map(len, said.splitlines())) <= 80
    command = said[said.index("openssl ts -verify") :].replace("\\\n", "").splitlines()[0]
    words = command.replace("AUTHORITY.pem", str(tmp_path / "authority" / "authority.pem")).split()[1:]
    assert "OK" in openssl(folder, *words)
    for name, wrong in _wrong(words, authority, tmp_path).items():
        assert "OK" not in _verified(folder, wrong), name
    (folder / "stamps" / "3.tsr").rename(folder / "stamps" / "1.tsr")
    code, said = stranger(folder)
    assert (code, "it is a timestamp of something else" in said) == (3, True)


def _verified(folder: Path, words: list[str]) -> str:
    """What openssl says of a timestamp, whether it likes it or not."""
    done = subprocess.run(
        ["openssl", *words], cwd=folder, capture_output=True, text=True, timeout=30, check=False
    )
    assert (done.returncode == 0) is ("OK" in done.stdout)
    return done.stdout


def _wrong(words: list[str], authority: Authority, folder: Path) -> dict[str, list[str]]:
    """The command for a timestamp, with what does not fit it."""
    (folder / "other").mkdir()
    (folder / "other" / "tsa.cnf").write_text(_CONFIGURATION)
    openssl(
        folder / "other", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj",
        "/CN=authority", "-config", "tsa.cnf", "-keyout", "authority.key", "-out", "authority.pem",
    )  # fmt: skip
    at = words.index("-attime") + 1
    years = f"{int(words[at]) + 20 * 31_536_000}"
    before = f"{int(words[at]) - 31_536_000}"
    digest, ca = words.index("-digest") + 1, words.index("-CAfile") + 1
    return {
        "another authority of the same name": [
            *words[:ca],
            str(folder / "other" / "authority.pem"),
            *words[ca + 1 :],
        ],
        "its certificate had run out": [*words[:at], years, *words[at + 1 :]],
        "its certificate was not valid yet": [*words[:at], before, *words[at + 1 :]],
        "another root": [*words[:digest], "0" * 64, *words[digest + 1 :]],
    }


@pytest.mark.parametrize(
    ("body", "status", "why"),
    [
        (b"", 200, "no timestamp"),
        (b"\x30\x03\x30\x01", 200, "no timestamp"),
        (b"\x30\x05\x30\x03\x02\x01\x02", 200, "refused"),
        (b"\x30\x05\x30\x03\x02\x01\x00", 200, "refused"),
        (b"busy", 503, "status 503"),
    ],
)
async def test_whatever_else_is_answered_is_no_stamp(body: bytes, status: int, why: str) -> None:
    with pytest.raises(StampError, match=why):
        await stamp(_Post(lambda _asked: body, status), URL, ROOT)
