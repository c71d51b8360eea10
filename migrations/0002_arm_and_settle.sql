-- The two calls that move money. Each is one implicit transaction; every statement inside has its
-- own snapshot, taken after the locks of the one before. Joins are pinned to nested loops over
-- indexes: a plan cached while a table was tiny would go on scanning it when it is not.

-- arm: grant + reserve + durable intent, before a byte leaves.
-- One verdict a place: 'armed', or why not: 'lost' (no longer mine), 'cooldown', 'lifetime', 'opted_out',
-- 'stop_confirmed', 'busy' (another text of this texter in the same call), 'in_flight',
-- 'account_purse', 'total_purse'. What does not fit never refuses a neighbour that does.
CREATE FUNCTION arm(
    p_owner uuid, p_lease interval, p_now timestamptz,
    p_reply uuid[], p_fence integer[], p_reference text[], p_tag text[], p_purpose text[],
    p_account text[], p_sender text[], p_estimate bigint[],
    p_account_window timestamptz[], p_total_window timestamptz[],
    p_next_allowed timestamptz[], p_ceiling integer[], p_in_flight integer[], p_passed_over text[]
) RETURNS text[] LANGUAGE plpgsql
SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off
AS $$
DECLARE
    places      CONSTANT integer := cardinality(p_reply);
    verdict     text[]    := array_fill('lost'::text, ARRAY[places]);
    texter_of   bytea[]   := array_fill(NULL::bytea, ARRAY[places]);
    priority_of integer[] := array_fill(NULL::integer, ARRAY[places]);
    purses      text[]        := p_account || array_fill('total'::text, ARRAY[places]);
    starts      timestamptz[] := p_account_window || p_total_window;
    w_purse     text[]        := '{}';
    w_start     timestamptz[] := '{}';
    w_room      bigint[]      := '{}';
    f_account   text[]        := '{}';
    f_used      integer[]     := '{}';
    boarded     text[]        := '{}';
    item record;
    i integer; a integer; t integer; f integer;
BEGIN
    -- 1. the replies that are still mine, in id order; found by id alone, for an index of leased ones
    -- looks good while few are leased
    FOR item IN
        SELECT m.place, r.texter, r.priority,
               r.state = 'claimed' AND r.owner = p_owner AND r.fence = m.fence
               AND r.lease_until > clock_timestamp() AS mine
        FROM unnest(p_reply, p_fence) WITH ORDINALITY AS m (id, fence, place)
        JOIN reply r ON r.id = m.id
        ORDER BY r.id
        FOR UPDATE OF r
    LOOP
        CONTINUE WHEN item.mine IS NOT TRUE;
        texter_of[item.place] := item.texter;
        priority_of[item.place] := item.priority;
    END LOOP;

    -- 2. their texters, made first so that a first text has a row to lock
    INSERT INTO texter (pseudonym)
        SELECT DISTINCT k FROM unnest(texter_of) AS k WHERE k IS NOT NULL ORDER BY k
        ON CONFLICT DO NOTHING;
    PERFORM 1 FROM texter WHERE pseudonym = ANY (texter_of) ORDER BY pseudonym FOR UPDATE;

    -- 3. the purse windows, last
    INSERT INTO purse_window (purse, starts_at, cap, high_cap, unlimited)
        SELECT p.name, k.starts_at, p.cap, p.cap, p.unlimited
        FROM (SELECT DISTINCT u.purse, u.starts_at FROM unnest(purses, starts) AS u (purse, starts_at)) k
        JOIN purse p ON p.name = k.purse
        WHERE NOT EXISTS (SELECT FROM purse_window w WHERE w.purse = k.purse AND w.starts_at = k.starts_at)
        ORDER BY p.name, k.starts_at
        FOR SHARE OF p
        ON CONFLICT DO NOTHING;
    FOR item IN
        SELECT w.purse, w.starts_at,
               CASE WHEN w.unlimited THEN 9e18::bigint ELSE least(w.cap, w.spread) - w.reserved - w.spent END AS room
        FROM (SELECT DISTINCT u.purse, u.starts_at FROM unnest(purses, starts) AS u (purse, starts_at)) k
        JOIN purse_window w ON w.purse = k.purse AND w.starts_at = k.starts_at
        ORDER BY w.purse, w.starts_at
        FOR UPDATE OF w
    LOOP
        w_purse := w_purse || item.purse;
        w_start := w_start || item.starts_at;
        w_room := w_room || item.room;
    END LOOP;
    FOR item IN
        SELECT k.account, (SELECT count(DISTINCT coalesce(o.tag, o.reference)) FROM attempt o
                           WHERE o.account = k.account AND o.state = 'open') AS used
        FROM (SELECT DISTINCT u AS account FROM unnest(p_account) AS u) k
    LOOP
        f_account := f_account || item.account;
        f_used := f_used || item.used::integer;
    END LOOP;

    SELECT coalesce(array_agg(DISTINCT o.tag), '{}') INTO boarded
        FROM attempt o WHERE o.tag = ANY (p_tag) AND o.state = 'open';

    -- 4. admission: greedy, best first
    FOR item IN
        SELECT m.place, x.next_allowed_at, x.answered, x.opted_out_at, x.stop_confirmed,
               row_number() OVER (PARTITION BY m.texter ORDER BY m.priority, m.id) AS turn
        FROM unnest(texter_of, priority_of, p_reply) WITH ORDINALITY AS m (texter, priority, id, place)
        JOIN texter x ON x.pseudonym = m.texter
        ORDER BY m.priority, m.id
    LOOP
        i := item.place;
        a := NULL; t := NULL;
        FOR k IN 1 .. cardinality(w_purse) LOOP
            IF w_purse[k] = p_account[i] AND w_start[k] = p_account_window[i] THEN a := k; END IF;
            IF w_purse[k] = 'total' AND w_start[k] = p_total_window[i] THEN t := k; END IF;
        END LOOP;
        f := array_position(f_account, p_account[i]);
        verdict[i] := CASE
            WHEN p_purpose[i] = 'stop_confirmation' AND item.stop_confirmed THEN 'stop_confirmed'
            WHEN p_purpose[i] = 'answer' AND item.opted_out_at IS NOT NULL THEN 'opted_out'
            WHEN p_purpose[i] = 'answer' AND item.answered >= p_ceiling[i] THEN 'lifetime'
            WHEN p_purpose[i] = 'answer' AND item.next_allowed_at > p_now THEN 'cooldown'
            WHEN item.turn > 1 THEN 'busy'
            WHEN t IS NULL OR w_room[t] < p_estimate[i] THEN 'total_purse'
            WHEN a IS NULL OR w_room[a] < p_estimate[i] THEN 'account_purse'
            WHEN f_used[f] >= p_in_flight[i]
                 AND NOT coalesce(p_tag[i] = ANY (boarded), false) THEN 'in_flight'
            WHEN w_room[a] >= p_estimate[i] AND w_room[t] >= p_estimate[i] THEN 'armed'
            ELSE 'lost'
        END;
        IF verdict[i] = 'armed' THEN
            w_room[a] := w_room[a] - p_estimate[i];
            w_room[t] := w_room[t] - p_estimate[i];
            IF p_tag[i] IS NULL THEN
                f_used[f] := f_used[f] + 1;
            ELSIF NOT p_tag[i] = ANY (boarded) THEN
                f_used[f] := f_used[f] + 1;
                boarded := boarded || p_tag[i];
            END IF;
        END IF;
    END LOOP;

    -- 5. the writes
    WITH armed AS (
        SELECT u.* FROM unnest(verdict, p_reply, p_fence, p_reference, p_tag, p_purpose, p_account, p_sender,
                               p_estimate, p_account_window, p_total_window, p_next_allowed, texter_of,
                               p_passed_over)
            AS u (verdict, reply, fence, reference, tag, purpose, account, sender,
                  estimate, account_window, total_window, next_allowed, texter, passed_over)
        WHERE u.verdict = 'armed'
    ), intent AS (
        INSERT INTO attempt (reference, reply, fence, purpose, account, sender, tag, texter, state, live,
                             estimate, account_window, total_window, next_allowed, passed_over, at)
        SELECT reference, reply, fence + 1, purpose, account, sender, tag, texter, 'open', true,
               estimate, account_window, total_window, next_allowed, passed_over, p_now FROM armed
    ), booked AS (
        INSERT INTO ledger (kind, reference, account, account_window, total_window, reserved, source, at)
        SELECT 'reserve', reference, account, account_window, total_window, estimate, 'arm', p_now FROM armed
    ), granted AS (
        UPDATE texter x SET
            next_allowed_at = CASE n.purpose WHEN 'answer' THEN n.next_allowed ELSE x.next_allowed_at END,
            answered = x.answered + CASE n.purpose WHEN 'answer' THEN 1 ELSE 0 END,
            holder = CASE n.purpose WHEN 'answer' THEN n.reply ELSE x.holder END,
            holder_before = CASE n.purpose WHEN 'answer' THEN x.next_allowed_at ELSE x.holder_before END,
            stop_confirmed = x.stop_confirmed OR n.purpose = 'stop_confirmation'
        FROM armed n WHERE x.pseudonym = n.texter
    ), sending AS (
        UPDATE reply r SET state = 'sending', fence = n.fence + 1, reserved = n.estimate,
               lease_until = clock_timestamp() + p_lease, changed_at = clock_timestamp()
        FROM armed n WHERE r.id = n.reply
    )
    UPDATE purse_window w SET reserved = w.reserved + s.estimate
    FROM (SELECT u.purse, u.starts_at, sum(u.estimate)::bigint AS estimate
          FROM (SELECT account AS purse, account_window AS starts_at, estimate FROM armed
                UNION ALL SELECT 'total', total_window, estimate FROM armed) u
          GROUP BY u.purse, u.starts_at) s
    WHERE w.purse = s.purse AND w.starts_at = s.starts_at;
    RETURN verdict;
END $$;

-- settle: what became of attempts, by whatever proof: the send's own answer, a receipt, a look-up.
-- p_outcome: 'accepted'; 'refused' (certainly unsent); 'unsent' (a receipt proves it never left);
-- 'unknown'; 'written_off'; 'none' (a receipt that changes nothing but the receipt).
-- p_price is null where the estimate stands. p_then is where a refused reply goes next.
-- p_receipt_rank is null for a send's own answer; a receipt never moves down.
-- One answer a place: the reply's state after, '' for a reference nobody knows, 'again' where another
-- place of this call spoke of the same reply: call once more with those.
CREATE FUNCTION settle(
    p_now timestamptz, p_reference text[], p_outcome text[], p_source text[], p_code text[],
    p_provider_id text[], p_parts smallint[], p_price bigint[], p_amount numeric[], p_unit text[],
    p_rate numeric[], p_then text[], p_not_before timestamptz[], p_reason text[], p_opted_out boolean[],
    p_receipt text[], p_receipt_rank smallint[], p_receipt_at timestamptz[]
) RETURNS text[] LANGUAGE plpgsql
SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off
AS $$
DECLARE
    kinds   text[];
    replies text[];
BEGIN
    -- the locks, in the house's order
    PERFORM 1 FROM reply r
        WHERE r.id IN (SELECT a.reply FROM attempt a WHERE a.reference = ANY (p_reference))
        ORDER BY r.id FOR UPDATE;
    IF p_outcome && ARRAY['refused', 'unsent'] OR true = ANY (p_opted_out) OR EXISTS (
        SELECT FROM attempt a WHERE a.reference = ANY (p_reference) AND a.state = 'refused') THEN
        PERFORM 1 FROM texter x
            WHERE x.pseudonym IN (SELECT a.texter FROM attempt a WHERE a.reference = ANY (p_reference))
            ORDER BY x.pseudonym FOR UPDATE;
    END IF;
    IF p_outcome && ARRAY['accepted', 'refused', 'unsent', 'written_off'] THEN
        PERFORM 1 FROM purse_window w
            WHERE (w.purse, w.starts_at) IN (
                SELECT a.account, a.account_window FROM attempt a WHERE a.reference = ANY (p_reference)
                UNION SELECT 'total', a.total_window FROM attempt a WHERE a.reference = ANY (p_reference))
            ORDER BY w.purse, w.starts_at FOR UPDATE;
    END IF;

    -- what each proof means, given what was known; then all that follows from it, in one statement
    WITH proof AS (
        SELECT m.*, a.state AS was, a.reply AS reply_id, a.texter, a.purpose, a.next_allowed, a.estimate,
               a.spent AS spent_before, a.account, a.account_window, a.total_window,
               r.state AS reply_was, r.requeued,
               CASE WHEN m.receipt_rank <= a.receipt_rank AND m.said <> 'accepted' THEN 'none'
                    -- not even the send's own answer revives what a receipt has proved unsent
                    WHEN coalesce(m.receipt_rank, 0) <= a.receipt_rank AND a.state = 'refused' THEN 'none'
                    ELSE m.said END AS outcome,
               row_number() OVER (PARTITION BY a.reply ORDER BY m.place) AS turn
        FROM unnest(p_reference, p_outcome, p_source, p_code, p_provider_id, p_parts, p_price, p_amount, p_unit,
                    p_rate, p_then, p_not_before, p_reason, p_opted_out, p_receipt, p_receipt_rank, p_receipt_at)
            WITH ORDINALITY AS m (reference, said, source, code, provider_id, parts, price, amount, unit,
                    rate, later, not_before, reason, opted_out, receipt, receipt_rank, receipt_at, place)
        LEFT JOIN attempt a ON a.reference = m.reference
        LEFT JOIN reply r ON r.id = a.reply
    ), meant AS (
        SELECT p.*, CASE
            WHEN p.was IS NULL THEN NULL
            WHEN p.turn > 1 THEN 'again'
            WHEN p.outcome = 'accepted' AND p.was IN ('open', 'unknown') THEN 'settle'
            WHEN p.outcome IN ('refused', 'unsent') AND p.was IN ('open', 'unknown') THEN 'release'
            WHEN p.outcome = 'unsent' AND p.was IN ('accepted', 'written_off') THEN 'refund'
            WHEN p.outcome = 'written_off' AND p.was = 'unknown' THEN 'write_off'
            WHEN p.outcome = 'accepted' AND p.was = 'refused' THEN 'late'
            WHEN p.outcome = 'accepted' AND p.was IN ('accepted', 'written_off', 'double')
                 AND p.price IS NOT NULL AND p.price <> p.spent_before THEN 'adjust'
            END AS kind
        FROM proof p
    ), moved AS (
        SELECT m.*, CASE
            WHEN m.kind = 'settle' THEN 'accepted'
            WHEN m.kind IN ('release', 'refund') THEN 'refused'
            WHEN m.kind = 'write_off' THEN 'written_off'
            WHEN m.kind = 'late' AND
                 (SELECT true FROM attempt o WHERE o.reply = m.reply_id AND o.live LIMIT 1)  -- never hashed
                THEN 'double'
            WHEN m.kind = 'late' THEN 'accepted'
            WHEN m.outcome = 'accepted' AND m.was = 'written_off' AND m.turn = 1 THEN 'accepted'
            WHEN m.outcome = 'unknown' AND m.was = 'open' AND m.turn = 1 THEN 'unknown'
            ELSE m.was END AS state,
            CASE WHEN m.kind IN ('settle', 'release', 'write_off') THEN -m.estimate ELSE 0 END AS reserved,
            CASE m.kind
                WHEN 'settle' THEN coalesce(m.price, m.estimate)
                WHEN 'late' THEN coalesce(m.price, m.estimate) - m.spent_before
                WHEN 'write_off' THEN m.estimate
                WHEN 'adjust' THEN m.price - m.spent_before
                WHEN 'refund' THEN coalesce(m.price, 0) - m.spent_before
                ELSE 0 END AS spent
        FROM meant m
    ), valued AS (
        SELECT n.*, CASE
            WHEN n.kind = 'again' THEN 'again'
            WHEN n.state = 'accepted' AND n.was <> 'accepted' THEN 'accepted'
            WHEN n.state = 'unknown' AND n.was = 'open' THEN 'in_doubt'
            WHEN n.kind = 'write_off' THEN 'abandoned'
            WHEN n.kind IN ('release', 'refund') AND
                 (SELECT true FROM attempt o WHERE o.reply = n.reply_id AND o.state = 'double' LIMIT 1)
                THEN 'accepted'
            WHEN n.kind = 'release' AND n.outcome = 'unsent' AND n.requeued THEN 'failed'
            WHEN n.kind = 'release' AND n.outcome = 'unsent' THEN 'queued'
            WHEN n.kind = 'release' AND n.reply_was = 'sending' THEN n.later
            WHEN n.kind = 'release' AND n.later IN ('claimed', 'delayed') THEN 'queued'
            WHEN n.kind = 'release' THEN n.later
            WHEN n.kind = 'refund' AND NOT n.requeued THEN 'queued'
            WHEN n.kind = 'refund' THEN 'failed'
            ELSE coalesce(n.reply_was, '') END AS reply
        FROM moved n
    ), due AS (
        -- a price above its reservation is booked, never refused: what no longer fits is overrun, row by row
        SELECT u.* FROM (
            SELECT place, false AS of_total, account AS purse, account_window AS starts_at, reserved + spent AS net
            FROM valued WHERE kind <> 'again'
            UNION ALL SELECT place, true, 'total', total_window, reserved + spent
            FROM valued WHERE kind <> 'again') u
        WHERE EXISTS (SELECT FROM valued WHERE reserved + spent > 0)
    ), excess AS (
        SELECT e.place, e.of_total,
               greatest(0, e.taken - e.slack) - greatest(0, e.taken - e.net - e.slack) AS over
        FROM (SELECT d.place, d.of_total, d.net,
                     sum(greatest(0, d.net)) OVER (PARTITION BY d.purse, d.starts_at ORDER BY d.place) AS taken,
                     greatest(0, w.high_cap - (w.reserved + w.spent - w.overrun)
                        - sum(least(0, d.net)) OVER (PARTITION BY d.purse, d.starts_at)) AS slack
              FROM due d JOIN purse_window w ON w.purse = d.purse AND w.starts_at = d.starts_at
              WHERE NOT w.unlimited) e
        WHERE e.net > 0
    ), done AS (
        SELECT v.*, v.account_window AS a_start, v.total_window AS t_start,
               coalesce(a.over, 0)::bigint AS a_over, coalesce(t.over, 0)::bigint AS t_over
        FROM valued v
        LEFT JOIN excess a ON a.place = v.place AND NOT a.of_total
        LEFT JOIN excess t ON t.place = v.place AND t.of_total
        WHERE v.reply NOT IN ('', 'again')
    ), entered AS (
        INSERT INTO ledger (kind, reference, account, account_window, total_window, reserved, spent,
                            account_overrun, total_overrun, source, amount, unit, rate, at)
        SELECT kind, reference, account, a_start, t_start, reserved, spent, a_over, t_over, source,
               amount, unit, rate, p_now
        FROM done WHERE kind IS NOT NULL
    ), tried AS (
        UPDATE attempt a SET
            state = d.state,
            live = d.state IN ('open', 'unknown', 'accepted', 'written_off'),
            spent = a.spent + d.spent,
            code = CASE WHEN d.code <> '' THEN d.code ELSE a.code END,
            provider_id = coalesce(nullif(d.provider_id, ''), a.provider_id),
            parts = coalesce(d.parts, a.parts),
            receipt = CASE WHEN d.receipt_rank > a.receipt_rank THEN d.receipt ELSE a.receipt END,
            receipt_at = CASE WHEN d.receipt_rank > a.receipt_rank THEN d.receipt_at ELSE a.receipt_at END,
            receipt_rank = greatest(a.receipt_rank, d.receipt_rank),
            settled_at = CASE WHEN d.state <> d.was THEN clock_timestamp() ELSE a.settled_at END,
            look_after = CASE WHEN d.state = 'unknown' AND d.was = 'open'
                              THEN clock_timestamp() + interval '10 s' ELSE a.look_after END
        FROM done d WHERE a.reference = d.reference
    ), answered AS (
        UPDATE reply r SET
            state = d.reply,
            reserved = CASE WHEN d.reply = 'in_doubt' THEN r.reserved ELSE 0 END,
            owner = CASE WHEN d.reply = 'claimed' THEN r.owner END,
            lease_until = CASE WHEN d.reply = 'claimed' THEN r.lease_until END,
            not_before = coalesce(d.not_before, r.not_before),
            reason = CASE WHEN d.reason <> '' THEN d.reason ELSE r.reason END,
            requeued = r.requeued OR d.outcome = 'unsent',
            changed_at = clock_timestamp()
        FROM done d WHERE r.id = d.reply_id AND d.state <> d.was AND d.state <> 'double'
    ), returned AS (
        UPDATE texter x SET
            next_allowed_at = CASE WHEN x.holder = ANY (d.unsent) THEN x.holder_before
                WHEN d.late IS NOT NULL THEN greatest(x.next_allowed_at, d.late) ELSE x.next_allowed_at END,
            answered = greatest(0, x.answered + d.answers),
            holder = CASE WHEN x.holder = ANY (d.unsent) THEN NULL ELSE x.holder END,
            holder_before = CASE WHEN x.holder = ANY (d.unsent) THEN NULL ELSE x.holder_before END,
            stop_confirmed = x.stop_confirmed AND NOT d.stop_unsent,
            opted_out_at = CASE WHEN d.opted_out THEN coalesce(x.opted_out_at, p_now) ELSE x.opted_out_at END
        FROM (SELECT texter,
                     array_agg(reply_id) FILTER (WHERE unsent AND answer) AS unsent,
                     max(next_allowed) FILTER (WHERE late AND answer) AS late,
                     (count(*) FILTER (WHERE late AND answer)
                      - count(*) FILTER (WHERE unsent AND answer))::integer AS answers,
                     bool_or(unsent AND NOT answer) AS stop_unsent,
                     bool_or(coalesce(opted_out, false)) AS opted_out
              FROM (SELECT texter, reply_id, opted_out, next_allowed, purpose = 'answer' AS answer,
                           coalesce(kind IN ('release', 'refund') AND reply <> 'accepted', false) AS unsent,
                           coalesce(kind = 'late' AND state = 'accepted', false) AS late FROM done) g
              WHERE unsent OR late OR opted_out GROUP BY texter) d
        WHERE x.pseudonym = d.texter
    ), paid AS (
        UPDATE purse_window w SET reserved = w.reserved + s.reserved, spent = w.spent + s.spent,
                                  overrun = w.overrun + s.overrun
        FROM (SELECT u.purse, u.starts_at, sum(u.reserved)::bigint AS reserved, sum(u.spent)::bigint AS spent,
                     sum(u.overrun)::bigint AS overrun
              FROM (SELECT account AS purse, a_start AS starts_at, reserved, spent, a_over AS overrun FROM done
                    WHERE kind IS NOT NULL
                    UNION ALL SELECT 'total', t_start, reserved, spent, t_over FROM done
                    WHERE kind IS NOT NULL) u
              GROUP BY u.purse, u.starts_at) s
        WHERE w.purse = s.purse AND w.starts_at = s.starts_at
    )
    SELECT array_agg(v.kind ORDER BY v.place), array_agg(v.reply ORDER BY v.place) INTO kinds, replies
    FROM valued v;

    -- of two sends the second never left: the first, proved late, is the answer
    IF EXISTS (SELECT FROM unnest(kinds, replies) AS u (kind, reply)
               WHERE u.kind IN ('release', 'refund') AND u.reply = 'accepted') THEN
        UPDATE attempt a SET state = 'accepted', live = true WHERE a.reference IN (
            SELECT min(o.reference) FROM unnest(p_reference, kinds, replies) AS u (reference, kind, reply)
            JOIN attempt b ON b.reference = u.reference
            JOIN attempt o ON o.reply = b.reply AND o.state = 'double'
            WHERE u.kind IN ('release', 'refund') AND u.reply = 'accepted' GROUP BY o.reply);
    END IF;
    RETURN replies;
END $$;
