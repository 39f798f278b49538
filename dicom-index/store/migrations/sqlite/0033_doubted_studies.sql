-- Studies that came under a number of which everything else that was known is of somebody else.
CREATE TABLE doubted_study (
    patient_key INTEGER NOT NULL REFERENCES source_patient,
    study_instance_uid TEXT NOT NULL,
    at_ms INTEGER NOT NULL,
    -- When the security alert was written.
    alerted_ms INTEGER,
    PRIMARY KEY (patient_key, study_instance_uid)
) STRICT, WITHOUT ROWID;
-- Alerts to be written.
CREATE INDEX doubted_study_to_alert ON doubted_study (patient_key) WHERE alerted_ms IS NULL;
