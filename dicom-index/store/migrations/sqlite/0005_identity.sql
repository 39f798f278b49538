-- Patients are one by evidence, and apart again when it is taken back: what a patient administration system tells of its own numbers.
-- `survivor_key` is the number that a merged one goes by now; `told_ms` is when the demographics were last told by the system that keeps
-- them; `home_person_key` is the person that was made for this patient, so that its id is its own again after an un-merge.
ALTER TABLE source_patient ADD COLUMN survivor_key INTEGER REFERENCES source_patient;
ALTER TABLE source_patient ADD COLUMN told_ms INTEGER;
ALTER TABLE source_patient ADD COLUMN home_person_key INTEGER REFERENCES person;
UPDATE source_patient SET home_person_key = person_key WHERE patient_key IN (SELECT min(patient_key) FROM source_patient GROUP BY person_key);
-- The numbers that go by another one.
CREATE INDEX source_patient_merged ON source_patient (survivor_key) WHERE survivor_key IS NOT NULL;
-- A person's id, when the patient that it was made for belongs to another now.
CREATE INDEX source_patient_by_home ON source_patient (home_person_key) WHERE home_person_key IS NOT NULL;

-- The patient that was named, where that one goes by another number now.
ALTER TABLE study_copy ADD COLUMN said_patient_key INTEGER REFERENCES source_patient;
ALTER TABLE report ADD COLUMN said_patient_key INTEGER REFERENCES source_patient;
-- What goes back when a merge is undone.
CREATE INDEX study_copy_said ON study_copy (said_patient_key) WHERE said_patient_key IS NOT NULL;
CREATE INDEX report_said ON report (said_patient_key) WHERE said_patient_key IS NOT NULL;
-- Reports that follow their patient.
CREATE INDEX report_of_patient ON report (patient_key);
DROP INDEX study_copy_of_study;
-- The copies of a study; one for each repository and number that it came under.
CREATE UNIQUE INDEX study_copy_of_study ON study_copy (study_key, repository_key, coalesce(said_patient_key, patient_key));

-- What was told of patients, with the message as its evidence. Nothing is ever deleted here.
CREATE TABLE patient_event (
    event_key INTEGER PRIMARY KEY AUTOINCREMENT,
    repository_key INTEGER NOT NULL REFERENCES repository,
    message_control_id TEXT NOT NULL,
    message_sha256 TEXT NOT NULL,
    kind TEXT NOT NULL,
    patient_key INTEGER NOT NULL REFERENCES source_patient,
    other_key INTEGER REFERENCES source_patient,
    -- The patient's record before, as JSON.
    before TEXT NOT NULL,
    at_ms INTEGER NOT NULL,
    raw BLOB NOT NULL
) STRICT;
-- Whether a message was here before.
CREATE UNIQUE INDEX patient_event_by_message ON patient_event (message_control_id, repository_key);
-- What befell a patient.
CREATE INDEX patient_event_of_patient ON patient_event (patient_key);
-- Studies of one UID under patients who are not the same, for those who mend them.
CREATE INDEX study_in_conflict ON study (study_key) WHERE conflict = 1;
