"""Alerts about raids and about the evidence of them."""

from __future__ import annotations

from tests.prometheus.cases.case import Case

CASES = (
    Case(
        alert="RaidBegan",
        sees={"paravent_raid_active": "0x5 1x3 0x3 1x3 0x40"},  # one raid, though it seems over in between
        fires=(7, 11, 14, 25),
        clears=(4, 40),
        says="A raid is under way.",
    ),
    Case(
        alert="RaidEnded",
        sees={"paravent_raid_active": "0x5 1x10 0x3 1x10 0x100"},
        fires=(50, 80),
        clears=(4, 17, 30, 100),
        says="The raid is over, for a quarter of an hour.",
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
)
