-- What people said of texts: a random few of each day, by which the abusive share is estimated.
CREATE TABLE review (
    inbound     uuid        PRIMARY KEY,
    received_at timestamptz NOT NULL,
    mode        text        NOT NULL CHECK (mode IN ('calm', 'raid')),  -- in which the text came
    flagged     boolean     NOT NULL,                                   -- what the detector had said
    label       text        NOT NULL CHECK (label IN ('abusive', 'fine', 'unsure')),
    by          text        NOT NULL,
    labelled_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX review_received ON review (received_at);
