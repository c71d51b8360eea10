"""Texts are labelled at a terminal, blurred until asked for; scripts can do the same."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
from contextlib import suppress

import pytest

from tests.cli.conftest import TWILIO, Demo
from tests.cli.paravent import COMMAND

pytestmark = pytest.mark.xdist_group("demo")


def at_the_keyboard(demo: Demo, keys: str) -> str:
    done = subprocess.run(
        [*COMMAND, "review"],
        env=demo.paravent._environ({}),
        input=keys,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def test_a_person_sees_nothing_but_what_they_ask_for(demo: Demo) -> None:
    words = "Coucou, ici Zinedine"
    assert demo.paravent("text", TWILIO, words).code == 0
    seen = at_the_keyboard(demo, "s\n" * 100)  # shows the first again and again, then the keyboard is gone
    first = demo.paravent("review", "--json").json["waiting"][0]["id"]
    opened = demo.paravent("review", "open", first).out.strip()
    assert opened in seen
    unseen = at_the_keyboard(demo, "q\n")
    assert opened not in unseen
    assert "•" in unseen
    assert max(map(len, unseen.splitlines())) <= 80


def test_ctrl_c_ends_it_as_q_does(demo: Demo) -> None:
    assert demo.paravent("text", TWILIO, "Salut c'est Kevin").code == 0
    near, far = os.openpty()
    try:
        asking = subprocess.Popen(
            [*COMMAND, "review"], env=demo.paravent._environ({}), stdin=far, stdout=subprocess.PIPE
        )
        with asking:
            assert asking.stdout is not None
            printed = b""
            while b"[q]uit" not in printed:
                printed += os.read(asking.stdout.fileno(), 1_000) or pytest.fail(printed.decode())
            for _ in range(5):  # one that comes before it listens to the keyboard is lost
                asking.send_signal(signal.SIGINT)
                with suppress(subprocess.TimeoutExpired):
                    asking.wait(timeout=4)
                    break
            asking.kill()
            assert asking.wait() == 0
    finally:
        os.close(near)
        os.close(far)


def test_labels_count_and_what_is_labelled_waits_no_more(demo: Demo) -> None:
    assert demo.paravent("text", TWILIO, "Salut c'est Kevin").code == 0
    before = demo.paravent("review", "--json").json
    assert before["waiting"]
    said = at_the_keyboard(demo, "f\n")
    after = demo.paravent("review", "--json").json
    assert after["labelled"] == before["labelled"] + 1
    assert re.search(r"not known yet\.\nLabels so far: \d+ of calm, \d+ of raids\.", said)
    once = " ".join(said.split())
    assert re.search(
        r"For the \d+ texts? of this time only labels of calm count: a few dozen are enough", once
    )
    for text in after["waiting"][:1]:
        assert demo.paravent("review", "label", text["id"], "fine").code == 0
    for _ in range(8):
        assert demo.paravent("text", TWILIO, "Salut c'est Kevin").code == 0
    said = at_the_keyboard(demo, "f\n" * 200)  # whatever waits, of other tests, too
    assert re.search(r"texts \(calm\) \d+% are abusive, between \d+% and \d+%", said)
    assert demo.paravent("review", "label", before["waiting"][0]["id"], "abusive").code == 0
    assert "Kevin" not in json.dumps(after)


def test_a_text_that_is_not_there_is_said_plainly(demo: Demo) -> None:
    done = demo.paravent("review", "label", "00000000-0000-0000-0000-000000000000", "fine")
    assert (done.code, done.out) == (1, "")
    assert "paravent review --json" in done.err
