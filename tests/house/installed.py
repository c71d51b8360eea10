"""Distributions built and installed in an environment of their own, without a network."""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
import venv
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

OFFLINE = ("--no-index", "--no-deps", "--quiet")


def wheel(source: Path, folder: Path) -> Path:
    """Build the wheel of a source tree into a folder."""
    _pip("wheel", *OFFLINE, "--no-build-isolation", "--wheel-dir", str(folder), str(source))
    (found,) = folder.glob("*.whl")
    return found


@dataclass(frozen=True)
class Environment:
    """A virtual environment; it borrows what we depend on from the one that the tests run in."""

    folder: Path

    @classmethod
    def make(cls, folder: Path) -> Environment:
        """Make one without a distribution of ours in it."""
        venv.create(folder, symlinks=True)
        made = cls(folder)
        # Only the folder: what is installed there for development by a .pth file of its own is not borrowed.
        (made.packages / "borrowed.pth").write_text(sysconfig.get_path("purelib"), encoding="utf-8")
        return made

    @property
    def packages(self) -> Path:
        """Where distributions are installed."""
        version = f"python{sys.version_info.major}.{sys.version_info.minor}"
        return self.folder / "lib" / version / "site-packages"

    def install(self, *wheels: Path) -> None:
        """Install wheels."""
        _pip("--python", str(self.folder / "bin" / "python"), "install", *OFFLINE, *map(str, wheels))

    def run(
        self, command: str, *arguments: str, cwd: Path, variables: Mapping[str, str] | None = None
    ) -> subprocess.CompletedProcess[str]:
        """Run one of its commands to its end."""
        return subprocess.run(
            [str(self.folder / "bin" / command), *arguments],
            cwd=cwd,
            env=self.variables(variables or {}),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=100,
            check=False,
        )

    def variables(self, more: Mapping[str, str]) -> dict[str, str]:
        """Our own environment without what would lead back to the checkout."""
        strange = ("PYTHON", "PARAVENT", "PYTEST", "COV")
        return {name: value for name, value in os.environ.items() if not name.startswith(strange)} | dict(
            more
        )


def _pip(*arguments: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "pip", "--disable-pip-version-check", *arguments],
        cwd="/",
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
