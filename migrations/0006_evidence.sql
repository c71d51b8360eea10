-- What came in, so that it can be proved: leaves of trees, the chain of their roots, what erased and opened them.

-- What is to be sealed. Each row is written by the transaction it is about and taken by the sealer's: one that
-- commits late comes late, and is never passed over.
CREATE TABLE evidence_due (
    kind text        NOT NULL CHECK (kind IN ('text', 'proof', 'act')),
    item uuid        NOT NULL,
    at   timestamptz NOT NULL DEFAULT clock_timestamp()
);

-- Sealed texts whose decision is still to be sealed.
CREATE TABLE evidence_undecided (
    text uuid PRIMARY KEY
);

CREATE TABLE evidence_root (
    number   bigint      PRIMARY KEY CHECK (number > 0),
    previous bytea       NOT NULL UNIQUE,            -- the root before it: the chain cannot fork
    tree     bytea       NOT NULL CHECK (length(tree) = 32),
    leaves   integer     NOT NULL CHECK (leaves > 0),
    at       timestamptz NOT NULL,
    root     bytea       NOT NULL CHECK (length(root) = 32)
);

CREATE TABLE evidence (
    root        bigint      NOT NULL,
    place       integer     NOT NULL,
    kind        text        NOT NULL CHECK (kind IN ('text', 'proof', 'decision', 'act')),
    item        uuid        NOT NULL,                -- the text, or the act
    number      text        NOT NULL DEFAULT '',     -- the texted one's name in the settings
    received_at timestamptz NOT NULL,                -- business time
    flagged     boolean     NOT NULL,
    leaf        bytea       NOT NULL CHECK (length(leaf) = 32),
    record      bytea,                               -- sealed: salt and payload; null once it was erased
    PRIMARY KEY (root, place)
);
CREATE INDEX evidence_item ON evidence (item);
CREATE INDEX evidence_received ON evidence (received_at) WHERE kind IN ('text', 'proof');
CREATE INDEX evidence_acts ON evidence (root) WHERE kind = 'act';

CREATE FUNCTION evidence_is_kept() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_TABLE_NAME = 'evidence' AND TG_OP = 'UPDATE' THEN
        IF NEW.record IS NULL
           AND (NEW.root, NEW.place, NEW.kind, NEW.item, NEW.number, NEW.received_at, NEW.flagged, NEW.leaf)
             = (OLD.root, OLD.place, OLD.kind, OLD.item, OLD.number, OLD.received_at, OLD.flagged, OLD.leaf)
        THEN
            RETURN NEW;
        END IF;
    END IF;
    RAISE EXCEPTION 'evidence is insert-only: a record may be erased, its leaf stays';
END $$;
CREATE TRIGGER evidence_kept BEFORE UPDATE OR DELETE ON evidence
    FOR EACH ROW EXECUTE FUNCTION evidence_is_kept();
CREATE TRIGGER evidence_no_truncate BEFORE TRUNCATE ON evidence
    FOR EACH STATEMENT EXECUTE FUNCTION evidence_is_kept();
CREATE TRIGGER evidence_root_kept BEFORE UPDATE OR DELETE ON evidence_root
    FOR EACH ROW EXECUTE FUNCTION evidence_is_kept();
CREATE TRIGGER evidence_root_no_truncate BEFORE TRUNCATE ON evidence_root
    FOR EACH STATEMENT EXECUTE FUNCTION evidence_is_kept();

-- What was done to evidence, by whom and why: opened, erased, put under legal hold. Acts are sealed as texts are.
CREATE TABLE evidence_act (
    id     uuid        PRIMARY KEY DEFAULT gen_random_uuid(),
    what   text        NOT NULL CHECK (what IN ('opened', 'erased', 'held', 'lifted')),
    by     text        NOT NULL,
    why    text        NOT NULL,
    detail jsonb       NOT NULL DEFAULT '{}',
    at     timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE TRIGGER evidence_act_kept BEFORE UPDATE OR DELETE ON evidence_act
    FOR EACH ROW EXECUTE FUNCTION evidence_is_kept();
CREATE TRIGGER evidence_act_no_truncate BEFORE TRUNCATE ON evidence_act
    FOR EACH STATEMENT EXECUTE FUNCTION evidence_is_kept();

CREATE TABLE evidence_hold (
    name      text        PRIMARY KEY,
    from_at   timestamptz NOT NULL,                  -- business time
    to_at     timestamptz NOT NULL,
    lifted_at timestamptz,
    CHECK (from_at < to_at)
);

-- Up to which root each place away from this machine has been told.
CREATE TABLE evidence_sink (
    name      text        PRIMARY KEY,
    upto      bigint      NOT NULL DEFAULT 0,
    tries     smallint    NOT NULL DEFAULT 0,
    try_after timestamptz NOT NULL DEFAULT clock_timestamp(),
    told_at   timestamptz
);

-- What a timestamping authority answered about a root (RFC 3161).
CREATE TABLE evidence_stamp (
    number bigint      PRIMARY KEY REFERENCES evidence_root,
    answer bytea       NOT NULL,
    at     timestamptz NOT NULL DEFAULT clock_timestamp()
);

CREATE FUNCTION evidence_comes_due() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO evidence_due (kind, item) SELECT TG_ARGV[0], id FROM fresh;
    RETURN NULL;
END $$;
CREATE TRIGGER inbound_is_evidence AFTER INSERT ON inbound REFERENCING NEW TABLE AS fresh
    FOR EACH STATEMENT EXECUTE FUNCTION evidence_comes_due('text');
CREATE TRIGGER act_is_evidence AFTER INSERT ON evidence_act REFERENCING NEW TABLE AS fresh
    FOR EACH STATEMENT EXECUTE FUNCTION evidence_comes_due('act');

-- The provider's own word for a text that nothing had proved stands beside what was pushed, not in its place.
CREATE FUNCTION evidence_was_proved() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO evidence_due (kind, item) VALUES ('proof', NEW.id);
    RETURN NULL;
END $$;
CREATE TRIGGER inbound_was_proved AFTER UPDATE OF verified ON inbound
    FOR EACH ROW WHEN (NEW.verified AND NOT OLD.verified) EXECUTE FUNCTION evidence_was_proved();

INSERT INTO evidence_due (kind, item) SELECT 'text', id FROM inbound;
