-- Reports that are DICOM objects, and the objects that rejection notes leave nobody.

-- What versions of a report are known by elsewhere, and whose place they take: versions that share one are of one report.
CREATE TABLE report_document_id (
    document_id TEXT NOT NULL,
    report_key INTEGER NOT NULL REFERENCES report,
    PRIMARY KEY (document_id, report_key)
) STRICT, WITHOUT ROWID;
-- A report's own ids, when it turns out to be another's version.
CREATE INDEX report_document_id_of_report ON report_document_id (report_key);

-- Public ids of reports that turned out to be versions of another.
CREATE TABLE report_alias (
    public_id TEXT PRIMARY KEY,
    report_key INTEGER NOT NULL REFERENCES report
) STRICT, WITHOUT ROWID;
CREATE INDEX report_alias_of_report ON report_alias (report_key);

-- The object that a version is, and when that was rejected: then its words are given to nobody.
ALTER TABLE report_version ADD COLUMN sop_instance_uid TEXT;
ALTER TABLE report_version ADD COLUMN rejected_ms INTEGER;
-- The version that an object is.
CREATE INDEX report_version_of_object ON report_version (sop_instance_uid) WHERE sop_instance_uid IS NOT NULL;

-- When the bytes of a rejected instance were deleted; the row stays, as the proof that they were here.
ALTER TABLE rejected_instance ADD COLUMN deleted_ms INTEGER;
-- Bytes that wait for the end of their grace.
CREATE INDEX rejected_instance_held ON rejected_instance (at_ms) WHERE object IS NOT NULL;
