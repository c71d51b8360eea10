"""Holds an embedded PostgreSQL in a process of its own: says where it is, and ends with its input."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from router.postgres.embedded import embedded


async def main(folder: Path) -> None:
    """Keep a server running, also when it is killed, until nobody is left who wants it."""
    async with embedded(folder) as server:
        print(server.dsn, flush=True)
        await asyncio.to_thread(sys.stdin.read)


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1])))
