"""Runs `paravent` with crash points laid and protections switched off; production code has no such flag.

`python -m tests.faults.launcher [--points FOLDER] [--without NAME]... -- serve ...`; `--names` lists both.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from router import processes
from router.cli import main, serve


def prepare(words: list[str]) -> None:
    """Patch as told, once the counters of several processes have found their folder."""
    if "--names" in words:
        from tests.faults import points, unprotected

        print(json.dumps({"points": points.names(), "without": unprotected.names()}))
        raise SystemExit
    said = list(zip(words[::2], words[1::2], strict=True))
    count_together = serve._count_together

    def then_patch(*given: Any) -> None:
        count_together(*given)
        from tests.faults import points, unprotected

        for option, value in said:
            if option == "--points":
                # Who is killed again and again would be started again ever later.
                processes._LONGEST_PAUSE = 0.1
                points.lay(Path(value))
            else:
                unprotected.switch_off(value)

    setattr(serve, "_count_together", then_patch)  # noqa: B010 -- to mypy, functions are not assigned


if __name__ == "__main__":
    split = sys.argv.index("--") if "--" in sys.argv else len(sys.argv)
    prepare(sys.argv[1:split])
    sys.argv[1:] = sys.argv[split + 1 :]
    main()
