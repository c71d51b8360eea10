-- Why the mode changed, calm or raid, is sealed as texts are: it is what shows that many acted together.

ALTER TABLE evidence_due DROP CONSTRAINT evidence_due_kind_check,
    ADD CONSTRAINT evidence_due_kind_check CHECK (kind IN ('text', 'proof', 'act', 'change'));
ALTER TABLE evidence DROP CONSTRAINT evidence_kind_check,
    ADD CONSTRAINT evidence_kind_check CHECK (kind IN ('text', 'proof', 'decision', 'act', 'change')) NOT VALID;

ALTER TABLE raid_change ADD COLUMN item uuid NOT NULL DEFAULT gen_random_uuid() UNIQUE;

CREATE FUNCTION change_comes_due() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO evidence_due (kind, item) SELECT 'change', item FROM fresh;
    RETURN NULL;
END $$;
CREATE TRIGGER raid_change_is_evidence AFTER INSERT ON raid_change REFERENCING NEW TABLE AS fresh
    FOR EACH STATEMENT EXECUTE FUNCTION change_comes_due();

INSERT INTO evidence_due (kind, item) SELECT 'change', item FROM raid_change;
