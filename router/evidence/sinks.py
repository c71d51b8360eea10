"""Where roots go: an HTTP address, a Git repository, a mailbox. None of them is on this machine."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import smtplib
import ssl
import subprocess
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, field
from email.message import EmailMessage
from hashlib import sha256
from pathlib import Path
from urllib.parse import unquote, urlsplit

from providers import Request, Response, Wire
from router.rules.evidence import Root

FILE = "roots.jsonl"
"""The file of a Git repository that holds the roots, a line each."""

SCHEMES = ("https", "http", "git+https", "git+ssh", "git+file", "mailto")

_PATIENCE = 30.0


class SinkError(Exception):
    """It was not told; the message says why, without an address."""


@dataclass(slots=True)
class Sink(ABC):
    """One place away from this machine.

    Args:
        url: Where; perhaps with a secret in it.
    """

    url: str = field(repr=False)

    @property
    def name(self) -> str:
        """What it is called in tables and logs: how it is reached, and which one it is."""
        return f"{self.url.partition(':')[0]} {sha256(self.url.encode()).hexdigest()[:8]}"

    @abstractmethod
    async def tell(self, roots: Sequence[Root]) -> None:
        """Hand over roots, in order. Being told twice does no harm.

        Raises:
            SinkError: It may not have them.
        """


def lines(roots: Sequence[Root]) -> str:
    """Roots as they are told everywhere: JSON, a line each."""
    return "".join(json.dumps(root.told()) + "\n" for root in roots)


@dataclass(slots=True)
class Address(Sink):
    """Told by POST."""

    wire: Wire = field(repr=False)

    async def tell(self, roots: Sequence[Root]) -> None:
        """Post them as `application/jsonl`; anything but 2xx is a failure."""
        headers = {"Content-Type": "application/jsonl"}
        answer = await self.wire(Request("POST", self.url, headers, lines(roots).encode()))
        if not isinstance(answer, Response):
            raise SinkError(answer.code)
        if not answer.ok:
            raise SinkError(f"status {answer.status}")


@dataclass(slots=True)
class Repository(Sink):
    """A bare Git repository elsewhere; a copy of it is kept here. It is best one that refuses forced pushes.

    Args:
        folder: Of all copies.
    """

    folder: Path = field(repr=False)

    async def tell(self, roots: Sequence[Root]) -> None:
        """Add a line for each root that is not there, commit and push."""
        try:
            await asyncio.to_thread(self._push, roots)
        except subprocess.TimeoutExpired:
            raise SinkError("git took too long") from None
        except OSError as error:
            raise SinkError(f"git: {error.strerror}") from error

    def _push(self, roots: Sequence[Root]) -> None:
        copy = self.folder / sha256(self.url.encode()).hexdigest()[:16]
        try:
            self._add(copy, roots)
        except (SinkError, subprocess.TimeoutExpired):
            # A copy that somebody was killed over stays broken: the next try makes it anew.
            shutil.rmtree(copy, ignore_errors=True)
            raise

    def _add(self, copy: Path, roots: Sequence[Root]) -> None:
        if not (copy / ".git").exists():
            copy.mkdir(parents=True, exist_ok=True, mode=0o700)
            _git(copy, "init", "--quiet", "--initial-branch=roots")
            _git(copy, "remote", "add", "away", self.url.removeprefix("git+"))
        _git(copy, "fetch", "--quiet", "away")
        if _git(copy, "branch", "--remotes", "--list", "away/roots"):
            _git(copy, "reset", "--quiet", "--hard", "away/roots")
        file = copy / FILE
        had = set(file.read_text("ascii").splitlines(keepends=True)) if file.exists() else set()
        new = [line for line in lines(roots).splitlines(keepends=True) if line not in had]
        if new:
            with file.open("a", encoding="ascii") as end:
                end.writelines(new)
            _git(copy, "add", FILE)
            _git(copy, "commit", "--quiet", "--message", f"Roots up to {roots[-1].number}")
        _git(copy, "push", "--quiet", "away", "HEAD:roots")


def _git(copy: Path, *words: str) -> str:
    """Run git so that it asks nobody anything."""
    who = {"NAME": "paravent", "EMAIL": "paravent@localhost"}
    named = {f"GIT_{role}_{what}": said for role in ("AUTHOR", "COMMITTER") for what, said in who.items()}
    quiet = {"GIT_TERMINAL_PROMPT": "0", "GIT_SSH_COMMAND": "ssh -o BatchMode=yes"}
    done = subprocess.run(  # noqa: S603 -- our own words, and the operator's URL after "add away"
        ["git", "-c", "commit.gpgSign=false", "-C", str(copy), *words],  # noqa: S607 -- whichever is installed
        env={**named, **quiet, **os.environ},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=_PATIENCE,
        check=False,
    )
    if done.returncode:
        raise SinkError(f"git {words[0]} ended with {done.returncode}")
    return done.stdout.decode(errors="replace").strip()


@dataclass(slots=True)
class Mailbox(Sink):
    """Told by mail.

    Args:
        through: The server that sends, ``smtp://`` or ``smtps://``, with user and password where it asks.
    """

    through: str = field(repr=False)

    async def tell(self, roots: Sequence[Root]) -> None:
        """Send one mail with all of them."""
        try:
            await asyncio.to_thread(self._send, self._mail(roots))
        except (OSError, smtplib.SMTPException) as error:
            raise SinkError(f"the mail server: {type(error).__name__}") from error

    def _mail(self, roots: Sequence[Root]) -> EmailMessage:
        to = unquote(urlsplit(self.url).path)
        mail = EmailMessage()
        mail["To"] = to
        mail["From"] = unquote(urlsplit(self.through).username or "") or to
        mail["Subject"] = f"Paravent: roots of evidence up to {roots[-1].number}"
        mail.set_content(
            "Keep this mail: it proves that what came in was not changed afterwards.\n\n" + lines(roots),
            cte="7bit",
        )
        return mail

    def _send(self, mail: EmailMessage) -> None:
        server = urlsplit(self.through)
        host, port = server.hostname or "localhost", server.port or 0
        secure = ssl.create_default_context()
        if server.scheme == "smtps":
            connection: smtplib.SMTP = smtplib.SMTP_SSL(host, port, timeout=_PATIENCE, context=secure)
        else:
            connection = smtplib.SMTP(host, port, timeout=_PATIENCE)
        with connection as session:
            if server.username:
                if server.scheme == "smtp":
                    session.starttls(context=secure)  # a password leaves only when nobody listens
                session.login(unquote(server.username), unquote(server.password or ""))
            session.send_message(mail)


def sink(url: str, *, wire: Wire, folder: Path, mail_through: str) -> Sink:
    """The sink of one setting, by its scheme, which is one of `SCHEMES`."""
    if url.startswith("git+"):
        return Repository(url, folder)
    return Mailbox(url, mail_through) if url.startswith("mailto:") else Address(url, wire)
