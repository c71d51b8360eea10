"""Every command explains itself, and quickly: nothing heavy is imported for help."""

from __future__ import annotations

import subprocess
import sys
import time

import pytest
from click.testing import CliRunner

from router.cli import COMMANDS, main
from tests.cli.paravent import COMMAND, ROOT, Paravent

HEAVY = {"aiohttp", "asyncio", "asyncpg", "cryptography", "prometheus_client", "pydantic", "socket", "ssl"}
GROUPS = {
    "accounts": ("cut", "restore", "pin"),
    "budget": ("show", "set", "unset", "top-up"),
    "evidence": ("export", "verify", "key", "hold", "release", "erase"),
    "raid": ("show", "declare", "end", "calm", "held"),
}


@pytest.mark.parametrize(
    "path", [(), *[(c,) for c in COMMANDS], *[(c, sub) for c, subs in GROUPS.items() for sub in subs]]
)
def test_every_command_has_help_of_eighty_columns(path: tuple[str, ...]) -> None:
    done = CliRunner().invoke(main, [*path, "--help"], prog_name="paravent", terminal_width=80)
    assert done.exit_code == 0
    assert done.output.startswith("Usage: paravent")
    assert max(map(len, done.output.splitlines())) <= 80
    assert "..." not in done.output.partition("Commands:")[2]


@pytest.mark.parametrize("command", sorted(set(COMMANDS) - {"demo", "serve", "token"}))
def test_every_command_that_prints_data_can_print_json(command: str) -> None:
    assert "--json" in CliRunner().invoke(main, [command, "--help"]).output


def test_help_imports_nothing_heavy() -> None:
    program = (
        "import sys; from router.cli import main; main(['--help'], standalone_mode=False); "
        f"print(sorted({HEAVY} & set(sys.modules)), file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, timeout=30, check=True
    )
    assert done.stderr.strip() == "[]"


def test_help_takes_little_more_than_python_itself() -> None:
    """The least of several runs, taken in turns, so that a busy machine slows both."""
    bare, helped = [], []
    for _ in range(5):
        bare.append(seconds([sys.executable, "-c", "import json, inspect, datetime, typing, logging"]))
        helped.append(seconds([*COMMAND, "--help"]))
    assert min(helped) < 6 * min(bare)


def seconds(command: list[str]) -> float:
    began = time.perf_counter()
    subprocess.run(command, cwd=ROOT, stdout=subprocess.DEVNULL, timeout=30, check=True)
    return time.perf_counter() - began


def test_a_slip_is_answered_with_what_may_have_been_meant(paravent: Paravent) -> None:
    done = paravent("acounts")
    assert done.code == 2
    assert "Did you mean 'accounts'?" in done.err


def test_a_token_is_long_and_new_each_time(paravent: Paravent) -> None:
    first, second = paravent("token").out.strip(), paravent("token").out.strip()
    assert len(first) >= 40
    assert first != second


def test_installed_providers_are_listed_and_a_missing_plugin_is_named(paravent: Paravent) -> None:
    done = paravent("providers", "--json")
    assert done.code == 0
    found = {each["name"]: each for each in done.json["providers"]}
    assert [found[name]["state"] for name in ("twilio", "vonage", "ovh")] == ["may run"] * 3
    assert "signed_webhooks" in found["twilio"]["abilities"]
    assert found["ovh"]["contract"] == 1
    (paravent.folder / "paravent.toml").write_text('plugins = ["pigeon"]')
    missing = paravent("providers")
    (paravent.folder / "paravent.toml").unlink()
    assert missing.code == 1
    line = next(line for line in missing.out.splitlines() if line.startswith("pigeon"))
    assert line.split()[1:5] == ["nobody", "not", "read", "refused"]
