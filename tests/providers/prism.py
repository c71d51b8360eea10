"""Prism, a third party's mock server, serving an OpenAPI file that stands beside the checkout."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import threading
from collections.abc import Iterator

from tests.providers.specification import FOLDER

_SECONDS = 60


@contextlib.contextmanager
def prism(name: str, *, strict: bool = True) -> Iterator[str]:
    """Serve the file of that name and give the base URL. The command `prism` must be on the PATH.

    `strict`: whatever breaks the file, Prism's own answer too, is answered 500.
    """
    command = shutil.which("prism")
    assert command, "prism is not installed: npm install @stoplight/prism-cli, and put it on the PATH"
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    options = (*(["--errors"] if strict else []), "-h", "127.0.0.1", "-p", str(port))
    served = subprocess.Popen(
        [command, "mock", *options, str(FOLDER / name)],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    listening = threading.Event()

    def read() -> None:
        assert served.stdout
        for line in served.stdout:
            if "Prism is listening" in line:
                listening.set()

    reader = threading.Thread(target=read)
    reader.start()
    try:
        assert listening.wait(_SECONDS), "prism did not start"
        yield f"http://127.0.0.1:{port}"
    finally:
        # prism forks a worker: the whole session ends
        with contextlib.suppress(ProcessLookupError):
            os.killpg(served.pid, signal.SIGTERM)
        served.wait(10)
        reader.join(10)
        assert served.stdout
        served.stdout.close()
