"""Alerts about the carriers' accounts: closed, slow, unused, in doubt, without receipts."""

from __future__ import annotations

from tests.prometheus.cases.case import Case

_TWILIO = {"account": "twilio"}


def _recent(word: str) -> dict[str, str]:
    """Forty of a hundred replies are this for half an hour, then ten."""
    return {
        f'paravent_recent_replies{{account="twilio",receipt="{word}"}}': "40x30 10x30",
        'paravent_recent_replies{account="twilio",receipt="delivered"}': "60x30 90x30",
    }


CASES = (
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
        alert="NobodyCarries",  # twilio is cut off from 5 on; vonage's own purse is empty from 15 to 30
        sees={
            'paravent_account_state{account="twilio",state="open"}': "1x4 0x46",
            'paravent_account_state{account="twilio",state="cut_off"}': "0x4 1x46",
            'paravent_account_state{account="vonage",state="open"}': "1x50",
            'paravent_account_state{account="vonage",state="cut_off"}': "0x50",
            'paravent_purse_runway_seconds{purse="total"}': "0x50",
            'paravent_purse_runway_seconds{purse="twilio"}': "9e9x50",
            'paravent_purse_runway_seconds{purse="vonage"}': "90000x14 0x15 90000x20",
        },
        fires=(18, 28),
        clears=(2, 12, 40),
        says="No account carries. Each is cut off, cut by you, or its own purse is empty.",
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
        sees={  # poster's own sender carries until 30 and from 150 on
            'paravent_carried_total{number="poster",route="reply_from"}': "0+5x30 150x120 150+5x60",
            'paravent_carried_total{number="poster",route="fallback"}': "0x30 0+1x120 120x60",
            # Four found their sender throttled, and nobody else texted: that is too few to know.
            'paravent_carried_total{number="website",route="reply_from"}': "7x210",
            'paravent_carried_total{number="website",route="fallback"}': "0x60 0+1x4 4x146",
            # Mostly through a fallback, and now and then through its own sender: that one is not lost.
            'paravent_carried_total{number="flyer",route="reply_from"}': "0x4 1x25 2x30 3x30 4x30 5x30 6x60",
            'paravent_carried_total{number="flyer",route="fallback"}': "0+5x210",
        },
        fires=(110, 148),
        clears=(20, 85, 100, 155, 200),
        labels={"number": "poster"},
        says="Number poster answers only through a fallback: 60 times within an hour.",
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
)
