-- A report under numbers that were another patient's before: whose it is, beside the name of its family; 0 where they were nobody else's.
ALTER TABLE report ADD COLUMN family_patient BIGINT NOT NULL DEFAULT 0;
-- Before the names become what another's report has.
DROP INDEX report_by_family;
UPDATE report SET family_patient = CAST(substring(family from ' used again for ([0-9]+)$') AS BIGINT),
    family = substring(family from '^(.*) used again for [0-9]+$') WHERE family ~ ' used again for [0-9]+$';
-- The report that a message is a version of.
CREATE UNIQUE INDEX report_by_family ON report (repository_key, family, family_patient);

-- When what an event tells was recorded where it happened (EVN-2, MSH-7), at the latest when it arrived: an older one that comes late is history.
ALTER TABLE patient_event ADD COLUMN told_ms BIGINT;
-- What befell two numbers.
CREATE INDEX patient_event_of_other ON patient_event (other_key) WHERE other_key IS NOT NULL;
