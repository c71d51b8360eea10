"""The command as people run it: a process of its own, with a data folder of its own."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from queue import Empty, Queue
from typing import Any
from urllib.error import HTTPError
from urllib.request import ProxyHandler, build_opener

import psutil

ROOT = Path(__file__).parents[2]
COMMAND = (sys.executable, "-m", "router.cli")
_PATIENCE = 60.0
_opener = build_opener(ProxyHandler({}))


@dataclass(frozen=True)
class Done:
    """A command that ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


@dataclass(frozen=True)
class Paravent:
    """Runs commands on one data folder."""

    folder: Path
    environ: Mapping[str, str] = field(default_factory=dict)

    def __call__(self, *arguments: object, **environ: str) -> Done:
        """Run one to its end."""
        done = subprocess.run(
            [*COMMAND, *map(str, arguments)],
            env=self._environ(environ),
            cwd=self.folder,
            capture_output=True,
            text=True,
            timeout=_PATIENCE,
            check=False,
        )
        return Done(done.returncode, done.stdout, done.stderr)

    @contextmanager
    def started(self, *arguments: object, until: str, **environ: str) -> Iterator[Started]:
        """Have one running, once it has printed a line that contains `until`."""
        process = subprocess.Popen(
            [*COMMAND, *map(str, arguments)],
            env=self._environ(environ),
            cwd=self.folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        started = Started(process)
        try:
            started.wait_for(until)
            yield started
        finally:
            if process.poll() is None:
                process.terminate()
            process.wait(_PATIENCE)
            started.close()

    def _environ(self, more: Mapping[str, str]) -> dict[str, str]:
        clean = {key: value for key, value in os.environ.items() if not key.startswith("PARAVENT_")}
        ours = {"PARAVENT_DATA": str(self.folder), "PYTHONPATH": str(ROOT), "COLUMNS": "80"}
        return {**clean, **ours, **self.environ, **more}


class Started:
    """A command that runs."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process
        self.said: list[str] = []
        self._lines: Queue[str] = Queue()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    @property
    def pid(self) -> int:
        return self.process.pid

    def wait_for(self, words: str, seconds: float = _PATIENCE) -> str:
        """The next line that contains these words."""
        deadline = time.monotonic() + seconds
        while True:
            try:
                line = self._lines.get(timeout=max(0.01, deadline - time.monotonic()))
            except Empty:
                raise AssertionError(f"{words!r} was not said: {''.join(self.said)}") from None
            if words in line:
                return line

    def end(self, how: signal.Signals = signal.SIGTERM, *, group: bool = False) -> int:
        """Tell it to end, as a terminal tells the whole group; answer its exit code."""
        if group:
            os.killpg(self.pid, how)
        else:
            self.process.send_signal(how)
        return self.ended()

    def ended(self) -> int:
        """Wait for its end."""
        return self.process.wait(_PATIENCE)

    def children(self) -> list[psutil.Process]:
        return psutil.Process(self.pid).children()

    def close(self) -> None:
        self._reader.join(_PATIENCE)
        assert self.process.stdout is not None
        self.process.stdout.close()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.said.append(line)
            self._lines.put(line)


def leavings(folder: Path) -> list[str]:
    """What a command has left behind: processes on the folder, and files that only a running one has."""
    found = [
        f"{process.pid} {' '.join(process.info['cmdline'] or ())}"
        for process in psutil.process_iter(["cmdline", "environ"])
        if str(folder) in " ".join(process.info["cmdline"] or ())
        or (process.info["environ"] or {}).get("PARAVENT_DATA") == str(folder)
    ]
    return found + [
        str(path) for name in ("running.json", "postmaster.pid", "*.new") for path in folder.rglob(name)
    ]


def is_listening(url: str) -> bool:
    host, port = url.removeprefix("http://").rstrip("/").rsplit(":", 1)
    with socket.socket() as one:
        return one.connect_ex((host, int(port))) == 0


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as one:
        port: int = one.getsockname()[1]
        return port


def get(url: str, seconds: float = 10.0) -> tuple[int, str]:
    """Status and body."""
    try:
        with _opener.open(url, timeout=seconds) as answer:
            return answer.status, answer.read().decode()
    except HTTPError as error:
        with error:
            return error.code, error.read().decode()


def eventually(is_so: Callable[[], bool], what: str, seconds: float = 20.0) -> None:
    deadline = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < deadline, what
        time.sleep(0.02)
