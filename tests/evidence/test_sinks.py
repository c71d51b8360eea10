"""Roots leave the machine, in order, to every place that is named; one that is away holds up no other."""

from __future__ import annotations

import asyncio
import json
import subprocess
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from email import message_from_string
from pathlib import Path

import pytest

from providers import Request, Response, Unreachable
from router.evidence.audit import audit
from router.evidence.sinks import FILE, Sink, SinkError, sink
from router.postgres.roots import Roots
from router.rules.evidence import Root, following, leaf
from router.sweep.roots import Telling
from tests.evidence.scene import NOON, Scene, scene_in

SOON = timedelta(microseconds=1)


def chain(count: int) -> list[Root]:
    links: list[Root] = []
    for number in range(count):
        links.append(following(links[-1] if links else None, [leaf(b"s", bytes([number]))], NOON))
    return links


@dataclass
class Wire:
    """Keeps what is posted, unless it is away."""

    status: int | None = 200
    bodies: list[str] = field(default_factory=list)

    async def __call__(self, request: Request, *, not_after: float | None = None) -> Response | Unreachable:
        if self.status is None:
            return Unreachable("dns")
        if self.status < 300:
            self.bodies.append(request.body.decode())
        return Response(self.status, {}, b"")


def sink_of(url: str, folder: Path, wire: Wire | None = None, mail_through: str = "smtp://127.0.0.1") -> Sink:
    return sink(url, wire=wire or Wire(), folder=folder, mail_through=mail_through)


def numbers(told: str) -> list[int]:
    return [json.loads(line)["number"] for line in told.splitlines() if line.startswith("{")]


async def test_an_address_is_posted_roots_and_anything_but_a_yes_is_a_failure(tmp_path: Path) -> None:
    wire = Wire()
    away = sink_of("https://example.org/roots", tmp_path, wire)
    await away.tell(chain(2))
    assert numbers(wire.bodies[0]) == [1, 2]
    for status, why in ((503, "status 503"), (None, "dns")):
        wire.status = status
        with pytest.raises(SinkError, match=why):
            await away.tell(chain(2))


@pytest.mark.require("git")
async def test_a_repository_has_each_root_once_whoever_else_pushed(tmp_path: Path) -> None:
    bare = tmp_path / "bare.git"
    git(tmp_path, "init", "--quiet", "--bare", str(bare))
    roots = chain(4)
    one, other = (sink_of(f"git+file://{bare}", tmp_path / name) for name in ("one", "other"))
    await one.tell(roots[:2])
    await other.tell(roots[1:3])
    await one.tell(roots)
    assert numbers(git(bare, "show", f"roots:{FILE}")) == [1, 2, 3, 4]
    assert len(git(bare, "log", "--format=%s", "roots").splitlines()) == 3


def _locked(copy: Path) -> None:
    (copy / ".git" / "index.lock").touch()


def _half_made(copy: Path) -> None:
    git(copy, "remote", "remove", "away")


def _emptied(copy: Path) -> None:
    for ref in (copy / ".git" / "refs" / "heads").iterdir():
        ref.write_text("")


@pytest.mark.require("git")
@pytest.mark.parametrize("broken", [_locked, _half_made, _emptied])
async def test_a_copy_that_git_was_killed_over_is_made_anew(
    tmp_path: Path, broken: Callable[[Path], None]
) -> None:
    bare = tmp_path / "bare.git"
    git(tmp_path, "init", "--quiet", "--bare", str(bare))
    away = sink_of(f"git+file://{bare}", tmp_path / "one")
    await away.tell(chain(2))
    [copy] = [each for each in (tmp_path / "one").rglob(".git") if each.is_dir()]
    broken(copy.parent)
    with pytest.raises(SinkError, match="git"):
        await away.tell(chain(3))
    await away.tell(chain(3))
    assert numbers(git(bare, "show", f"roots:{FILE}")) == [1, 2, 3]


@pytest.mark.require("git")
async def test_a_repository_that_is_not_there_is_a_failure_without_its_address(tmp_path: Path) -> None:
    nowhere = sink_of(f"git+file://{tmp_path}/secret.git", tmp_path)
    with pytest.raises(SinkError) as failed:
        await nowhere.tell(chain(1))
    assert "secret" not in f"{failed.value}{nowhere!r}{nowhere.name}"


def git(folder: Path, *words: str) -> str:
    done = subprocess.run(
        ["git", "-C", str(folder), *words], capture_output=True, text=True, timeout=30, check=True
    )
    return done.stdout


@pytest.fixture(autouse=True)
def _a_name(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who mails says its name, and would look it up."""
    monkeypatch.setattr("socket.getfqdn", lambda: "here.example.org")


async def test_a_mailbox_is_sent_lines_that_survive_the_mail(tmp_path: Path) -> None:
    async with _mail_server() as (port, mails):
        away = sink_of("mailto:roots@example.org", tmp_path, mail_through=f"smtp://127.0.0.1:{port}")
        await away.tell(chain(3))
    ((envelope, mail),) = mails
    assert "roots@example.org" in envelope
    assert numbers(str(message_from_string(mail).get_payload())) == [1, 2, 3]


async def test_a_mail_server_that_is_away_is_a_failure(tmp_path: Path) -> None:
    async with _mail_server() as (port, _):
        pass
    with pytest.raises(SinkError, match="mail server"):
        await sink_of("mailto:a@example.org", tmp_path, mail_through=f"smtp://127.0.0.1:{port}").tell(
            chain(1)
        )


@asynccontextmanager
async def _mail_server() -> AsyncIterator[tuple[int, list[tuple[str, str]]]]:
    """Says yes to everything, and keeps what it was given."""
    mails: list[tuple[str, str]] = []

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 here\r\n")
        envelope = ""
        while line := (await reader.readline()).decode():
            envelope += line
            if line.upper().startswith("DATA"):
                writer.write(b"354 go on\r\n")
                mail = (await reader.readuntil(b"\r\n.\r\n")).decode()
                mails.append((envelope, mail.removesuffix("\r\n.\r\n").replace("\r\n", "\n")))
            writer.write(b"221 bye\r\n" if line.upper().startswith("QUIT") else b"250 yes\r\n")
            if line.upper().startswith("QUIT"):
                break
        writer.close()

    server = await asyncio.start_server(talk, "127.0.0.1", 0)
    async with server:
        yield server.sockets[0].getsockname()[1], mails


@dataclass
class Listed(Sink):
    """A place that keeps what it is told."""

    roots: list[Root] = field(default_factory=list)
    away: bool = False

    async def tell(self, roots: Sequence[Root]) -> None:
        if self.away:
            raise SinkError("away")
        self.roots += roots


async def _told(scene: Scene, *places: Listed) -> None:
    await Telling(Wire(), Roots(scene.pool), places, SOON)()


async def test_a_place_that_was_away_is_told_later_and_holds_up_no_other(database: str) -> None:
    here, away = Listed("x:here"), Listed("x:away", away=True)
    async with scene_in(database) as scene:
        await scene.sealed("one")
        await _told(scene, here, away)
        assert [root.number for root in here.roots] == [1, 2]
        await _told(scene, here, away)
        assert len(here.roots) == 2
        away.away = False
        await _told(scene, here, away)
        assert away.roots == []  # a failure is waited out
        await scene.look.execute("UPDATE evidence_sink SET try_after = clock_timestamp()")
        await _told(scene, here, away)
        assert away.roots == here.roots


async def test_roots_that_were_told_are_those_that_the_database_is_held_against(database: str) -> None:
    wire = Wire()
    async with scene_in(database) as scene:
        await scene.sealed("one", "two")
        await _told_by_post(scene, wire)
        report = await audit(scene.pool, scene.seals, "".join(wire.bodies))
    assert report.findings == []
    assert report.counted["roots as kept elsewhere"] == 2


async def _told_by_post(scene: Scene, wire: Wire) -> None:
    away = sink_of("https://example.org/roots", Path(), wire)
    await Telling(wire, Roots(scene.pool), [away], SOON)()
