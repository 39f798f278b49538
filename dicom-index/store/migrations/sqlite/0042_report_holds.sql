-- A report that an operator holds: until when, since when, by whose word and why. Who asks for it learns that it is pending, and nothing else.
ALTER TABLE report ADD COLUMN held_until_ms INTEGER;
ALTER TABLE report ADD COLUMN held_ms INTEGER;
ALTER TABLE report ADD COLUMN held_by TEXT NOT NULL DEFAULT '';
ALTER TABLE report ADD COLUMN held_reason TEXT NOT NULL DEFAULT '';
-- Holds by their end.
CREATE INDEX report_held ON report (held_until_ms) WHERE held_until_ms IS NOT NULL;
