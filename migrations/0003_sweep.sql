-- What the sweep keeps in mind between its rounds: when to try what again, and what was made of it.
-- Its waits are machine time.

-- A receipt whose attempt is not known yet is tried again, up to a bound; then it is put away with none.
ALTER TABLE receipt
    ADD COLUMN tries     smallint    NOT NULL DEFAULT 0,
    ADD COLUMN try_after timestamptz NOT NULL DEFAULT clock_timestamp(),
    ADD COLUMN attempt   text,                       -- what it was applied to
    ADD COLUMN seconds   real;                       -- from sending to delivery, by this receipt
DROP INDEX receipt_parked;
CREATE INDEX receipt_parked ON receipt (try_after) WHERE applied_at IS NULL;
CREATE INDEX receipt_received ON receipt USING brin (received_at);
CREATE INDEX receipt_price ON receipt (attempt) WHERE attempt IS NOT NULL AND amount IS NOT NULL;

-- Accepted texts are asked after: for a price that comes later, for a receipt that never came.
ALTER TABLE attempt
    ADD COLUMN traces      smallint NOT NULL DEFAULT 0,
    ADD COLUMN trace_after timestamptz DEFAULT clock_timestamp() + interval '10 min';
CREATE INDEX attempt_trace ON attempt (trace_after) WHERE trace_after IS NOT NULL;

-- The account that proved a reply unsent is the last one to be asked again.
ALTER TABLE reply ADD COLUMN unsent_by text NOT NULL DEFAULT '';

ALTER TABLE inbound
    ADD COLUMN rereads      smallint    NOT NULL DEFAULT 0,
    ADD COLUMN reread_after timestamptz NOT NULL DEFAULT clock_timestamp();
DROP INDEX inbound_unverified;
CREATE INDEX inbound_unverified ON inbound (reread_after) WHERE NOT verified;

ALTER TABLE health_history
    ADD COLUMN tells      smallint    NOT NULL DEFAULT 0,
    ADD COLUMN tell_after timestamptz NOT NULL DEFAULT clock_timestamp();
DROP INDEX health_untold;
CREATE INDEX health_untold ON health_history (tell_after) WHERE told_at IS NULL;

-- book_received: what receiving texts cost, once each. It cannot be refused: beyond the limit it is
-- overrun. A text whose purse is not there yet stays due. Answers how many were booked.
CREATE FUNCTION book_received(
    p_now timestamptz, p_inbound uuid[], p_account_window timestamptz[], p_total_window timestamptz[]
) RETURNS integer LANGUAGE plpgsql
SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off
AS $$
DECLARE
    item record;
    a_over bigint;
    t_over bigint;
    booked integer := 0;
BEGIN
    PERFORM 1 FROM inbound i WHERE i.id = ANY (p_inbound) AND i.cost_due ORDER BY i.id FOR UPDATE;
    INSERT INTO purse_window (purse, starts_at, cap, high_cap, unlimited)
        SELECT p.name, k.starts_at, p.cap, p.cap, p.unlimited
        FROM (SELECT DISTINCT i.account AS purse, u.starts_at
              FROM unnest(p_inbound, p_account_window) AS u (id, starts_at) JOIN inbound i ON i.id = u.id
              UNION SELECT 'total', t FROM unnest(p_total_window) AS t) k
        JOIN purse p ON p.name = k.purse
        WHERE NOT EXISTS (SELECT FROM purse_window w WHERE w.purse = k.purse AND w.starts_at = k.starts_at)
        ORDER BY p.name, k.starts_at
        FOR SHARE OF p
        ON CONFLICT DO NOTHING;
    PERFORM 1 FROM purse_window w
        WHERE (w.purse, w.starts_at) IN (
            SELECT i.account, u.starts_at
            FROM unnest(p_inbound, p_account_window) AS u (id, starts_at) JOIN inbound i ON i.id = u.id
            UNION SELECT 'total', t FROM unnest(p_total_window) AS t)
        ORDER BY w.purse, w.starts_at FOR UPDATE;
    FOR item IN
        SELECT i.id, i.account, i.cost, i.cost_amount, i.cost_unit, i.cost_rate, u.a_start, u.t_start
        FROM unnest(p_inbound, p_account_window, p_total_window) AS u (id, a_start, t_start)
        JOIN inbound i ON i.id = u.id
        WHERE i.cost_due
          AND EXISTS (SELECT FROM purse_window w WHERE w.purse = i.account AND w.starts_at = u.a_start)
          AND EXISTS (SELECT FROM purse_window w WHERE w.purse = 'total' AND w.starts_at = u.t_start)
        ORDER BY i.id
    LOOP
        SELECT CASE WHEN w.unlimited THEN 0 ELSE greatest(0, item.cost
                   - greatest(0, w.high_cap - (w.reserved + w.spent - w.overrun))) END INTO a_over
            FROM purse_window w WHERE w.purse = item.account AND w.starts_at = item.a_start;
        SELECT CASE WHEN w.unlimited THEN 0 ELSE greatest(0, item.cost
                   - greatest(0, w.high_cap - (w.reserved + w.spent - w.overrun))) END INTO t_over
            FROM purse_window w WHERE w.purse = 'total' AND w.starts_at = item.t_start;
        UPDATE purse_window w SET spent = w.spent + item.cost, overrun = w.overrun + a_over
            WHERE w.purse = item.account AND w.starts_at = item.a_start;
        UPDATE purse_window w SET spent = w.spent + item.cost, overrun = w.overrun + t_over
            WHERE w.purse = 'total' AND w.starts_at = item.t_start;
        INSERT INTO ledger (kind, inbound, account, account_window, total_window, spent, account_overrun,
                            total_overrun, source, amount, unit, rate, at)
            VALUES ('inbound', item.id, item.account, item.a_start, item.t_start, item.cost, a_over, t_over,
                    'received', item.cost_amount, item.cost_unit, item.cost_rate, p_now);
        UPDATE inbound SET cost_due = false WHERE id = item.id;
        booked := booked + 1;
    END LOOP;
    RETURN booked;
END $$;
