"""A story for each alert: what Prometheus sees, when the alert fires and what it says, when it clears."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One alert's story.

    Args:
        alert: Its name.
        sees: Values by series, in promtool's notation: one each time.
        fires: Minutes at which it fires.
        clears: Minutes at which it does not: before, and after its cause is over.
        labels: What it carries besides its severity.
        says: Its summary, as it is read.
        every: Minutes between two looks.
    """

    alert: str
    sees: Mapping[str, str]
    fires: tuple[int, ...]
    clears: tuple[int, ...]
    says: str
    labels: Mapping[str, str] = field(default_factory=dict)
    every: int = 1


_HERE = {"instance": "a:8080"}
_TWILIO = {"account": "twilio"}


def _recent(word: str) -> dict[str, str]:
    """Forty of a hundred replies are this for half an hour, then ten."""
    return {
        f'paravent_recent_replies{{account="twilio",receipt="{word}"}}': "40x30 10x30",
        'paravent_recent_replies{account="twilio",receipt="delivered"}': "60x30 90x30",
    }


def _rejected(reason: str) -> dict[str, str]:
    """Two webhooks a minute for half an hour."""
    return {f'paravent_webhooks_rejected_total{{account="twilio",reason="{reason}"}}': "0x5 2+2x30 62x40"}


CASES = (
    Case(
        alert="NobodyAnswered",
        sees={
            'paravent_queue_texts{state="queued"}': "0x40",
            'paravent_queue_texts{state="delayed"}': "0 0 9x20 0x20",
            "paravent_last_reply_timestamp_seconds": "0x22 1320x20",
        },
        fires=(15,),
        clears=(4, 30),
        says="Texts wait, and none was answered for five minutes.",
    ),
    Case(
        alert="OldestTextTooOld",
        sees={"paravent_queue_oldest_seconds": "0x5 960x20 0x20"},
        fires=(10,),
        clears=(4, 40),
        says="The oldest text that could be answered waits for 16m 0s.",
    ),
    Case(
        alert="AnswersAreLate",
        sees={
            'paravent_reply_duration_seconds_bucket{le="300"}': "0x60 0+60x60",
            'paravent_reply_duration_seconds_bucket{le="900"}': "0+60x60 3600+60x60",
            'paravent_reply_duration_seconds_bucket{le="+Inf"}': "0+60x60 3600+60x60",
        },
        fires=(50,),
        clears=(5, 110),
        says="One answer in twenty takes longer than 14m 30s.",
    ),
    Case(
        alert="AccountCutOff",
        sees={
            'paravent_account_reason{account="twilio",reason="unpaid"}': "0x5 1x20 0x20",
            'paravent_account_reason{account="twilio",reason="suspended"}': "0x50",
            'paravent_account_state{account="twilio",state="cut_off"}': "0x5 1x10 0 1x9 0x20",
            'paravent_account_state{account="twilio",state="probing"}': "0x15 0 1 0x30",
        },
        fires=(8, 12, 18),
        clears=(4, 40),
        labels=_TWILIO | {"reason": "unpaid"},
        says="Account twilio is cut off: unpaid.",
    ),
    Case(
        alert="AccountSlow",
        sees={'paravent_account_state{account="twilio",state="slow"}': "0x5 1x20 0x20"},
        fires=(20,),
        clears=(10, 40),
        labels=_TWILIO,
        says="Account twilio is slow or throttled for ten minutes.",
    ),
    Case(
        alert="AccountCutByOperator",
        sees={'paravent_account_state{account="twilio",state="operator_cut"}': "1x28 0x10"},
        every=30,
        fires=(780,),
        clears=(690, 900),
        labels=_TWILIO,
        says="Account twilio is cut by you for twelve hours.",
    ),
    Case(
        alert="PrimaryUnused",
        sees={
            'paravent_carried_total{number="poster",route="reply_from"}': "0+5x30 150x60 150+5x60",
            'paravent_carried_total{number="poster",route="fallback"}': "0x30 0+5x60 300x60",
        },
        fires=(85,),
        clears=(20, 50, 110),
        labels={"number": "poster"},
        says="Number poster answers only through a fallback for half an hour.",
    ),
    Case(
        alert="InDoubtGrowing",
        sees={'paravent_attempts_in_doubt{account="twilio"}': "0x5 1+1x30 31x60"},
        fires=(30,),
        clears=(5, 80),
        labels=_TWILIO,
        says="25 sends of account twilio are in doubt, and more every minute.",
    ),
    Case(
        alert="ReceiptsMissing",
        sees=_recent("missing"),
        fires=(20,),
        clears=(10, 40),
        labels=_TWILIO,
        says="40% of the replies through twilio have no receipt.",
    ),
    Case(
        alert="DeliveriesFail",
        sees=_recent("failed"),
        fires=(20,),
        clears=(10, 40),
        labels=_TWILIO,
        says="40% of the replies through twilio did not arrive.",
    ),
    Case(
        alert="BalanceRunsOut",
        sees={'paravent_balance{account="ovh",unit="credit"}': "1000x60 1000-5x60 5000x200"},
        fires=(115,),
        clears=(30, 320),
        labels={"account": "ovh", "unit": "credit"},
        says="What account ovh has left at its carrier (730 credit) is gone within twelve hours.",
    ),
    Case(
        alert="RunwayShort",
        sees={'paravent_purse_runway_seconds{purse="total"}': "90000x10 36000x20 900000x20"},
        fires=(25,),
        clears=(5, 15, 40),
        labels={"purse": "total"},
        says="Purse total is empty in 10h 0m 0s, at the present pace.",
    ),
    Case(
        alert="PurseEmpty",
        sees={'paravent_purse_runway_seconds{purse="total"}': "90000x10 0x20 90000x20"},
        fires=(15,),
        clears=(5, 40),
        labels={"purse": "total"},
        says="Purse total is empty.",
    ),
    Case(
        alert="Overrun",
        sees={'paravent_purse_overrun_money{purse="twilio"}': "0x30 1.5x120"},
        fires=(50,),
        clears=(20, 120),
        labels={"purse": "twilio"},
        says="Carriers charged 1.5 past the limit of purse twilio afterwards.",
    ),
    Case(
        alert="RaidBegan",
        sees={"paravent_raid_active": "0x5 1x20 0x20"},
        fires=(6, 20),
        clears=(4, 30),
        says="A raid is under way.",
    ),
    Case(
        alert="RaidEnded",
        sees={"paravent_raid_active": "0x5 1x20 0x40"},
        fires=(30,),
        clears=(4, 15, 60),
        says="The raid is over.",
    ),
    Case(
        alert="RaidsUnseen",
        sees={
            "paravent_raid_counted_timestamp_seconds": "60+60x10 660x20 1860+60x20",
            "paravent_texts_received_total": "0+5x60",
        },
        fires=(22,),
        clears=(10, 40),
        says="Nothing was counted for the sight of raids since 11m 0s.",
    ),
    Case(
        alert="EvidenceNotSealed",
        sees={"paravent_evidence_sealed_age_seconds": "30x5 360x20 30x20"},
        fires=(15,),
        clears=(4, 40),
        says="Nothing that came in was sealed for 6m 0s.",
    ),
    Case(
        alert="EvidenceNotSent",
        sees={"paravent_evidence_roots_unsent": "0x5 3x80 0x20"},
        fires=(80,),
        clears=(30, 100),
        says="3 seals were not told elsewhere for an hour; `evidence.roots_to` says where.",
    ),
    Case(
        alert="RouterDown",
        sees={'up{job="paravent",instance="a:8080"}': "1x5 0x10 1x20"},
        fires=(10,),
        clears=(4, 30),
        labels={"job": "paravent"} | _HERE,
        says="The router at a:8080 does not answer.",
    ),
    Case(
        alert="FactsMissing",
        sees={'up{job="paravent-state",instance="a:8080"}': "1x5 0x10 1x20"},
        fires=(10,),
        clears=(4, 30),
        labels={"job": "paravent-state"} | _HERE,
        says="The facts at a:8080 cannot be read.",
    ),
    Case(
        alert="DatabaseAway",
        sees={'paravent_database_away{instance="a:8080"}': "0x5 2x10 0x20"},
        fires=(10,),
        clears=(4, 30),
        labels=_HERE,
        says="A router at a:8080 does not reach the database.",
    ),
    Case(
        alert="TextsTurnedAway",
        sees=_rejected("spool_full"),
        fires=(15,),
        clears=(4, 50),
        labels=_TWILIO | {"reason": "spool_full"},
        says="Texts of account twilio are turned away: spool_full.",
    ),
    Case(
        alert="WebhooksRejected",
        sees=_rejected("forged"),
        fires=(25,),
        clears=(4, 70),
        labels=_TWILIO | {"reason": "forged"},
        says="Webhooks of account twilio are rejected: forged.",
    ),
    Case(
        alert="SpoolInUse",
        sees={
            'paravent_spool_texts{instance="a:8080"}': "0x5 7x10 0x20",
            'paravent_spool_receipts{instance="a:8080"}': "0x5 2x10 0x20",
        },
        fires=(10,),
        clears=(4, 30),
        labels=_HERE,
        says="9 texts or receipts wait on the disk of a:8080 for the database.",
    ),
    Case(
        alert="SpoolStuck",
        sees={
            'paravent_spool_oldest_seconds{instance="a:8080"}': "0x5 700x30 0x20",
            'paravent_database_away{instance="a:8080"}': "1x20 0x40",
        },
        fires=(30,),
        clears=(15, 50),
        labels=_HERE,
        says="The spool of a:8080 is not emptied, though the database is there.",
    ),
    Case(
        alert="ReceiptsNotApplied",
        sees={"paravent_receipts_waiting": "10x5 2000x20 10x20"},
        fires=(20,),
        clears=(10, 40),
        says="2000 receipts wait to be applied.",
    ),
    Case(
        alert="OldSnapshot",
        sees={"paravent_database_snapshot_seconds": "0+60x30 0x20"},
        fires=(20,),
        clears=(10, 40),
        says="Somebody holds a snapshot of the database for 20m 0s.",
    ),
    Case(
        alert="ClockSkew",
        sees={'paravent_clock_skew_seconds{instance="a:8080"}': "0.1x5 -8x20 0.1x20"},
        fires=(15,),
        clears=(8, 40),
        labels=_HERE,
        says="The clock of a:8080 is 8s off the database's.",
    ),
    Case(
        alert="ProcessesDie",
        sees={'paravent_process_starts_total{instance="a:8080"}': "2x10 2+1x10 12x40"},
        fires=(20,),
        clears=(8, 50),
        labels=_HERE,
        says="Processes of a:8080 die and are replaced.",
    ),
    Case(
        alert="FallsBehind",
        sees={
            'paravent_loop_lag_seconds_bucket{instance="a:8080",le="0.1"}': "0x30 0+120x60",
            'paravent_loop_lag_seconds_bucket{instance="a:8080",le="1"}': "0+120x30 3600+120x60",
            'paravent_loop_lag_seconds_bucket{instance="a:8080",le="+Inf"}': "0+120x30 3600+120x60",
        },
        fires=(25,),
        clears=(3, 80),
        labels=_HERE,
        says="Processes of a:8080 have more to do than they can.",
    ),
)
