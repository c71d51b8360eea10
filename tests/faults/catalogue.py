"""The catalogue of faults: what is promised under each, the test that shows it, the control that fails.

`python -m tests.faults.catalogue` writes the table of README.md anew.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

README = Path(__file__).with_name("README.md")
BEGIN, END = "<!-- the table: python -m tests.faults.catalogue -->\n", "<!-- end of the table -->\n"


class Fault(NamedTuple):
    """One fault.

    Args:
        what: In a few words.
        promise: What holds all the same.
        test: `file::function` below tests/, of the suite.
        control: The same with the protection off, which must fail; likewise.
    """

    what: str
    promise: str
    test: str
    control: str


_CHAOS = "faults/test_chaos.py::test_everything_at_once_and_nothing_is_lost_sent_twice_or_booked_wrong"
_WITHOUT = "faults/test_chaos.py::test_without_a_protection_the_judge_names_the_harm"
_POINTS = "faults/test_chaos.py::test_killed_at_named_steps_nothing_is_lost_sent_twice_or_booked_wrong"
_DOUBT = "test_send.py::test_a_doubt_taken_for_unreachable_would_be_sent_twice"
_AWAY = (
    "scenarios/test_database_away.py::"
    "test_while_the_database_is_away_no_text_is_refused_lost_or_answered_twice"
)

FAULTS: Mapping[str, Fault] = {
    "F1": Fault(
        "5xx before or after recording",
        "in doubt, never sent again",
        "test_relay.py::test_a_doubt_keeps_its_money_and_is_never_sent_again_by_anyone",
        "test_relay.py::test_taken_for_unsent_a_doubt_is_sent_twice",
    ),
    "F2": Fault(
        "refused, DNS, TLS",
        "certainly unsent: through another, money released",
        "test_wire.py::test_a_name_that_is_none_and_tls_that_fails_have_sent_nothing",
        "test_send.py::test_without_the_bookkeeping_a_text_that_left_would_count_as_unsent",
    ),
    "F3": Fault(
        "reset after the bytes left",
        "in doubt",
        "test_send.py::test_whatever_fails_after_a_text_may_have_left_is_a_doubt",
        _DOUBT,
    ),
    "F4": Fault("an answer that drips", "in doubt at the deadline", _CHAOS, _WITHOUT),
    "F5": Fault(
        "a storm of 429",
        "paced, through another meanwhile",
        "rules/test_breaker.py::test_a_throttle_closes_it_for_its_pause_and_no_probe_is_needed",
        "sweep/test_money.py::test_control_without_the_allowance_the_call_is_made",
    ),
    "F6": Fault(
        "suspended in the middle, or after queueing",
        "each text is answered by another, once",
        "sweep/test_receipts.py::test_what_is_proven_unsent_is_answered_once_by_another",
        "sweep/test_controls.py::test_control_without_remembering_who_proved_it_unsent_nobody_answers",
    ),
    "F7": Fault(
        "balance gone",
        "through another; back by itself after a top-up",
        "sweep/test_money.py::test_an_account_out_of_funds_comes_back_by_itself_after_a_top_up",
        "sweep/test_controls.py::test_control_where_all_relays_may_probe_they_all_do",
    ),
    "F8": Fault(
        "wrong, late, absent, negative, NaN price",
        "estimate stands, then corrected; overrun is booked",
        "sweep/test_prices.py::test_a_price_above_the_limit_is_booked_as_overrun",
        "postgres/test_mutants.py::test_the_machine_notices",
    ),
    "F9": Fault(
        "receipt before the answer",
        "settles, and the answer adds what it knows",
        "sweep/test_receipts.py::test_a_receipt_that_comes_before_the_answer_settles_the_send",
        "postgres/test_mutants.py::test_the_machine_notices",
    ),
    "F10": Fault(
        "duplicates",
        "one row, one answer",
        "web/test_hooks.py::test_a_replayed_text_is_stored_once",
        "web/test_hooks.py::test_with_random_ids_a_replayed_text_is_stored_again",
    ),
    "F11": Fault(
        "out of order",
        "a receipt only moves up",
        "sweep/test_receipts.py::test_receipts_twice_or_backwards_only_move_up",
        "postgres/test_mutants.py::test_the_machine_notices",
    ),
    "F12": Fault(
        "lost webhooks",
        "found in the provider's log",
        "sweep/test_inbound.py::test_a_lost_webhook_loses_no_text",
        "sweep/test_inbound.py::test_control_a_provider_without_rereading_would_be_believed",
    ),
    "F13": Fault(
        "says ok, never delivers",
        "left",
        "sweep/test_receipts.py::test_an_account_that_hands_nothing_over_is_left",
        "sweep/test_controls.py::test_control_without_remembering_who_proved_it_unsent_nobody_answers",
    ),
    "F14": Fault(
        "a look-up that lags or lies",
        "absence proves nothing",
        "sweep/test_doubts.py::test_absence_proves_nothing_and_in_the_end_the_estimate_is_booked",
        "sweep/test_doubts.py::test_control_where_absence_is_believed_a_double_appears",
    ),
    "O1": Fault("kill -9 at each step", "nothing lost, nothing twice, books exact", _POINTS, _WITHOUT),
    "O2": Fault(
        "database crash",
        "texts are spooled, then stored once",
        _CHAOS,
        "scenarios/test_database_away.py::test_without_the_spool_texts_are",
    ),
    "O4": Fault(
        "disk full",
        "the provider is asked to insist",
        "web/test_hooks.py::test_with_the_spool_full_as_well_the_provider_is_asked_to_insist",
        "scenarios/test_database_away.py::test_without_the_spool_texts_are",
    ),
    "O6": Fault(
        "frozen process",
        "no byte leaves after its lease",
        "test_wire.py::test_after_the_lease_no_byte_leaves",
        "test_wire.py::test_without_the_guard_bytes_leave_after_the_lease",
    ),
    "O7": Fault(
        "two workers, one text",
        "one claim, one live attempt",
        "postgres/test_together.py::test_simultaneous_texts_of_one_texter_are_one_grant",
        "postgres/test_together.py::test_without_the_texters_lock_there_are_more",
    ),
    "O8": Fault(
        "partition from the database",
        "texts are spooled, then stored once",
        _AWAY,
        "scenarios/test_database_away.py::test_without_the_spool_texts_are",
    ),
    "O9": Fault(
        "wrong configuration",
        "does not start, names every error",
        "settings/test_mistakes.py::test_all_mistakes_are_named_at_once_each_by_its_path",
        "settings/test_mistakes.py::test_control_a_door_that_is_taken_for_a_private_one_would_open",
    ),
    "O10": Fault(
        "a poisoned text in a group commit",
        "it stands alone, its neighbours are stored",
        "postgres/test_desk.py::test_a_poisoned_text_stands_alone",
        "test_coalesce.py::test_without_bisecting_a_neighbour_is_harmed",
    ),
    "O12": Fault(
        "graceful stop",
        "exits within 20 s with nothing in doubt",
        "faults/test_ending.py::test_told_to_stop_under_load_it_leaves_no_doubt",
        "faults/test_ending.py::test_without_patience_it_leaves_doubts",
    ),
    "S1": Fault(
        "forged webhook",
        "refused and counted",
        "web/test_hooks.py::test_a_forged_text_is_refused_and_counted",
        "web/test_hooks.py::test_without_the_signature_check_the_forged_text_gets_in",
    ),
    "S2": Fault(
        "replay",
        "stored once",
        "web/test_hooks.py::test_a_replayed_receipt_is_stored_once_and_wakes_who_applies_it",
        "web/test_hooks.py::test_with_random_digests_a_replayed_receipt_is_stored_again",
    ),
    "S3": Fault(
        "the URL behind a proxy",
        "only the configured public URL counts",
        "web/test_hooks.py::test_a_text_signed_for_another_address_is_forged_whatever_a_proxy_says",
        "web/test_hooks.py::test_without_the_signature_check_the_forged_text_gets_in",
    ),
    "S4": Fault(
        "timing",
        "constant-time comparison",
        "web/test_hooks.py::test_tokens_are_compared_in_constant_time_and_never_otherwise",
        "web/test_hooks.py::test_without_the_comparison_a_wrong_token_does",
    ),
    "S5": Fault(
        "oversize, gzip bomb",
        "refused unread",
        "web/test_bodies.py::test_a_compressed_body_is_refused_unread",
        "web/test_bodies.py::test_without_the_check_a_compressed_body_is_read",
    ),
    "S6": Fault(
        "slow senders",
        "cut short",
        "web/test_bodies.py::test_a_dripping_body_is_cut_short",
        "web/test_bodies.py::test_with_endless_patience_dripping_sockets_stay",
    ),
    "S7": Fault(
        "connection flood",
        "hung up; signed texts get through",
        "web/test_crowd.py::test_a_hostile_crowd_is_hung_up_while_signed_texts_get_through",
        "web/test_crowd.py::test_without_the_limit_all_come_in",
    ),
    "S9": Fault(
        "log injection",
        "what a stranger says is not repeated",
        "web/test_hooks.py::test_what_is_refused_leaves_no_number_text_or_secret_in_the_log",
        "scenarios/test_canaries.py::test_without_the_seal_it_would",
    ),
    "S10": Fault(
        "secrets anywhere",
        "none comes out",
        "scenarios/test_canaries.py::test_nothing_planted_comes_out",
        "scenarios/test_canaries.py::test_without_the_seal_it_would",
    ),
    "S11": Fault(
        "personal data or cardinality in labels",
        "closed sets only",
        "web/test_metrics.py::test_strangers_add_no_series",
        "scenarios/test_canaries.py::test_what_is_planted_would_be_found_however_it_is_spelled",
    ),
    "S12": Fault(
        "data at rest",
        "sealed",
        "scenarios/test_canaries.py::test_nothing_planted_comes_out",
        "scenarios/test_canaries.py::test_without_the_seal_it_would",
    ),
    "S13": Fault(
        "operator API without authorisation",
        "shows nothing",
        "web/test_api.py::test_without_the_token_nothing_is_shown",
        "web/test_api.py::test_without_the_comparison_any_token_opens",
    ),
    "S14": Fault(
        "CSRF, XSS",
        "a foreign page orders nothing",
        "web/test_api.py::test_a_foreign_page_orders_nothing",
        "web/test_api.py::test_without_the_check_a_foreign_page_cuts_the_account",
    ),
    "S16": Fault(
        "injection",
        "no parser raises, no junk is believed",
        "faults/test_fuzz.py::test_no_case_raises_or_is_believed",
        "faults/test_fuzz.py::test_without_the_comparison_a_forgery_is_believed",
    ),
    "S17": Fault(
        "short codes, alphanumeric, premium, own numbers",
        "never answered",
        "rules/test_senders.py::test_robots_and_costly_numbers_are_not",
        "rules/test_answer.py::test_control_without_its_rules_an_answer_would_go_where_none_may",
    ),
}
"""Every fault that is shown."""

MISSING: Mapping[str, str] = {
    "O3": "a failover that loses the last commits: no test",
    "O5": "clock jumps: `python -m tests.faults --jumps N` alone, no test of the suite",
    "O11": "misbehaving plugins: some are tested (tests/test_plugins.py, tests/test_send.py), not all eight",
    "O13": "backlog: EXPLAIN guards and `tests.bench`, no control",
    "O14": "old snapshot: no test",
    "S8": "no URL of a message is fetched: by construction (one wire, the providers' URLs), no test",
    "S15": "plugin allow-list: tested (tests/test_plugins.py), no control",
    "S18": "database role: no role that may only insert into the ledger exists",
}
"""Those that are not, or not wholly."""


def table() -> str:
    """The table, in Markdown."""
    rows = ["| | fault | promise | test | control, which fails |", "|---|---|---|---|---|"]
    order = [f"{kind}{n}" for kind, most in (("F", 14), ("O", 14), ("S", 18)) for n in range(1, most + 1)]
    for name in order:
        if name in FAULTS:
            one = FAULTS[name]
            rows.append(f"| {name} | {one.what} | {one.promise} | `{one.test}` | `{one.control}` |")
        else:
            rows.append(f"| {name} | **not shown:** {MISSING[name]} | | | |")
    return "\n".join(rows) + "\n"


def written(readme: str) -> str:
    """The README with its table made anew."""
    before, _, rest = readme.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n{table()}\n{END}{after}"


if __name__ == "__main__":
    README.write_text(written(README.read_text(encoding="utf-8")), encoding="utf-8")
