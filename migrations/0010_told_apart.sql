-- What may be told of a text is sealed apart from its words: the one is opened in every folder, the other in a
-- full one only, and goes with time. And what the router works with beside texts is sealed as it happens: whom
-- a raid holds, how a reply ended after all, what people said of texts, what operators ordered.

ALTER TABLE evidence
    ADD COLUMN apart boolean NOT NULL DEFAULT false,  -- of a text: `record` holds no number and no word
    ADD COLUMN words bytea;                           -- sealed: these, where they are apart; null once erased

ALTER TABLE evidence_due DROP CONSTRAINT evidence_due_kind_check, ADD CONSTRAINT evidence_due_kind_check
    CHECK (kind IN ('text', 'proof', 'judgement', 'decision', 'act', 'change', 'label', 'order'));
ALTER TABLE evidence DROP CONSTRAINT evidence_kind_check, ADD CONSTRAINT evidence_kind_check
    CHECK (kind IN ('text', 'proof', 'judgement', 'decision', 'act', 'change', 'label', 'order')) NOT VALID;

CREATE OR REPLACE FUNCTION evidence_is_kept() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_TABLE_NAME = 'evidence' AND TG_OP = 'UPDATE' THEN
        IF OLD.kind IN ('text', 'proof')
           AND (CASE WHEN OLD.apart THEN NEW.words ELSE NEW.record END) IS NULL
           AND (CASE WHEN OLD.apart THEN NEW.record ELSE NEW.words END)
             IS NOT DISTINCT FROM (CASE WHEN OLD.apart THEN OLD.record ELSE OLD.words END)
           AND (NEW.root, NEW.place, NEW.kind, NEW.item, NEW.number, NEW.received_at, NEW.flagged, NEW.leaf, NEW.apart)
             = (OLD.root, OLD.place, OLD.kind, OLD.item, OLD.number, OLD.received_at, OLD.flagged, OLD.leaf, OLD.apart)
        THEN
            RETURN NEW;
        END IF;
    END IF;
    RAISE EXCEPTION 'evidence is insert-only: words may be erased, their leaf stays';
END $$;

-- Of one kind, by the column that names the row.
CREATE FUNCTION row_comes_due() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('INSERT INTO evidence_due (kind, item) SELECT %L, %I FROM fresh', TG_ARGV[0], TG_ARGV[1]);
    RETURN NULL;
END $$;

ALTER TABLE operator_action ADD COLUMN item uuid NOT NULL DEFAULT gen_random_uuid() UNIQUE;
CREATE TRIGGER order_is_evidence AFTER INSERT ON operator_action REFERENCING NEW TABLE AS fresh
    FOR EACH STATEMENT EXECUTE FUNCTION row_comes_due('order', 'item');

CREATE TRIGGER label_is_evidence AFTER INSERT ON review REFERENCING NEW TABLE AS fresh
    FOR EACH STATEMENT EXECUTE FUNCTION row_comes_due('label', 'inbound');
CREATE TRIGGER label_is_evidence_anew AFTER UPDATE ON review REFERENCING NEW TABLE AS fresh
    FOR EACH STATEMENT EXECUTE FUNCTION row_comes_due('label', 'inbound');

-- Only what is held: the judgement of what is not is sealed with its decision, a moment later.
CREATE FUNCTION held_comes_due() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO evidence_due (kind, item)
        SELECT 'judgement', reply FROM fresh WHERE held AND released_at IS NULL;
    RETURN NULL;
END $$;
CREATE TRIGGER judgement_is_evidence AFTER INSERT ON judgement REFERENCING NEW TABLE AS fresh
    FOR EACH STATEMENT EXECUTE FUNCTION held_comes_due();
CREATE TRIGGER judgement_is_evidence_anew AFTER UPDATE ON judgement REFERENCING NEW TABLE AS fresh
    FOR EACH STATEMENT EXECUTE FUNCTION held_comes_due();

-- A reply that was decided and is not any more, or otherwise: late proof sends it again, or says that it was sent.
CREATE FUNCTION reply_ends_otherwise() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO evidence_due (kind, item) VALUES ('decision', NEW.id);
    RETURN NULL;
END $$;
CREATE TRIGGER reply_ends_otherwise AFTER UPDATE ON reply
    FOR EACH ROW WHEN (OLD.state IN ('suppressed', 'accepted', 'failed', 'abandoned')
        AND (NEW.state, NEW.reason, NEW.priority) IS DISTINCT FROM (OLD.state, OLD.reason, OLD.priority))
    EXECUTE FUNCTION reply_ends_otherwise();

INSERT INTO evidence_due (kind, item) SELECT 'order', item FROM operator_action;
INSERT INTO evidence_due (kind, item) SELECT 'label', inbound FROM review;
INSERT INTO evidence_due (kind, item)
    SELECT 'judgement', j.reply FROM judgement j JOIN reply r ON r.id = j.reply WHERE r.state = 'held';
-- What ended otherwise since it was sealed.
INSERT INTO evidence_due (kind, item)
    SELECT DISTINCT 'decision', r.id FROM reply r JOIN evidence e ON e.item = r.id AND e.kind = 'decision'
    JOIN evidence_root o ON o.number = e.root WHERE r.changed_at > o.at;
