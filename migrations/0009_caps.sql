-- Caps: how many answers may leave in a window to one country, one range of numbers, or from one number.
-- A row a cap and window, made on first use; it is locked before the replies of an arm, by nobody else.
CREATE TABLE cap_window (
    cap       text        NOT NULL,                  -- its name in the settings
    starts_at timestamptz NOT NULL,
    used      integer     NOT NULL DEFAULT 0 CHECK (used >= 0),
    PRIMARY KEY (cap, starts_at)
) WITH (fillfactor = 10);

-- A reply counts once a window, however many accounts it is tried through.
CREATE TABLE cap_use (
    cap       text        NOT NULL,
    starts_at timestamptz NOT NULL,
    reply     uuid        NOT NULL,
    PRIMARY KEY (reply, cap, starts_at)
);

-- arm_capped: arm, for sends of which some are capped. The four arrays of caps have an entry for each send and
-- each cap that covers it: its place in the other arrays, the cap, its window, how many it lets pass.
-- One verdict more: 'capped'. Where others of the same call take what is left it is 'busy': they may not be
-- armed in the end.
CREATE FUNCTION arm_capped(
    p_owner uuid, p_lease interval, p_now timestamptz,
    p_reply uuid[], p_fence integer[], p_reference text[], p_tag text[], p_purpose text[],
    p_account text[], p_sender text[], p_estimate bigint[],
    p_account_window timestamptz[], p_total_window timestamptz[],
    p_next_allowed timestamptz[], p_ceiling integer[], p_in_flight integer[], p_passed_over text[],
    c_place integer[], c_cap text[], c_start timestamptz[], c_answers integer[]
) RETURNS text[] LANGUAGE plpgsql
SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off
AS $$
DECLARE
    fence   integer[] := p_fence;
    verdict text[];
    item    record;
    barred  jsonb := '{}';
BEGIN
    INSERT INTO cap_window (cap, starts_at)
        SELECT DISTINCT c.cap, c.starts_at FROM unnest(c_cap, c_start) AS c (cap, starts_at)
        ORDER BY c.cap, c.starts_at ON CONFLICT DO NOTHING;
    PERFORM 1 FROM cap_window w
        WHERE (w.cap, w.starts_at) IN (SELECT c.cap, c.starts_at FROM unnest(c_cap, c_start) AS c (cap, starts_at))
        ORDER BY w.cap, w.starts_at FOR UPDATE;

    -- whom there is no room for, best first; a reply that was counted before takes no more
    FOR item IN
        SELECT n.place, CASE WHEN bool_or(n.used >= n.answers) THEN 'capped' ELSE 'busy' END AS why
        FROM (SELECT c.place, c.answers, w.used,
                     row_number() OVER (PARTITION BY c.cap, c.starts_at ORDER BY r.priority, r.id) AS turn
              FROM unnest(c_place, c_cap, c_start, c_answers) AS c (place, cap, starts_at, answers)
              JOIN cap_window w ON w.cap = c.cap AND w.starts_at = c.starts_at
              JOIN reply r ON r.id = p_reply[c.place]
              WHERE NOT EXISTS (SELECT FROM cap_use u
                                WHERE u.reply = r.id AND u.cap = c.cap AND u.starts_at = c.starts_at)) n
        GROUP BY n.place HAVING bool_or(n.used + n.turn > n.answers)
    LOOP
        fence[item.place] := -1;  -- no claim has it, so nothing is armed
        barred := barred || jsonb_build_object(item.place, item.why);
    END LOOP;

    verdict := arm(p_owner, p_lease, p_now, p_reply, fence, p_reference, p_tag, p_purpose, p_account, p_sender,
                   p_estimate, p_account_window, p_total_window, p_next_allowed, p_ceiling, p_in_flight,
                   p_passed_over);

    WITH counted AS (
        INSERT INTO cap_use (cap, starts_at, reply)
        SELECT c.cap, c.starts_at, p_reply[c.place]
        FROM unnest(c_place, c_cap, c_start) AS c (place, cap, starts_at) WHERE verdict[c.place] = 'armed'
        ON CONFLICT DO NOTHING RETURNING cap, starts_at
    )
    UPDATE cap_window w SET used = w.used + n.more
    FROM (SELECT cap, starts_at, count(*)::integer AS more FROM counted GROUP BY cap, starts_at) n
    WHERE w.cap = n.cap AND w.starts_at = n.starts_at;

    RETURN (SELECT array_agg(coalesce(barred ->> m.place::text, m.said) ORDER BY m.place)
            FROM unnest(verdict) WITH ORDINALITY AS m (said, place));
END $$;
