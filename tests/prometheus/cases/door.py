"""Alerts about what comes in: it is turned away, or kept aside."""

from __future__ import annotations

from tests.prometheus.cases.case import Case

_HERE = {"instance": "a:8080"}
_TWILIO = {"account": "twilio"}


def _rejected(reason: str) -> dict[str, str]:
    """Two webhooks a minute for half an hour."""
    return {f'paravent_webhooks_rejected_total{{account="twilio",reason="{reason}"}}': "0x5 2+2x30 62x40"}


CASES = (
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
)
