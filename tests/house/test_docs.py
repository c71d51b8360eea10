"""What is written for people is true: commands exist, metrics are explained, links lead somewhere."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from datetime import UTC, datetime
from fnmatch import fnmatch
from itertools import pairwise
from pathlib import Path

import click
import pytest
from prometheus_client.parser import text_string_to_metric_families

from router.cli import COMMANDS, main
from router.metrics import Metrics, page, spooled
from router.postgres.counts import Counts
from router.postgres.evidence import Standing
from router.postgres.figures import Burden, Figures, PurseFigures
from router.postgres.outlook import Outlook
from router.postgres.review import Sample
from tests.house.tree import TOP, files

PAGES = sorted([*TOP.glob("*.md"), *files(".md", rooms=("providers", "deploy", "tests"))])
README = (TOP / "README.md").read_text(encoding="utf-8")
CONTRIBUTING = (TOP / "CONTRIBUTING.md").read_text(encoding="utf-8")
RUNBOOK = (TOP / "deploy" / "RUNBOOK.md").read_text(encoding="utf-8")
EVIDENCE = (TOP / "deploy" / "EVIDENCE.md").read_text(encoding="utf-8")
METRICS = (TOP / "deploy" / "METRICS.md").read_text(encoding="utf-8")


def commands(page: str) -> list[list[str]]:
    """Command lines of a page's shell blocks, split as a shell would."""
    blocks = re.findall(r"```sh\n(.*?)```", page, re.DOTALL)
    return [shlex.split(line) for block in blocks for line in block.splitlines()]


def ours(page: str) -> list[list[str]]:
    """The `paravent` command lines of a page, in its blocks and between backticks, without `paravent`."""
    inline = [shlex.split(found) for found in re.findall(r"`paravent ([^`]+)`", page)]
    blocks = [line[1:] for line in commands(page) if line[0] == "paravent"]
    return [line for line in (*blocks, *inline) if not line[0].startswith("-")]


def parsed(line: list[str]) -> click.Context:
    """A command line as the command would understand it, without running it."""
    context = click.Context(main)
    command = main.get_command(context, line[0])
    assert command is not None, f"there is no `paravent {line[0]}`"
    rest = line[1:]
    while isinstance(command, click.Group) and rest and not rest[0].startswith("-"):
        context, word = click.Context(command, parent=context), rest[0]
        command = command.get_command(context, word)
        assert command is not None, f"there is no `paravent {shlex.join(line)}`"
        rest = rest[1:]
    return command.make_context(line[0], rest, resilient_parsing=not rest)


@pytest.mark.parametrize(
    "line", ours(README) + ours(CONTRIBUTING) + ours(RUNBOOK) + ours(EVIDENCE), ids=shlex.join
)
def test_a_command_that_is_written_down_is_understood(line: list[str]) -> None:
    parsed(line)


@pytest.mark.parametrize("line", [["fly"], ["text", "--to-the-moon", "+33", "a"]])
def test_a_command_that_does_not_exist_would_be_found(line: list[str]) -> None:
    with pytest.raises((AssertionError, click.UsageError)):
        parsed(line)


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_says_what_it_is_for(name: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", "from router.cli import main; main()", name, "--help"],
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("Usage: ")


WRITES = {"--html", "--rows", "--out"}


def written_here(page: str) -> set[str]:
    """What the commands of a page leave in the folder where they run."""
    return {name for line in ours(page) for option, name in pairwise(line) if option in WRITES}


def test_what_the_readme_leaves_in_a_checkout_is_none_of_its_changes() -> None:
    rules = (TOP / ".gitignore").read_text(encoding="utf-8").splitlines()
    left = written_here(README)
    assert left == {"weekend.html", "weekend.csv", "evidence-demo"}
    assert {
        name for name in left if not any(fnmatch(f"/{name}", rule.rstrip("/")) for rule in rules)
    } == set()
    assert not any(fnmatch("/router", rule.rstrip("/")) for rule in rules)


def test_the_two_commands_are_one_line_each_and_the_second_is_what_ci_runs() -> None:
    lines = README.splitlines()
    (first,) = (line for line in lines if line.endswith(".venv/bin/paravent demo"))
    (second,) = (line for line in lines if line.endswith(" -m pytest"))
    assert first.startswith("python3 ")
    assert second.startswith("python3 ")
    assert "grep -- ' -m pytest$' README.md" in (TOP / ".ci" / "run").read_text(encoding="utf-8")


def test_every_module_that_contributors_run_is_there() -> None:
    found = {line[2] for line in commands(CONTRIBUTING) if line[1:2] == ["-m"]}
    assert found >= {"pytest", "ruff", "mypy", "tests.bench"}
    assert (TOP / "tests" / "bench" / "__main__.py").exists()


def dead_links(page: Path) -> list[str]:
    """Relative links of a page that lead nowhere."""
    links = re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8"))
    return [link for link in links if "://" not in link and not (page.parent / link).exists()]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(TOP).as_posix())
def test_every_link_leads_somewhere(page: Path) -> None:
    assert dead_links(page) == []


def test_a_dead_link_would_be_found(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(
        "[there](page.md#top) [nowhere](nowhere.md) [far](https://example.org/)", encoding="utf-8"
    )
    assert dead_links(page) == ["nowhere.md"]


def shown() -> set[str]:
    """Names of all metrics, counters with their suffix."""
    metrics = Metrics(["twilio"], [], "EUR")
    now = datetime(2017, 10, 21, tzinfo=UTC)
    purse = PurseFigures(limit=1, reserved=0, spent=0, overrun=0, runway=0.0, origin="settings")
    figures = Figures(
        read_at=now, queue={"held": 0}, oldest=None, in_doubt={}, cost={}, returned={},
        due=0, purses={"total": purse}, states={}, balances={}, last_reply_at=None,
        receipts_waiting=0, estimated={}, counts=Counts({}, {}, {}, 0, 1, Sample()),
        burden=Burden(1, 1, 0.0), sample=Sample(), raid=Outlook("calm"), evidence=Standing(),
    )  # fmt: skip
    facts = metrics.facts(figures, {}, oldest=0, stalled=False) + page(spooled(0, 0, 0))
    families = text_string_to_metric_families((metrics.events() + facts).decode())
    return {f"{one.name}_total" if one.type == "counter" else one.name for one in families}


def explained(page: str) -> set[str]:
    """Names that stand first in a row of a table."""
    return set(re.findall(r"^\| `(paravent_\w+)` \|", page, re.MULTILINE))


def test_every_metric_is_explained_and_none_that_does_not_exist() -> None:
    assert explained(METRICS) == shown()


def test_a_metric_without_a_word_would_be_found() -> None:
    assert explained(METRICS.replace("| `paravent_parts_total`", "| `paravent_pieces_total`")) ^ shown() == {
        "paravent_parts_total",
        "paravent_pieces_total",
    }


# Put together here, so that they do not stand in the files that are searched.
FOREIGN = re.compile(
    "|".join(
        [
            *("/" + "work/", "/" + "root/", "/home/" + r"(?!kim\b|paravent\b)\w+", "/" + "opt/"),
            *(
                r"\b" + "cla" + r"ude\b",
                r"\b" + "anth" + "ropic",
                r"\b" + "chat" + r"gpt\b",
                r"\b" + "cop" + "ilot",
            ),
            *(r"\b" + "sub" + r"agent", r"\bL" + r"LM\b", r"\blanguage " + "model", r"\bthe " + r"lead\b"),
            *(r"\bis" + r"sue [A-Z]\b", r"\bbr" + r"ief\.md", r"\bdesign" + r"\.md"),
        ]
    ),
    re.IGNORECASE,
)


def foreign(text: str) -> list[str]:
    """What only makes sense on the machine, or to the tools, that a file was written with."""
    return [found[0] for found in FOREIGN.finditer(text)]


def test_nothing_is_written_for_one_machine() -> None:
    texts = {
        path.relative_to(TOP).as_posix(): path.read_text(encoding="utf-8", errors="replace")
        for path in (
            *files(".py", ".sql", ".md", ".toml", ".yml", ".json", ".html", ".css", ".js"),
            *TOP.glob("*.md"),
            TOP / "pyproject.toml",
            TOP / ".ci" / "run",
            TOP / ".github" / "workflows" / "check.yml",
        )
    }
    assert {path: foreign(text) for path, text in texts.items() if foreign(text)} == {}


@pytest.mark.parametrize("text", ["see /" + "work/notes", "as is" + "sue A says", "the le" + "ad decided"])
def test_what_is_written_for_one_machine_would_be_found(text: str) -> None:
    assert foreign(text)
