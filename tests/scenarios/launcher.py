"""A whole router process for tests that kill it: its door is a socket that the test holds.

Switched-off protections live here: production code has no such flag.
"""

from __future__ import annotations

import asyncio
import os
import socket
import sys
from pathlib import Path
from typing import Any

from providers import InDoubt, Unreachable
from router import send, service
from router.settings import load

RETRY_ON_DOUBT = "retry-on-doubt"


def retry_on_doubt() -> None:
    """Take a doubt for certainly unsent, as most queues and gateways do."""
    carry = send.carry

    async def believing(*given: Any, **named: Any) -> Any:
        found = await carry(*given, **named)
        return Unreachable(found.code) if isinstance(found, InDoubt) else found

    send.carry = believing


async def main(settings_file: str, dsn: str, door: int) -> None:
    """Run until killed. Says when its door is open."""
    settings = load(Path(settings_file), os.environ)
    with socket.socket(fileno=door) as listening:
        async with service.house(settings, dsn, listening):
            print("open", flush=True)
            await asyncio.get_running_loop().create_future()


if __name__ == "__main__":
    if RETRY_ON_DOUBT in sys.argv[4:]:
        retry_on_doubt()
    asyncio.run(main(sys.argv[1], sys.argv[2], int(sys.argv[3])))
