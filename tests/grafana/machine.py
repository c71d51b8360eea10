"""*Machine*: whether processes, database, disk and clock keep up."""

from __future__ import annotations

from tests.grafana.asking import COMMITTED, RATE, quantile, worded
from tests.grafana.board import Board
from tests.grafana.drawing import (
    BLUE,
    CLEAR,
    GREEN,
    ORANGE,
    RED,
    YELLOW,
    Query,
    stat,
    trend,
)

_UP = (
    stat(
        "All running?",
        "Missing: processes that were ordered by `--processes` and do not run, and machines that do not"
        " answer, each counted as one.",
        Query(
            "sum(paravent_processes_ordered - paravent_processes)"
            ' + (count(up{job="paravent"} == 0) or vector(0))'
        ),
        unit="suffix:missing",
        steps=((None, RED), (0, GREEN), (1, RED)),
        words={0: ("Yes", GREEN)},
        nothing="Router down?",
    ),
    stat(
        "Database there?",
        "No: a process does not reach it. Texts are taken in all the same, and kept on disk.",
        Query("max(paravent_database_away)"),
        unit="none",
        words={0: ("Yes", GREEN)},
        steps=((None, GREEN), (1, RED)),
        ranges={1: ("No", RED)},
    ),
    stat(
        "What waits on disk?",
        "Texts and receipts that the database has not taken yet. They are acknowledged, and safe there.",
        Query("sum(paravent_spool_texts) + sum(paravent_spool_receipts)"),
        unit="short",
        steps=((None, GREEN), (1, ORANGE)),
    ),
    stat(
        "How long on disk?",
        "The oldest of it. If it grows while the database is there, something keeps the spool from being"
        " emptied.",
        Query("max(paravent_spool_oldest_seconds)"),
        unit="s",
        steps=((None, GREEN), (60, YELLOW), (600, RED)),
        defaults={"decimals": 0},
    ),
    stat(
        "Clocks agree?",
        "The largest difference between a machine's clock and the database's. Signatures of carriers are"
        " refused when it is minutes.",
        Query("max(abs(paravent_clock_skew_seconds))"),
        unit="s",
        steps=((None, GREEN), (2, YELLOW), (5, RED)),
        defaults={"decimals": 2},
    ),
    stat(
        "How late is sealing?",
        "Age of the oldest text that no seal covers yet. Beyond a few minutes nobody seals: whoever owns the"
        " database"
        " could still change it unnoticed.",
        Query("max(paravent_evidence_sealed_age_seconds)"),
        unit="s",
        steps=((None, GREEN), (180, YELLOW), (300, RED)),
        defaults={"decimals": 0},
    ),
)

_PROCESSES = (
    trend(
        "Does a process fall behind?",
        "How late a process turns to what is due: above a tenth of a second it has too much to do. Start more"
        " processes, or give it a faster machine.",
        Query(quantile(0.5, "paravent_loop_lag_seconds"), "half"),
        Query(quantile(0.99, "paravent_loop_lag_seconds"), "99 of 100"),
        unit="s",
        steps=((None, CLEAR), (0.1, YELLOW), (0.5, RED)),
        named={"half": GREEN, "99 of 100": ORANGE},
    ),
    trend(
        "How fast are carriers acknowledged?",
        "A webhook in, to its answer out: 99 of 100 take less. Twilio gives up after 15 seconds, and asks"
        " once more at most.",
        Query(quantile(0.5, "paravent_ack_duration_seconds"), "half"),
        Query(quantile(0.99, "paravent_ack_duration_seconds"), "99 of 100"),
        unit="s",
        steps=((None, CLEAR), (15, RED)),
        named={"half": GREEN, "99 of 100": ORANGE},
    ),
    trend(
        "How much of the processors is used?",
        "1 is one processor, used all the time.",
        Query(f"sum by (instance) (rate(paravent_process_cpu_seconds_total[{RATE}]))", "{{instance}}"),
        unit="short",
        custom={"axisSoftMax": 0.1},
    ),
    trend(
        "How much memory is used?",
        "By all processes of a machine. A line that only climbs ends badly.",
        Query("sum by (instance) (paravent_process_memory_bytes)", "{{instance}}"),
        unit="bytes",
    ),
    trend(
        "Do processes die?",
        "Processes started. More than your restarts explain are processes that died and were replaced.",
        Query(f"sum by (instance) (increase(paravent_process_starts_total[{RATE}]))", "{{instance}}"),
        unit="short",
        bars=True,
    ),
    trend(
        "How many do one commit?",
        "Items in one commit, by what is done. One means that nobody waited for anybody; more is how a rush"
        " is carried.",
        Query(
            worded(
                f"sum by (statement) (rate(paravent_coalesced_items_total[{RATE}]))"
                f" / (sum by (statement) (rate(paravent_coalesced_commits_total[{RATE}])) > 0)",
                "statement",
                COMMITTED,
            ),
            "{{statement}}",
        ),
        unit="short",
    ),
)

_DATABASE = (
    trend(
        "How near is the database?",
        "Asking it for nothing: half of the answers are faster than the first line.",
        Query(quantile(0.5, "paravent_database_round_trip_seconds"), "half"),
        Query(quantile(0.99, "paravent_database_round_trip_seconds"), "99 of 100"),
        unit="s",
        named={"half": GREEN, "99 of 100": ORANGE},
    ),
    trend(
        "Does somebody hold an old snapshot?",
        "Age of the oldest transaction that still sees old rows. While it lasts nothing can be cleaned up,"
        " and the queue slows down: find it in pg_stat_activity.",
        Query("max(paravent_database_snapshot_seconds)", "oldest snapshot"),
        unit="s",
        steps=((None, CLEAR), (900, RED)),
    ),
    trend(
        "How many connections are there?",
        "Of everybody, against its own max_connections.",
        Query("max(paravent_database_connections)", "connections"),
        unit="short",
    ),
    trend(
        "How large is the database?",
        "On its disk. What is due to be forgotten keeps it from growing for ever.",
        Query("max(paravent_database_bytes)", "size"),
        unit="bytes",
    ),
    trend(
        "What waits in the database?",
        "Receipts that are stored and not applied yet, texts that are not sealed yet, and seals that were not"
        " told elsewhere yet. More receipts than the line are an alert.",
        Query("max(paravent_receipts_waiting)", "receipts"),
        Query("max(paravent_evidence_unsealed_texts)", "texts to seal"),
        Query("max(paravent_evidence_roots_unsent)", "seals to tell"),
        unit="short",
        steps=((None, CLEAR), (1000, RED)),
        named={"receipts": BLUE, "texts to seal": GREEN, "seals to tell": ORANGE},
    ),
    trend(
        "When was the last answer sent?",
        "Time since a carrier took the last one. Long is normal when nobody texts.",
        Query("time() - (max(paravent_last_reply_timestamp_seconds) > 0)", "since the last answer"),
        unit="s",
    ),
)

BOARD = Board(
    uid="machine",
    title="Machine",
    says="Whether processes, database, disk and clock keep up.",
    panels=(*_UP, *_PROCESSES, *_DATABASE),
    variables=(),
)
