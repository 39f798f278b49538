-- The registry. Text that is compared is folded or normalised by the code that writes it; `record` columns hold what was said, as JSON.
-- Keys that could be named by a cache are AUTOINCREMENT: a number is never used again.

CREATE TABLE repository (
    repository_key INTEGER PRIMARY KEY,
    code TEXT NOT NULL UNIQUE,
    region TEXT NOT NULL,
    definition TEXT NOT NULL,
    paused INTEGER NOT NULL DEFAULT 0,
    phase TEXT NOT NULL DEFAULT 'waiting',
    cursor TEXT,
    indexed INTEGER NOT NULL DEFAULT 0,
    expected INTEGER,
    synced_ms INTEGER,
    last_contact_ms INTEGER,
    last_error_ms INTEGER,
    last_error TEXT,
    studies INTEGER NOT NULL DEFAULT 0,
    series INTEGER NOT NULL DEFAULT 0,
    instances INTEGER NOT NULL DEFAULT 0,
    reports INTEGER NOT NULL DEFAULT 0,
    quarantined INTEGER NOT NULL DEFAULT 0,
    created_ms INTEGER NOT NULL
) STRICT;

CREATE TABLE person (
    person_key INTEGER PRIMARY KEY AUTOINCREMENT,
    public_id TEXT NOT NULL UNIQUE,
    created_ms INTEGER NOT NULL
) STRICT;

-- Public ids of persons that were merged into another.
CREATE TABLE person_alias (
    public_id TEXT PRIMARY KEY,
    person_key INTEGER NOT NULL REFERENCES person
) STRICT, WITHOUT ROWID;

-- Merging a person on: its aliases move along.
CREATE INDEX person_alias_of_person ON person_alias (person_key);

CREATE TABLE source_patient (
    patient_key INTEGER PRIMARY KEY AUTOINCREMENT,
    person_key INTEGER NOT NULL REFERENCES person,
    repository_key INTEGER NOT NULL REFERENCES repository,
    issuer TEXT NOT NULL,
    patient_id TEXT NOT NULL,
    private_to TEXT NOT NULL,
    health_number TEXT,
    record TEXT NOT NULL
) STRICT;

-- Which patient does an object name; search by PatientID, with or without its issuer, whole or its beginning. `private_to` tells the
-- nameless patients of single studies and reports apart.
CREATE UNIQUE INDEX source_patient_by_id ON source_patient (patient_id, issuer, private_to);
-- Linking by health number.
CREATE INDEX source_patient_by_health_number ON source_patient (health_number) WHERE health_number IS NOT NULL;
-- The source patients of a person.
CREATE INDEX source_patient_of_person ON source_patient (person_key);

CREATE TABLE study (
    study_key INTEGER PRIMARY KEY AUTOINCREMENT,
    study_instance_uid TEXT NOT NULL,
    person_key INTEGER NOT NULL REFERENCES person,
    patient_key INTEGER NOT NULL REFERENCES source_patient,
    conflict INTEGER NOT NULL DEFAULT 0,
    patient_name TEXT,
    patient_name_ideographic TEXT,
    patient_name_phonetic TEXT,
    patient_words TEXT NOT NULL,
    patient_birth_date TEXT NOT NULL,
    patient_sex TEXT NOT NULL,
    study_date TEXT NOT NULL,
    study_time TEXT NOT NULL,
    study_id TEXT NOT NULL,
    study_description TEXT NOT NULL,
    institution_name TEXT NOT NULL,
    referring_name TEXT,
    referring_words TEXT NOT NULL,
    modalities TEXT NOT NULL DEFAULT '',
    number_of_series INTEGER NOT NULL DEFAULT 0,
    number_of_instances INTEGER NOT NULL DEFAULT 0,
    created_ms INTEGER NOT NULL,
    updated_ms INTEGER NOT NULL,
    record TEXT NOT NULL
) STRICT;

-- A study by its UID; more than one row when patients disagree.
CREATE INDEX study_by_uid ON study (study_instance_uid);
-- The stable order of every answer; search by StudyDate.
CREATE INDEX study_by_date ON study (study_date DESC, study_time DESC, study_instance_uid, study_key);
-- Search by PatientName from its beginning; the order's columns save reading the rows.
CREATE INDEX study_by_patient_name ON study (patient_name, study_date, study_time, study_instance_uid)
    WHERE patient_name IS NOT NULL;
CREATE INDEX study_by_patient_name_ideographic ON study (patient_name_ideographic)
    WHERE patient_name_ideographic IS NOT NULL;
CREATE INDEX study_by_patient_name_phonetic ON study (patient_name_phonetic) WHERE patient_name_phonetic IS NOT NULL;
-- Search by PatientBirthDate.
CREATE INDEX study_by_birth_date ON study (patient_birth_date, study_date);
-- Search by StudyID.
CREATE INDEX study_by_study_id ON study (study_id);
-- Search by ReferringPhysicianName from its beginning.
CREATE INDEX study_by_referring_name ON study (referring_name) WHERE referring_name IS NOT NULL;
-- Studies of a person, when persons merge.
CREATE INDEX study_of_person ON study (person_key);

-- Search by any part of a name or a description of three letters or more.
CREATE VIRTUAL TABLE study_text USING fts5 (
    patient_words, referring_words, study_description, institution_name,
    content = 'study', content_rowid = 'study_key', tokenize = 'trigram case_sensitive 1', columnsize = 0
);
CREATE TRIGGER study_text_insert AFTER INSERT ON study BEGIN
    INSERT INTO study_text (rowid, patient_words, referring_words, study_description, institution_name)
    VALUES (new.study_key, new.patient_words, new.referring_words, new.study_description, new.institution_name);
END;
CREATE TRIGGER study_text_delete AFTER DELETE ON study BEGIN
    INSERT INTO study_text (study_text, rowid, patient_words, referring_words, study_description, institution_name)
    VALUES ('delete', old.study_key, old.patient_words, old.referring_words, old.study_description, old.institution_name);
END;
CREATE TRIGGER study_text_update
AFTER UPDATE OF patient_words, referring_words, study_description, institution_name ON study
WHEN (old.patient_words, old.referring_words, old.study_description, old.institution_name)
    IS NOT (new.patient_words, new.referring_words, new.study_description, new.institution_name) BEGIN
    INSERT INTO study_text (study_text, rowid, patient_words, referring_words, study_description, institution_name)
    VALUES ('delete', old.study_key, old.patient_words, old.referring_words, old.study_description, old.institution_name);
    INSERT INTO study_text (rowid, patient_words, referring_words, study_description, institution_name)
    VALUES (new.study_key, new.patient_words, new.referring_words, new.study_description, new.institution_name);
END;

-- A study under each of its modalities, in the stable order: search by modality alone or with a date reads nothing else.
CREATE TABLE study_modality (
    modality TEXT NOT NULL,
    study_date TEXT NOT NULL,
    study_time TEXT NOT NULL,
    study_instance_uid TEXT NOT NULL,
    study_key INTEGER NOT NULL REFERENCES study,
    PRIMARY KEY (study_key, modality)
) STRICT, WITHOUT ROWID;

-- Search by ModalitiesInStudy, alone or with StudyDate.
CREATE INDEX study_modality_by_date
    ON study_modality (modality, study_date DESC, study_time DESC, study_instance_uid, study_key);

CREATE TABLE study_copy (
    study_copy_key INTEGER PRIMARY KEY AUTOINCREMENT,
    study_key INTEGER NOT NULL REFERENCES study,
    repository_key INTEGER NOT NULL REFERENCES repository,
    patient_key INTEGER NOT NULL REFERENCES source_patient,
    accession_number TEXT NOT NULL,
    accession_issuer TEXT NOT NULL,
    declared_series INTEGER,
    declared_instances INTEGER,
    first_ms INTEGER NOT NULL,
    -- Empty while this is the only copy: then it is the study's.
    record TEXT NOT NULL
) STRICT;

-- The copies of a study; one for each repository.
CREATE UNIQUE INDEX study_copy_of_study ON study_copy (study_key, repository_key);
-- Search by PatientID, and studies of a person.
CREATE INDEX study_copy_of_patient ON study_copy (patient_key, study_key);
-- Search by AccessionNumber, with or without its issuer; reports look for their studies.
CREATE INDEX study_copy_by_accession ON study_copy (accession_number, accession_issuer, study_key)
    WHERE accession_number <> '';

CREATE TABLE series (
    series_key INTEGER PRIMARY KEY AUTOINCREMENT,
    study_key INTEGER NOT NULL REFERENCES study,
    series_instance_uid TEXT NOT NULL,
    modality TEXT NOT NULL,
    series_number INTEGER,
    series_description TEXT NOT NULL,
    body_part_examined TEXT NOT NULL,
    step_start_date TEXT NOT NULL,
    step_start_time TEXT NOT NULL,
    scheduled_procedure_step_id TEXT NOT NULL,
    requested_procedure_id TEXT NOT NULL,
    declared INTEGER NOT NULL,
    known INTEGER NOT NULL DEFAULT 0,
    held INTEGER NOT NULL DEFAULT 0,
    number_of_instances INTEGER NOT NULL,
    manifest_version INTEGER NOT NULL DEFAULT 0,
    manifest_phase TEXT NOT NULL DEFAULT 'none',
    base_object TEXT,
    base_instances INTEGER NOT NULL DEFAULT 0,
    pending INTEGER NOT NULL DEFAULT 0,
    last_entry_key INTEGER NOT NULL DEFAULT 0,
    last_arrival_ms INTEGER NOT NULL DEFAULT 0,
    record TEXT NOT NULL
) STRICT;

-- The series of a study; conditions on series in a search of studies.
CREATE UNIQUE INDEX series_of_study ON series (study_key, series_instance_uid);
-- A series by its UID alone.
CREATE INDEX series_by_uid ON series (series_instance_uid);
-- Manifests to fold.
CREATE INDEX series_to_fold ON series (last_arrival_ms) WHERE pending > 0;

CREATE TABLE series_copy (
    series_copy_key INTEGER PRIMARY KEY AUTOINCREMENT,
    series_key INTEGER NOT NULL REFERENCES series,
    repository_key INTEGER NOT NULL REFERENCES repository,
    declared INTEGER,
    known INTEGER NOT NULL DEFAULT 0,
    held INTEGER NOT NULL DEFAULT 0,
    -- Empty while this is the only copy: then it is the series'.
    record TEXT NOT NULL
) STRICT;

-- The copies of a series; one for each repository.
CREATE UNIQUE INDEX series_copy_of_series ON series_copy (series_key, repository_key);

-- Instances that are held or whose header is known; not every instance of the province.
CREATE TABLE held_instance (
    instance_key INTEGER PRIMARY KEY,
    series_key INTEGER NOT NULL REFERENCES series,
    repository_key INTEGER NOT NULL REFERENCES repository,
    sop_instance_uid TEXT NOT NULL,
    sha256 TEXT NOT NULL,
    object TEXT,
    shown INTEGER NOT NULL
) STRICT;

-- An instance by its UID: which series, which bytes.
CREATE INDEX held_instance_by_uid ON held_instance (sop_instance_uid, series_key);
-- The instances of a series, when a copy moves to another study.
CREATE INDEX held_instance_of_series ON held_instance (series_key);

CREATE TABLE manifest_entry (
    entry_key INTEGER PRIMARY KEY AUTOINCREMENT,
    series_key INTEGER NOT NULL REFERENCES series,
    repository_key INTEGER NOT NULL REFERENCES repository,
    entry BLOB NOT NULL
) STRICT;

-- The pending entries of a series in order of arrival.
CREATE INDEX manifest_entry_of_series ON manifest_entry (series_key, entry_key);

CREATE TABLE report (
    report_key INTEGER PRIMARY KEY AUTOINCREMENT,
    public_id TEXT NOT NULL UNIQUE,
    repository_key INTEGER NOT NULL REFERENCES repository,
    family TEXT NOT NULL,
    person_key INTEGER NOT NULL REFERENCES person,
    patient_key INTEGER NOT NULL REFERENCES source_patient,
    accession_number TEXT NOT NULL,
    accession_issuer TEXT NOT NULL,
    filler_number TEXT NOT NULL,
    filler_issuer TEXT NOT NULL,
    status TEXT NOT NULL,
    current_version INTEGER NOT NULL,
    versions INTEGER NOT NULL,
    received_ms INTEGER NOT NULL,
    record TEXT NOT NULL
) STRICT;

-- The report that a message is a version of.
CREATE UNIQUE INDEX report_by_family ON report (repository_key, family);
-- Reports of a person.
CREATE INDEX report_of_person ON report (person_key);
-- Reports that wait for a study with this accession number.
CREATE INDEX report_by_accession ON report (accession_number, accession_issuer) WHERE accession_number <> '';
CREATE INDEX report_by_filler ON report (filler_number, filler_issuer) WHERE filler_number <> '';

CREATE TABLE report_version (
    report_key INTEGER NOT NULL REFERENCES report,
    version INTEGER NOT NULL,
    repository_key INTEGER NOT NULL REFERENCES repository,
    message_control_id TEXT NOT NULL,
    message_sha256 TEXT NOT NULL,
    received_ms INTEGER NOT NULL,
    record TEXT NOT NULL,
    raw BLOB NOT NULL,
    PRIMARY KEY (report_key, version)
) STRICT;

-- Whether a message was here before.
CREATE UNIQUE INDEX report_version_by_message ON report_version (message_control_id, repository_key);

-- StudyInstanceUIDs that a report names.
CREATE TABLE report_study_uid (
    study_instance_uid TEXT NOT NULL,
    report_key INTEGER NOT NULL REFERENCES report,
    PRIMARY KEY (study_instance_uid, report_key)
) STRICT, WITHOUT ROWID;

-- Reports' own UIDs, when a report is linked again.
CREATE INDEX report_study_uid_of_report ON report_study_uid (report_key);

CREATE TABLE report_link (
    report_key INTEGER NOT NULL REFERENCES report,
    study_key INTEGER NOT NULL REFERENCES study,
    evidence TEXT NOT NULL,
    PRIMARY KEY (report_key, study_key)
) STRICT, WITHOUT ROWID;

-- Reports of a study.
CREATE INDEX report_link_of_study ON report_link (study_key);

CREATE TABLE quarantine (
    quarantine_key INTEGER PRIMARY KEY,
    repository_key INTEGER NOT NULL REFERENCES repository,
    attribute TEXT NOT NULL,
    rule TEXT NOT NULL,
    size_bytes INTEGER NOT NULL,
    object TEXT,
    at_ms INTEGER NOT NULL
) STRICT;

-- How many union studies there are: the first page of everything says so, and PostgreSQL would count them one by one.
CREATE TABLE tally (
    name TEXT PRIMARY KEY,
    value INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
INSERT INTO tally (name, value) VALUES ('studies', 0);

CREATE TABLE change (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    study_key INTEGER NOT NULL,
    kind TEXT NOT NULL,
    at_ms INTEGER NOT NULL
) STRICT;
