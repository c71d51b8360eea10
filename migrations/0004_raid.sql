-- Whether a raid is on: texts counted in buckets of business time, what was made of them, and whom that holds.
-- Whoever locks the one row of raid_state folds the buckets that are closed, in order; every step is a row.

-- Which transaction stored a text: once all older ones are over, every text up to there is seen, each once.
ALTER TABLE inbound ADD COLUMN stored_in xid8 NOT NULL DEFAULT pg_current_xact_id();
CREATE INDEX inbound_stored_in ON inbound (stored_in);

CREATE TABLE raid_state (
    one          boolean          PRIMARY KEY DEFAULT true CHECK (one),
    counted      xid8             NOT NULL DEFAULT pg_current_xact_id(),  -- texts of older transactions are
    closed       timestamptz,                                   -- buckets that end here or before are folded
    version      bigint           NOT NULL DEFAULT 0,             -- of the bucket that was folded last
    mode         text             NOT NULL DEFAULT 'calm' CHECK (mode IN ('calm', 'raid')),
    since        timestamptz,
    by_hand      boolean          NOT NULL DEFAULT false,
    baseline     double precision NOT NULL DEFAULT 0,
    learnt       integer          NOT NULL DEFAULT 0,
    statistic    double precision NOT NULL DEFAULT 0,
    began        timestamptz,
    texts        integer          NOT NULL DEFAULT 0,
    flagged      integer          NOT NULL DEFAULT 0,
    line         double precision NOT NULL DEFAULT 'infinity',    -- the rank above which a text is held
    "limit"      double precision NOT NULL DEFAULT 18,            -- of the statistic, as settings had it last
    let_go       bigint           NOT NULL DEFAULT 0,             -- held texts released: in calm,
    let_go_early bigint           NOT NULL DEFAULT 0,             -- and because the operator said so
    dropped      bigint           NOT NULL DEFAULT 0
) WITH (fillfactor = 50);
INSERT INTO raid_state DEFAULT VALUES;

CREATE TABLE raid_bucket (
    at        timestamptz PRIMARY KEY,               -- its end, business time
    texts     integer     NOT NULL,
    flagged   integer     NOT NULL,
    sightings bytea[]     NOT NULL,                  -- sealed: what an explanation and the words need
    version   bigint      UNIQUE,                    -- in the order of folding; null while it is open
    mode      text,                                  -- all below: after this bucket
    statistic double precision,
    baseline  double precision,
    line      double precision,
    words     bytea                                  -- sealed: all counts, now and then; else as of the one before
) WITH (fillfactor = 70);
CREATE INDEX raid_bucket_open ON raid_bucket (at) WHERE version IS NULL;
CREATE INDEX raid_bucket_words ON raid_bucket (version) WHERE words IS NOT NULL;

CREATE TABLE raid_change (
    id          bigint           GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at          timestamptz      NOT NULL,
    mode        text             NOT NULL,
    cause       text             NOT NULL CHECK (cause IN ('statistic', 'operator')),
    by          text             NOT NULL DEFAULT '',
    version     bigint           NOT NULL,           -- the bucket after which it came
    statistic   double precision NOT NULL,
    "limit"     double precision NOT NULL,
    baseline    double precision NOT NULL,
    raided      double precision NOT NULL,           -- the share of flagged texts that a raid would have
    began       timestamptz      NOT NULL,
    texts       integer          NOT NULL,
    flagged     integer          NOT NULL,
    policy      jsonb            NOT NULL,           -- section [raids] as it was
    explanation jsonb            NOT NULL            -- clusters, numbers, prefixes; nothing that could be read back
);

-- What was decided of a text in a raid, held or not, and by which version of what.
CREATE TABLE judgement (
    reply       uuid             PRIMARY KEY,
    version     bigint           NOT NULL,
    rank        double precision NOT NULL,
    line        double precision NOT NULL,
    held        boolean          NOT NULL,
    cluster     text             NOT NULL,           -- texts of one wording, by a keyed name
    at          timestamptz      NOT NULL,           -- business time; when the waiting began
    released_at timestamptz,
    released_by text             NOT NULL DEFAULT '' CHECK (released_by IN ('', 'calm', 'operator', 'dropped'))
);
CREATE INDEX judgement_version ON judgement USING brin (version);

-- The operator let it go: it is not held again.
ALTER TABLE reply ADD COLUMN let_go boolean NOT NULL DEFAULT false;
