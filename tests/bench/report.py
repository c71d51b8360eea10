"""The table for people and the JSON for machines: medians of interleaved rounds, ratios round by round."""

from __future__ import annotations

import platform
import statistics
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from importlib.metadata import PackageNotFoundError, version
from typing import Any, Final

from tests.bench.ceiling import Ceiling
from tests.bench.database import Durability
from tests.bench.rounds import Burst, Plan, Round

NEEDED: Final = 3.0
LEGEND: Final = """\
texts/s: first webhook to last reply or receipt. CPU: seconds per 1,000 texts with their two receipts, until
1 s after the last one. http: the same door and client calls without signature and database, run alone and
subtracted (an estimate); app: the rest of the system's processes; db: all of PostgreSQL's; other: app + db,
the CPU that is not HTTP; load, carrier: the bench's own; busy: cores that strangers' processes took.
Ratios are medians of the ratio in each round, with the lowest and the highest."""
TRUTH: Final = "  lost unacked doubles receipts"


@dataclass(frozen=True)
class Table:
    """All rounds with one kind of commit, in the order they were played."""

    commits: str
    durability: Durability
    rounds: list[Round]


@dataclass(frozen=True)
class Ratio:
    """One system against another, round by round: median, lowest, highest."""

    median: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.median:.2f} x ({self.low:.2f} to {self.high:.2f})"


def ratio(ours: Sequence[float], theirs: Sequence[float]) -> Ratio:
    """Compare two systems that played the same rounds."""
    ratios = [our / their for our, their in zip(ours, theirs, strict=True)]
    return Ratio(statistics.median(ratios), min(ratios), max(ratios))


def machine() -> str:
    """What it ran on."""
    names = ("aiohttp", "asyncpg", "uvloop")
    packages = ", ".join(f"{name} {installed(name)}" for name in names)
    return f"Python {platform.python_version()}, {packages}; {platform.system()} {platform.machine()}"


def installed(name: str) -> str:
    """A package's version, or that it is absent."""
    try:
        return version(name)
    except PackageNotFoundError:
        return "absent"


def text(plan: Plan, ceiling: Ceiling, tables: Sequence[Table]) -> str:
    """Everything for a person to read."""
    return "\n".join(
        [
            machine(),
            *ceilings(ceiling, tables),
            *(line for table in tables for line in one(plan, table)),
            LEGEND,
        ]
    )


def ceilings(ceiling: Ceiling, tables: Sequence[Table]) -> Iterator[str]:
    """The bench's own limits, and whether they are far enough from what was measured."""
    fastest = max(round_.saturated.texts_per_second for table in tables for round_ in table.rounds)
    doors = max(round_.saturated.acks_per_second for table in tables for round_ in table.rounds)
    for name, most, cost, measured in (
        ("load generator", ceiling.load, ceiling.load_cpu, doors),
        ("carrier", ceiling.carrier, ceiling.carrier_cpu, fastest),
    ):
        share = most / measured
        verdict = (
            "enough"
            if share >= NEEDED
            else f"TOO LOW: less than {NEEDED:.0f} x, the figures are the bench's own"
        )
        yield (
            f"{name}: at most {most:,.0f} texts/s ({cost:.3f} CPU s/1,000), "
            f"{share:.1f} x the fastest measured: {verdict}"
        )


def one(plan: Plan, table: Table) -> Iterator[str]:
    """The lines of one table."""
    yield f"\n== Commits {table.commits} == {table.durability}"
    yield (
        f"Saturation: {plan.texts:,} texts, {plan.connections} connections, {plan.processes} process(es), "
        f"medians of {len(table.rounds) // len(names(table))} interleaved rounds"
    )
    yield (
        f"{'system':10}{'texts/s':>9}{'acks/s':>9}{'ack p50':>9}{'p99 ms':>8}"
        f"{'http':>8}{'app':>8}{'db':>8}{'other':>8}{'total':>8}{'load':>8}{'carrier':>8}{'busy':>6}{TRUTH}"
    )
    for name in names(table):
        yield saturation(name, [round_ for round_ in table.rounds if round_.system == name])
    if plan.seconds:
        yield f"Fixed rate: {plan.rate:g} texts/s for {plan.seconds:g} s, milliseconds"
        yield f"{'system':10}{'ack p50':>9}{'p99':>8}{'reply p50':>11}{'p99':>8}{'CPU':>8}{'busy':>6}{TRUTH}"
        for name in names(table):
            yield paced(name, [round_ for round_ in table.rounds if round_.system == name])
    for name in names(table):
        if name != "baseline" and "baseline" in names(table):
            yield from against(table, name)
    yield ""


def names(table: Table) -> list[str]:
    """The systems of a table, in order."""
    return list(dict.fromkeys(round_.system for round_ in table.rounds))


def saturation(name: str, rounds: Sequence[Round]) -> str:
    """One system's line at saturation."""
    cells = [
        f"{median(rounds, lambda r: r.saturated.texts_per_second):>9,.0f}",
        f"{median(rounds, lambda r: r.saturated.acks_per_second):>9,.0f}",
        f"{median(rounds, lambda r: r.saturated.ack_ms[0]):>9.1f}",
        f"{median(rounds, lambda r: r.saturated.ack_ms[1]):>8.1f}",
        f"{median(rounds, lambda r: r.http):>8.3f}",
        f"{median(rounds, lambda r: r.saturated.application - r.http):>8.3f}",
        f"{median(rounds, lambda r: r.saturated.database):>8.3f}",
        f"{median(rounds, other):>8.3f}",
        f"{median(rounds, lambda r: r.saturated.application + r.saturated.database):>8.3f}",
        f"{median(rounds, lambda r: r.saturated.load):>8.3f}",
        f"{median(rounds, lambda r: r.saturated.carrier):>8.3f}",
        f"{median(rounds, lambda r: r.saturated.busy):>6.2f}",
    ]
    return f"{name:10}" + "".join(cells) + truth([round_.saturated for round_ in rounds])


def paced(name: str, rounds: Sequence[Round]) -> str:
    """One system's line at the fixed rate."""
    bursts = [round_.paced for round_ in rounds if round_.paced]
    cells = [
        f"{statistics.median(burst.ack_ms[0] for burst in bursts):>9.1f}",
        f"{statistics.median(burst.ack_ms[1] for burst in bursts):>8.1f}",
        f"{statistics.median(burst.reply_ms[0] for burst in bursts):>11.1f}",
        f"{statistics.median(burst.reply_ms[1] for burst in bursts):>8.1f}",
        f"{statistics.median(burst.application + burst.database for burst in bursts):>8.3f}",
        f"{statistics.median(burst.busy for burst in bursts):>6.2f}",
    ]
    return f"{name:10}" + "".join(cells) + truth(bursts)


def truth(bursts: Sequence[Burst]) -> str:
    """What went wrong, summed over the rounds: anything but 0 spoils the figures beside it."""
    lost, unacked = sum(burst.lost for burst in bursts), sum(burst.unacknowledged for burst in bursts)
    doubles, refused = sum(burst.doubles for burst in bursts), sum(burst.receipts_refused for burst in bursts)
    receipts = f"{sum(burst.receipts for burst in bursts)}" + (f" ({refused} refused)" if refused else "")
    return f"{lost:>6}{unacked:>8}{doubles:>8} {receipts}"


def against(table: Table, name: str) -> Iterator[str]:
    """The ratios that are aimed at."""

    def compared(figure: Callable[[Round], float]) -> Ratio:
        ours, theirs = (
            [figure(round_) for round_ in table.rounds if round_.system == system]
            for system in (name, "baseline")
        )
        return ratio(ours, theirs)

    yield (
        f"{name} / baseline: texts/s {compared(lambda r: r.saturated.texts_per_second)}, "
        f"other CPU {compared(other)}, "
        f"total CPU {compared(lambda r: r.saturated.application + r.saturated.database)}"
    )


def other(round_: Round) -> float:
    """CPU seconds per 1,000 texts that are not HTTP."""
    return round_.saturated.application - round_.http + round_.saturated.database


def median(rounds: Sequence[Round], figure: Callable[[Round], float]) -> float:
    """The middle of a figure over rounds."""
    return statistics.median(figure(round_) for round_ in rounds)


def document(plan: Plan, ceiling: Ceiling, tables: Sequence[Table]) -> dict[str, Any]:
    """Everything for a machine to read."""
    return {
        "machine": machine(),
        "plan": asdict(plan),
        "ceiling": asdict(ceiling),
        "tables": [asdict(table) for table in tables],
    }
