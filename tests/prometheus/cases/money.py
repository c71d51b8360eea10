"""Alerts about money: it runs short, it is spent, more was charged than was kept for it."""

from __future__ import annotations

from tests.prometheus.cases.case import Case

CASES = (
    Case(
        alert="RunwayShort",
        sees={'paravent_purse_runway_seconds{purse="total"}': "90000x10 36000x20 900000x20"},
        fires=(25,),
        clears=(5, 15, 40),
        labels={"purse": "total"},
        says="Purse total is empty in 10h 0m 0s, at the present pace.",
    ),
    Case(
        alert="MoneyNearlyGone",
        sees={
            'paravent_purse_runway_seconds{purse="total"}': "36000x10 5400x20 0x10 90000x20",
            'paravent_purse_runway_seconds{purse="twilio"}': "3600x60",
        },
        fires=(25,),
        clears=(5, 15, 35, 50),
        labels={"purse": "total"},
        says="The purse that all accounts share is empty in 1h 30m 0s, at the present pace.",
    ),
    Case(
        alert="PurseEmpty",
        sees={
            'paravent_purse_runway_seconds{purse="total"}': "90000x10 0x20 90000x20",
            'paravent_purse_runway_seconds{purse="twilio"}': "0x50",
        },
        fires=(15,),
        clears=(5, 40),
        labels={"purse": "total"},
        says="The purse that all accounts share is empty.",
    ),
    Case(
        alert="AccountPurseEmpty",
        sees={
            'paravent_purse_runway_seconds{purse="total"}': "0x50",
            'paravent_purse_runway_seconds{purse="twilio"}': "90000x10 0x20 90000x20",
        },
        fires=(15,),
        clears=(5, 40),
        labels={"purse": "twilio"},
        says="The own purse of account twilio is empty.",
    ),
    Case(
        alert="Overrun",
        sees={'paravent_purse_overrun_money{purse="twilio"}': "0x30 1.5x120"},
        fires=(50,),
        clears=(20, 120),
        labels={"purse": "twilio"},
        says="Carriers charged 1.5 past the limit of purse twilio afterwards.",
    ),
)
