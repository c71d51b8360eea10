-- What each process decided last, so that the console says the same whichever of them is asked. Of no worth
-- after a crash: unlogged. Names and reasons, and ids of texts.
CREATE UNLOGGED TABLE lately (
    process   uuid        PRIMARY KEY,
    decisions jsonb       NOT NULL,
    told_at   timestamptz NOT NULL DEFAULT clock_timestamp()
) WITH (fillfactor = 50);
ALTER TABLE lately ALTER COLUMN decisions SET STORAGE MAIN;
