"""The router in the bench: its settings, everything on, and how it is started."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import asdict
from typing import Final

from tests.bench.terms import ACCOUNT, OUR_NUMBER, REPLY, TOKEN, Place, System

# The script `paravent` may belong to another checkout; this is its entry point in ours.
PARAVENT: Final = (sys.executable, "-c", "from router.cli import main; main()")

# Purses that hold, so that every reply is weighed against both; all else as a deployment has it by default.
SETTINGS: Final = """\
database = "env:BENCH_DATABASE"
data = "{place.folder}/data"
listen = "127.0.0.1:{place.port}"
public_url = "{place.public}"

[budget]
limit = "1000000.00"
period = "month"

[accounts.twilio]
provider = "twilio"
prices = {{ FR = "0.0798 EUR" }}
budget = {{ limit = "900000.00", period = "day" }}

[accounts.twilio.settings]
account_sid = "{account}"
auth_token = "env:BENCH_TOKEN"
base_url = "{place.carrier}"

[numbers.poster]
number = "{number}"
account = "twilio"
reply_from = {{ account = "twilio", sender = "{number}" }}
fallback = []

[replies]
language = "fr"

[replies.texts]
fr = "{reply}"
"""


def settings(place: Place) -> str:
    """`paravent.toml` for a place; its secrets come from the environment that `command` gives."""
    return SETTINGS.format(place=place, account=ACCOUNT, number=OUR_NUMBER, reply=REPLY)


def environment(place: Place) -> dict[str, str]:
    """The secrets that the settings name."""
    return {"BENCH_DATABASE": place.database or "", "BENCH_TOKEN": TOKEN}


def command(place: Place) -> tuple[list[str], dict[str, str]]:
    """How to start it: see `System.command`.

    Raises:
        subprocess.CalledProcessError: The migration failed; what it printed is on standard error.
    """
    if place.database is None:
        told = json.dumps(asdict(place), default=str)
        return [sys.executable, "-m", "tests.bench.router_http", told], {}
    file = place.folder / "paravent.toml"
    file.write_text(settings(place))
    secrets = environment(place)
    subprocess.run([*PARAVENT, "migrate", "--config", file], env=os.environ | secrets, check=True, timeout=60)
    return [*PARAVENT, "serve", "--config", str(file), "--processes", str(place.processes)], secrets


SYSTEM: Final = System("router", command)
