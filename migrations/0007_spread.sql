-- Purses that are spent evenly over their windows. A window moves on with time; it begins with a head start,
-- whoever makes it, so that nothing leaves before it is moved on for the first time.
ALTER TABLE purse ADD COLUMN head_start double precision;      -- share of the cap; null: all may be used at once
ALTER TABLE purse_window ADD COLUMN spread bigint CHECK (spread >= 0);  -- what may be used by now; null: all

CREATE FUNCTION begin_spread() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.spread := floor(NEW.cap * (SELECT p.head_start FROM purse p WHERE p.name = NEW.purse));
    RETURN NEW;
END $$;
CREATE TRIGGER purse_window_begins BEFORE INSERT ON purse_window FOR EACH ROW EXECUTE FUNCTION begin_spread();
