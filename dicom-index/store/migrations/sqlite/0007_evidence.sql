-- What comes with reports, what ties them to studies beside their own numbers, and what operators rule.

-- Documents of a version of a report, as they came; what they are is in the version's record.
CREATE TABLE report_document (
    report_key INTEGER NOT NULL REFERENCES report,
    version INTEGER NOT NULL,
    number INTEGER NOT NULL,
    content BLOB NOT NULL,
    PRIMARY KEY (report_key, version, number)
) STRICT;

ALTER TABLE report ADD COLUMN placer_number TEXT NOT NULL DEFAULT '';
ALTER TABLE report ADD COLUMN placer_issuer TEXT NOT NULL DEFAULT '';
UPDATE report SET placer_number = trim(json_extract(record, '$.placer_order_number.value')),
    placer_issuer = json_extract(record, '$.placer_order_number.issuer')
WHERE json_extract(record, '$.placer_order_number.value') IS NOT NULL;
-- Reports that wait for an order, or for a study, with this placer order number.
CREATE INDEX report_by_placer ON report (placer_number, placer_issuer) WHERE placer_number <> '';

ALTER TABLE study_copy ADD COLUMN placer_number TEXT NOT NULL DEFAULT '';
ALTER TABLE study_copy ADD COLUMN placer_issuer TEXT NOT NULL DEFAULT '';
-- Reports and orders look for studies that name their order.
CREATE INDEX study_copy_by_placer ON study_copy (placer_number, placer_issuer, study_key) WHERE placer_number <> '';

-- Requested procedures: which numbers are of one examination. `family` is the placer order number, else the filler order number.
CREATE TABLE imaging_order (
    order_key INTEGER PRIMARY KEY AUTOINCREMENT,
    repository_key INTEGER NOT NULL REFERENCES repository,
    family TEXT NOT NULL,
    requested_procedure_id TEXT NOT NULL,
    patient_key INTEGER NOT NULL REFERENCES source_patient,
    placer_number TEXT NOT NULL,
    placer_issuer TEXT NOT NULL,
    filler_number TEXT NOT NULL,
    filler_issuer TEXT NOT NULL,
    accession_number TEXT NOT NULL,
    accession_issuer TEXT NOT NULL,
    study_instance_uid TEXT NOT NULL,
    cancelled INTEGER NOT NULL,
    told_ms INTEGER NOT NULL,
    record TEXT NOT NULL
) STRICT;

-- The procedure that a message speaks of.
CREATE UNIQUE INDEX imaging_order_by_family ON imaging_order (repository_key, family, requested_procedure_id);
-- Orders of a report or a study, by each of their numbers.
CREATE INDEX imaging_order_by_placer ON imaging_order (placer_number, placer_issuer) WHERE placer_number <> '';
CREATE INDEX imaging_order_by_filler ON imaging_order (filler_number, filler_issuer) WHERE filler_number <> '';
CREATE INDEX imaging_order_by_accession ON imaging_order (accession_number, accession_issuer) WHERE accession_number <> '';
CREATE INDEX imaging_order_by_study ON imaging_order (study_instance_uid) WHERE study_instance_uid <> '';

-- Messages of orders, as they came. Nothing is ever deleted here.
CREATE TABLE order_message (
    repository_key INTEGER NOT NULL REFERENCES repository,
    message_control_id TEXT NOT NULL,
    message_sha256 TEXT NOT NULL,
    received_ms INTEGER NOT NULL,
    raw BLOB NOT NULL
) STRICT;
-- Whether a message was here before.
CREATE UNIQUE INDEX order_message_by_message ON order_message (message_control_id, repository_key);

-- What an operator ruled of a report and a study; it stands over all other evidence.
CREATE TABLE report_ruling (
    report_key INTEGER NOT NULL REFERENCES report,
    study_instance_uid TEXT NOT NULL,
    linked INTEGER NOT NULL,
    ruled_by TEXT NOT NULL,
    at_ms INTEGER NOT NULL,
    PRIMARY KEY (report_key, study_instance_uid)
) STRICT, WITHOUT ROWID;
-- Reports that an operator gave to a study that comes, or comes again.
CREATE INDEX report_ruling_of_study ON report_ruling (study_instance_uid);
