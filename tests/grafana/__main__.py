"""`python -m tests.grafana`: write the dashboards that deploy/grafana holds."""

from __future__ import annotations

import json
from pathlib import Path

from tests.grafana import abuse, carriers, machine, money, now

FOLDER = Path(__file__).parents[2] / "deploy" / "grafana" / "dashboards"
BOARDS = {board.uid: board for board in (now.BOARD, money.BOARD, carriers.BOARD, abuse.BOARD, machine.BOARD)}


def texts() -> dict[str, str]:
    """What each dashboard's file says, by its name."""
    return {
        f"{uid}.json": json.dumps(board.written(), indent=2, ensure_ascii=False) + "\n"
        for uid, board in BOARDS.items()
    }


def main() -> None:
    """Write them all."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name, text in texts().items():
        (FOLDER / name).write_text(text, encoding="utf-8")
        print(FOLDER / name)


if __name__ == "__main__":
    main()
