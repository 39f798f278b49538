-- What contradicts itself, for those who mend it.

-- What an instance that stands beside another of its UID is to the one that is shown: not compared (empty), `same` (another header around
-- the same content), `differs`, or `away` (it was here, and is not at hand to be compared); and since when it does.
ALTER TABLE held_instance ADD COLUMN likeness TEXT COLLATE "C" NOT NULL DEFAULT '';
ALTER TABLE held_instance ADD COLUMN beside_ms BIGINT;
-- Copies that contradict the one that is shown.
CREATE INDEX held_instance_beside ON held_instance (series_key) WHERE shown = 0 AND likeness IN ('', 'differs');

-- When the security alert of a study identifier that several patients have was written down.
ALTER TABLE study ADD COLUMN alerted_ms BIGINT;
-- Alerts that are still to be written.
CREATE INDEX study_to_alert ON study (study_key) WHERE conflict = 1 AND alerted_ms IS NULL;

-- Why what a report names may be somebody's or something else's, and since when; empty where nothing speaks against it.
ALTER TABLE report ADD COLUMN doubt TEXT COLLATE "C" NOT NULL DEFAULT '';
ALTER TABLE report ADD COLUMN doubt_ms BIGINT;
-- Reports that somebody has to look at.
CREATE INDEX report_in_doubt ON report (report_key) WHERE doubt <> '';

-- What an administrator has looked at and found to need nothing more, as it was then: when it becomes another case, it is listed again.
CREATE TABLE dismissal (
    conflict TEXT COLLATE "C" PRIMARY KEY,
    evidence TEXT COLLATE "C" NOT NULL,
    reason TEXT COLLATE "C" NOT NULL,
    dismissed_by TEXT COLLATE "C" NOT NULL,
    at_ms BIGINT NOT NULL
);
