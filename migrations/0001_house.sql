-- The tables: texts and their replies, who was answered, every attempt, the money, the accounts.
--
-- Business time (received_at, not_before, expires_at, windows, `at`) is handed in by the caller.
-- Machine time (lease_until, armed_at, probe_until) is this server's clock_timestamp().
-- Money is in millionths of the ledger currency. Locks are taken in one order everywhere:
-- reply (by id), texter (by pseudonym), purse_window (by purse, starts_at); then rows are inserted.

CREATE TABLE inbound (
    id             uuid        PRIMARY KEY,          -- uuid5(account, provider_id): the one key for duplicates
    account        text        NOT NULL,
    provider_id    text        NOT NULL,
    number         text        NOT NULL,             -- the name in the settings, never digits
    texter         bytea       NOT NULL CHECK (length(texter) = 16),
    letter         bytea       NOT NULL,             -- sealed: sender and text
    raw            bytea       NOT NULL,             -- sealed: the request as received
    part_reference text,
    part_index     smallint,
    part_total     smallint,
    provider_at    timestamptz,
    received_at    timestamptz NOT NULL,
    stored_at      timestamptz NOT NULL DEFAULT clock_timestamp(),
    verified       boolean     NOT NULL,
    source         text        NOT NULL CHECK (source IN ('webhook', 'log', 'spool')),
    score          real        NOT NULL DEFAULT 0,
    tier           text        NOT NULL DEFAULT 'none',
    cost           bigint      NOT NULL DEFAULT 0 CHECK (cost >= 0),  -- of receiving it
    cost_amount    numeric,
    cost_unit      text,
    cost_rate      numeric,
    cost_due       boolean     NOT NULL DEFAULT false,               -- not booked yet
    CHECK ((part_reference IS NULL) = (part_index IS NULL) AND (part_index IS NULL) = (part_total IS NULL))
);
CREATE INDEX inbound_received ON inbound USING brin (received_at);
CREATE INDEX inbound_parts ON inbound (account, texter, part_reference) WHERE part_reference IS NOT NULL;
CREATE INDEX inbound_cost_due ON inbound (received_at) WHERE cost_due;
CREATE INDEX inbound_unverified ON inbound (account, received_at) WHERE NOT verified;

CREATE TABLE reply (
    id          uuid        PRIMARY KEY,             -- the inbound id
    account     text        NOT NULL,
    number      text        NOT NULL,
    texter      bytea       NOT NULL,
    lane        text        NOT NULL,                -- the number's route group: one index range each
    state       text        NOT NULL CHECK (state IN ('queued', 'delayed', 'held', 'claimed', 'sending',
                              'in_doubt', 'accepted', 'suppressed', 'failed', 'abandoned')),
    reason      text        NOT NULL DEFAULT '',
    priority    smallint    NOT NULL DEFAULT 1,          -- smaller goes first
    received_at timestamptz NOT NULL,
    not_before  timestamptz,
    expires_at  timestamptz NOT NULL,
    owner       uuid,
    fence       integer     NOT NULL DEFAULT 0,
    lease_until timestamptz,
    reserved    bigint      NOT NULL DEFAULT 0 CHECK (reserved >= 0),
    requeued    boolean     NOT NULL DEFAULT false,  -- a proven-unsent receipt sends a reply back once
    join_key    text,                                -- set for long texts in pieces: the first owns the reply
    changed_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
    CHECK ((owner IS NULL) = (state NOT IN ('claimed', 'sending'))),
    CHECK ((lease_until IS NULL) = (owner IS NULL)),
    CHECK (reserved = 0 OR state IN ('sending', 'in_doubt')),
    CHECK (state <> 'delayed' OR not_before IS NOT NULL)
) WITH (fillfactor = 70);
CREATE INDEX reply_ready ON reply (lane, priority, received_at DESC) WHERE state = 'queued';
CREATE INDEX reply_delayed ON reply (not_before) WHERE state = 'delayed';
CREATE INDEX reply_held ON reply (received_at) WHERE state = 'held';
CREATE INDEX reply_leased ON reply (lease_until) WHERE state IN ('claimed', 'sending');
CREATE INDEX reply_waiting_expiry ON reply (expires_at) WHERE state IN ('queued', 'delayed');
CREATE UNIQUE INDEX reply_joined ON reply (join_key) WHERE join_key IS NOT NULL;

CREATE TABLE texter (
    pseudonym       bytea   PRIMARY KEY CHECK (length(pseudonym) = 16),
    next_allowed_at timestamptz,                     -- null: never answered
    answered        integer NOT NULL DEFAULT 0 CHECK (answered >= 0),
    holder          uuid,                            -- the reply that holds the grant
    holder_before   timestamptz,                     -- next_allowed_at before it, to give the grant back
    opted_out_at    timestamptz,
    stop_confirmed  boolean NOT NULL DEFAULT false
) WITH (fillfactor = 70);

CREATE TABLE attempt (
    reference      text        PRIMARY KEY CHECK (reference ~ '^[a-z2-7]{20}$'),
    reply          uuid        NOT NULL,
    fence          integer     NOT NULL,
    purpose        text        NOT NULL CHECK (purpose IN ('answer', 'stop_confirmation')),
    account        text        NOT NULL,
    sender         text        NOT NULL,
    tag            text,                             -- the job it left in, where the provider takes jobs
    texter         bytea       NOT NULL,
    state          text        NOT NULL CHECK (state IN ('open', 'accepted', 'refused', 'unknown',
                                 'written_off', 'double')),
    live           boolean     NOT NULL,             -- stored, so that receipts update in place
    estimate       bigint      NOT NULL CHECK (estimate >= 0),
    spent          bigint      NOT NULL DEFAULT 0 CHECK (spent >= 0),
    account_window timestamptz NOT NULL,
    total_window   timestamptz NOT NULL,
    provider_id    text,
    code           text        NOT NULL DEFAULT '',
    parts          smallint,
    receipt        text        NOT NULL DEFAULT '',
    receipt_rank   smallint    NOT NULL DEFAULT -1,
    receipt_at     timestamptz,
    next_allowed   timestamptz,                      -- what its grant says: late proof takes the grant again
    passed_over    text        NOT NULL DEFAULT '',  -- preferred accounts that did not carry it, and why
    at             timestamptz NOT NULL,
    armed_at       timestamptz NOT NULL DEFAULT clock_timestamp(),
    settled_at     timestamptz,
    look_ups       smallint    NOT NULL DEFAULT 0,
    look_after     timestamptz,
    CHECK (live = (state IN ('open', 'unknown', 'accepted', 'written_off')))
) WITH (fillfactor = 50);
CREATE UNIQUE INDEX attempt_never_twice ON attempt (reply) WHERE live;
CREATE INDEX attempt_of_reply ON attempt (reply);
CREATE INDEX attempt_in_flight ON attempt (account) WHERE state = 'open';
CREATE INDEX attempt_in_doubt ON attempt (look_after) WHERE state = 'unknown';
CREATE INDEX attempt_provider_id ON attempt (provider_id) WHERE provider_id IS NOT NULL;
CREATE INDEX attempt_tag ON attempt (tag) WHERE tag IS NOT NULL;
CREATE INDEX attempt_at ON attempt USING brin (at);

CREATE TABLE receipt (
    id            bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    account       text        NOT NULL,
    digest        bytea       NOT NULL,              -- of what it says: the same receipt twice is one row
    provider_id   text,
    reference     text,
    texter        bytea,
    status        text        NOT NULL,
    code          text        NOT NULL DEFAULT '',
    refused       text        NOT NULL DEFAULT '',
    proven_unsent boolean     NOT NULL DEFAULT false,
    unbilled      boolean     NOT NULL DEFAULT false,
    amount        numeric,
    unit          text,
    parts         smallint,
    provider_at   timestamptz,
    received_at   timestamptz NOT NULL,
    raw           bytea       NOT NULL,              -- sealed
    applied_at    timestamptz,
    CHECK (provider_id IS NOT NULL OR reference IS NOT NULL)
) WITH (fillfactor = 70);
CREATE UNIQUE INDEX receipt_once ON receipt (account, digest);
CREATE INDEX receipt_parked ON receipt (id) WHERE applied_at IS NULL;

CREATE TABLE purse (
    name       text    PRIMARY KEY,                  -- an account's name, or 'total'
    period     text    NOT NULL CHECK (period IN ('hour', 'day', 'week', 'month', 'fixed')),
    cap        bigint  CHECK (cap >= 0),
    unlimited  boolean NOT NULL,
    origin     text    NOT NULL CHECK (origin IN ('file', 'operator')),
    file_says  text    NOT NULL,                     -- the file's own words: once they change, they count again
    changed_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    CHECK ((cap IS NULL) = unlimited)
);

-- One row per purse and window, made on first use and never reset: a bare sum over the ledger is
-- read from the snapshot before the lock wait and overspends; a row that is held does not.
CREATE TABLE purse_window (
    purse     text        NOT NULL,
    starts_at timestamptz NOT NULL,
    cap       bigint,
    high_cap  bigint,                                -- the highest cap this window has had
    unlimited boolean     NOT NULL,
    reserved  bigint      NOT NULL DEFAULT 0 CHECK (reserved >= 0),
    spent     bigint      NOT NULL DEFAULT 0 CHECK (spent >= 0),
    overrun   bigint      NOT NULL DEFAULT 0 CHECK (overrun >= 0),
    PRIMARY KEY (purse, starts_at),
    CHECK (unlimited OR (cap IS NOT NULL AND high_cap >= cap)),
    CHECK (unlimited OR reserved + spent - overrun <= high_cap)
) WITH (fillfactor = 10);

CREATE TABLE ledger (
    id              bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    kind            text        NOT NULL CHECK (kind IN ('reserve', 'release', 'settle', 'write_off',
                                  'adjust', 'refund', 'late', 'inbound', 'top_up')),
    reference       text,                            -- the attempt
    inbound         uuid,                            -- the text whose receiving was paid for
    account         text        NOT NULL,            -- the account's purse, or 'total' for a top-up of it
    account_window  timestamptz NOT NULL,
    total_window    timestamptz,
    reserved        bigint      NOT NULL DEFAULT 0,
    spent           bigint      NOT NULL DEFAULT 0,
    cap             bigint      NOT NULL DEFAULT 0,
    account_overrun bigint      NOT NULL DEFAULT 0,
    total_overrun   bigint      NOT NULL DEFAULT 0,
    source          text        NOT NULL,
    amount          numeric,                         -- as the provider said it,
    unit            text,                            -- in its unit,
    rate            numeric,                         -- and what one unit was worth
    at              timestamptz NOT NULL,
    CHECK ((kind IN ('inbound')) = (inbound IS NOT NULL)),
    CHECK ((kind IN ('inbound', 'top_up')) = (reference IS NULL))
);
CREATE UNIQUE INDEX ledger_reserved_once ON ledger (reference) WHERE kind = 'reserve';
CREATE UNIQUE INDEX ledger_closed_once ON ledger (reference) WHERE kind IN ('release', 'settle', 'write_off');
CREATE UNIQUE INDEX ledger_received_once ON ledger (inbound) WHERE kind = 'inbound';

CREATE FUNCTION ledger_is_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the ledger is append-only: book a correction as a new row';
END $$;
CREATE TRIGGER ledger_append_only BEFORE UPDATE OR DELETE ON ledger
    FOR EACH ROW EXECUTE FUNCTION ledger_is_append_only();
CREATE TRIGGER ledger_no_truncate BEFORE TRUNCATE ON ledger
    FOR EACH STATEMENT EXECUTE FUNCTION ledger_is_append_only();

CREATE TABLE health (
    account     text        NOT NULL,
    sender      text        NOT NULL DEFAULT '',     -- '' is the account itself
    status      text        NOT NULL CHECK (status IN ('open', 'throttled', 'cut_off', 'slow', 'probing')),
    operator    text        NOT NULL DEFAULT '' CHECK (operator IN ('', 'cut', 'pin')),
    reason      text        NOT NULL DEFAULT '',
    code        text        NOT NULL DEFAULT '',
    strikes     integer     NOT NULL DEFAULT 0,      -- failures in a row that alone do not close it
    trips       integer     NOT NULL DEFAULT 0,      -- closures in a row: the next wait is longer
    not_before  timestamptz,                         -- machine time
    probe_owner uuid,
    probe_until timestamptz,
    version     bigint      NOT NULL,
    changed_at  timestamptz NOT NULL,
    PRIMARY KEY (account, sender),
    CHECK ((probe_owner IS NULL) = (probe_until IS NULL)),
    CHECK ((probe_owner IS NOT NULL) = (status = 'probing'))
) WITH (fillfactor = 50);

CREATE TABLE health_history (
    id       bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    account  text        NOT NULL,
    sender   text        NOT NULL,
    was      text        NOT NULL,
    status   text        NOT NULL,
    operator text        NOT NULL,
    reason   text        NOT NULL,
    code     text        NOT NULL,
    version  bigint      NOT NULL,
    by       text        NOT NULL,                   -- flow, probe, sweep, or the operator
    told_at  timestamptz,                            -- when operator.notify_url took it
    at       timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX health_untold ON health_history (id) WHERE told_at IS NULL;

CREATE TABLE balance (
    account text             PRIMARY KEY,
    amount  double precision NOT NULL,
    unit    text             NOT NULL,
    at      timestamptz      NOT NULL DEFAULT clock_timestamp()
);

-- Fleet-wide calls a minute to a provider that tolerates few.
CREATE TABLE allowance (
    account text        NOT NULL,
    minute  timestamptz NOT NULL,
    used    integer     NOT NULL DEFAULT 0,
    PRIMARY KEY (account, minute)
);

-- One process of the fleet has each duty of the sweep at a time.
CREATE TABLE duty (
    name  text        PRIMARY KEY,
    owner uuid        NOT NULL,
    until timestamptz NOT NULL
);

CREATE TABLE watermark (
    account text        NOT NULL,
    name    text        NOT NULL,
    at      timestamptz NOT NULL,
    PRIMARY KEY (account, name)
);

CREATE TABLE operator_action (
    id     bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    what   text        NOT NULL,
    detail jsonb       NOT NULL DEFAULT '{}',
    by     text        NOT NULL,
    at     timestamptz NOT NULL DEFAULT clock_timestamp()
);
