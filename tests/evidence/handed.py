"""A folder as it is handed over, and a stranger who verifies it with nothing but Python."""

from __future__ import annotations

import csv
import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

from router.evidence.export import Exported, Order, export
from router.evidence.sinks import lines
from router.evidence.verify import canonical
from router.offline import PrivateKey
from router.rules.evidence import Root, leaf, ranges, section
from tests.evidence.scene import MINUTE, NOON, Scene


async def handed(
    scene: Scene,
    folder: Path,
    *,
    full: bool = False,
    key: PrivateKey | None = None,
    from_at: datetime = NOON,
    to_at: datetime = NOON + 60 * MINUTE,
) -> Exported:
    """Export a period."""
    order = Order(
        from_at=from_at, to_at=to_at, by="kim", whom="the police", currency="EUR", full=full, key=key
    )
    return await export(scene.pool, scene.seals, order, folder, lambda _done, _of: None)


async def told_elsewhere(scene: Scene) -> str:
    """The roots as a sink has them."""
    rows = await scene.look.fetch("SELECT number, previous, tree, leaves, at FROM evidence_root ORDER BY 1")
    return lines([Root(**row) for row in rows])


def stranger(folder: Path, roots: Path | None = None) -> tuple[int, str]:
    """What ``verify.py`` of the folder says, as one line: see `printed`."""
    code, said = printed(folder, roots)
    return code, said.replace("\n", " ")


def printed(folder: Path, roots: Path | None = None) -> tuple[int, str]:
    """What ``verify.py`` of the folder says, run by a bare Python that sees nothing else."""
    beside = [] if roots is None else ["--roots", str(roots)]
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-W", "error", str(folder / "verify.py"), *beside],
        cwd=folder,
        env={},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.stderr == "" or done.returncode == 2
    return done.returncode, done.stdout


def read(folder: Path, name: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / name).read_bytes().splitlines()]


def written(folder: Path, name: str, said: Sequence[Mapping[str, Any]]) -> None:
    """Write lines, and the manifest so that it fits: whoever forges does both."""
    (folder / name).write_bytes(b"".join(canonical(line) + b"\n" for line in said))
    fitted(folder)


def forged(line: dict[str, Any], name: str, **changes: object) -> None:
    """Change a section of a text, facts or words, and all hashes over it up to the leaf."""
    part, payload = line[name], line["payload"]
    part["said"] |= changes
    payload[name] = section(bytes.fromhex(part["salt"]), canonical(part["said"])).hex()
    line["leaf"] = leaf(bytes.fromhex(line["salt"]), canonical(payload)).hex()


def fitted(folder: Path) -> None:
    """Make the manifest list the files as they are, and speak of what is in them."""
    manifest = json.loads((folder / "manifest.json").read_text())
    manifest["trees"] = ranges(line["root"] for line in read(folder, "leaves.jsonl"))
    manifest["roots"] = ranges(line["number"] for line in read(folder, "roots.jsonl"))
    with (folder / "texts.csv").open(encoding="utf-8-sig", newline="") as lines:
        manifest["texts"] = sum(1 for _ in csv.DictReader(lines))
    (folder / "manifest.json").write_text(json.dumps(manifest))
    hashed(folder)


def hashed(folder: Path) -> None:
    """Make the manifest list the files as they are."""
    manifest = json.loads((folder / "manifest.json").read_text())
    for name in manifest["files"]:
        if (folder / name).exists():
            manifest["files"][name] = sha256((folder / name).read_bytes()).hexdigest()
    (folder / "manifest.json").write_text(json.dumps(manifest))
