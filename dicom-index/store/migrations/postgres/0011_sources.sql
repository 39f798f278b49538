-- How repositories stand to us, and what was fetched from them and can be fetched again.

-- Since when a repository declines what we ask: it is there, and somebody has to mend it.
ALTER TABLE repository ADD COLUMN refused_since_ms BIGINT;

-- The size of an object that was fetched from a repository that has it still; absent for what was sent to us, which may be the only copy.
ALTER TABLE held_instance ADD COLUMN fetched_bytes BIGINT;
-- The sum of a series, and when somebody looked at it last.
ALTER TABLE series ADD COLUMN fetched_bytes BIGINT NOT NULL DEFAULT 0;
ALTER TABLE series ADD COLUMN used_ms BIGINT NOT NULL DEFAULT 0;
-- What is let go first, and how much there is in all.
CREATE INDEX series_fetched ON series (used_ms, fetched_bytes) WHERE fetched_bytes > 0;

-- Objects that nothing refers to, or that are being written for what may not come to pass: they are removed later.
CREATE TABLE doomed_object (
    object TEXT COLLATE "C" PRIMARY KEY,
    series_key BIGINT NOT NULL,
    since_ms BIGINT NOT NULL
);
