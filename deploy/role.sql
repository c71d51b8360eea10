-- A role for `paravent serve` that may add to the ledger and to the evidence, and never change them. Optional,
-- for a PostgreSQL of your own: whoever gets hold of the service's password cannot rewrite what happened. The
-- triggers that keep these tables stop mistakes of the owner too, but an owner can take triggers away.
--
-- 1. Once, as an administrator:
--        CREATE ROLE paravent_app LOGIN PASSWORD '...';
--        GRANT pg_read_all_stats TO paravent_app;  -- else snapshots that others hold are not seen
-- 2. Whenever the schema has changed, as the one who owns it:
--        paravent migrate        (with the owner's address as `database`)
--        psql "$OWNER_URL" --single-transaction --file deploy/role.sql
-- 3. Give `paravent serve` the address of paravent_app. It starts where nothing is left to migrate.

REVOKE ALL ON ALL TABLES IN SCHEMA public FROM paravent_app;
GRANT USAGE ON SCHEMA public TO paravent_app;
GRANT SELECT, INSERT ON ALL TABLES IN SCHEMA public TO paravent_app;
REVOKE INSERT ON migration FROM paravent_app;

-- What only grows is not named here: ledger, evidence_root, evidence_act, evidence_stamp, raid_change,
-- operator_action, cap_use. Of evidence only the words can go, when their time is over; the leaf stays.
GRANT UPDATE (record, words) ON evidence TO paravent_app;
GRANT UPDATE (lifted_at) ON evidence_hold TO paravent_app;
GRANT UPDATE (told_at, tells, tell_after) ON health_history TO paravent_app;
GRANT UPDATE ON
    allowance, attempt, balance, cap_window, duty, evidence_sink, health, inbound, judgement, lately, purse,
    purse_window, raid_bucket, raid_state, receipt, reply, review, texter, watermark
    TO paravent_app;
GRANT DELETE ON allowance, duty, evidence_due, evidence_sink, evidence_undecided, lately TO paravent_app;
