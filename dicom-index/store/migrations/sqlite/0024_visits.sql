-- Visits and accounts: by which stay things are known, and which stays were moved from one patient to another (ADT A45, A44).
-- A move is kept with its event and is never deleted; what follows it names it (`move_key`) beside the patient that it came under.
CREATE TABLE visit_move (
    move_key INTEGER PRIMARY KEY AUTOINCREMENT,
    kind TEXT NOT NULL,
    number TEXT NOT NULL,
    issuer TEXT NOT NULL,
    from_key INTEGER NOT NULL REFERENCES source_patient,
    to_key INTEGER NOT NULL REFERENCES source_patient,
    event_key INTEGER NOT NULL REFERENCES patient_event,
    at_ms INTEGER NOT NULL,
    -- When it was taken back, or another took its place.
    undone_ms INTEGER
) STRICT;
-- The moves of a number.
CREATE INDEX visit_move_by_number ON visit_move (number, issuer, kind);
-- Whether something of a patient may have been moved; and what moves when a patient is merged.
CREATE INDEX visit_move_from ON visit_move (from_key) WHERE undone_ms IS NULL;
CREATE INDEX visit_move_to ON visit_move (to_key) WHERE undone_ms IS NULL;

ALTER TABLE study_copy ADD COLUMN admission_number TEXT NOT NULL DEFAULT '';
ALTER TABLE study_copy ADD COLUMN admission_issuer TEXT NOT NULL DEFAULT '';
ALTER TABLE study_copy ADD COLUMN move_key INTEGER REFERENCES visit_move;
-- What is of a visit or an account, and what follows a move.
CREATE INDEX study_copy_by_admission ON study_copy (admission_number, admission_issuer) WHERE admission_number <> '';
CREATE INDEX study_copy_moved ON study_copy (move_key) WHERE move_key IS NOT NULL;

ALTER TABLE report ADD COLUMN visit_number TEXT NOT NULL DEFAULT '';
ALTER TABLE report ADD COLUMN visit_issuer TEXT NOT NULL DEFAULT '';
ALTER TABLE report ADD COLUMN account_number TEXT NOT NULL DEFAULT '';
ALTER TABLE report ADD COLUMN account_issuer TEXT NOT NULL DEFAULT '';
ALTER TABLE report ADD COLUMN move_key INTEGER REFERENCES visit_move;
-- What is of a visit or an account, and what follows a move.
CREATE INDEX report_by_visit ON report (visit_number, visit_issuer) WHERE visit_number <> '';
CREATE INDEX report_by_account ON report (account_number, account_issuer) WHERE account_number <> '';
CREATE INDEX report_moved ON report (move_key) WHERE move_key IS NOT NULL;

ALTER TABLE imaging_order ADD COLUMN visit_number TEXT NOT NULL DEFAULT '';
ALTER TABLE imaging_order ADD COLUMN visit_issuer TEXT NOT NULL DEFAULT '';
ALTER TABLE imaging_order ADD COLUMN account_number TEXT NOT NULL DEFAULT '';
ALTER TABLE imaging_order ADD COLUMN account_issuer TEXT NOT NULL DEFAULT '';
-- The patient that was named, where that one goes by another number now.
ALTER TABLE imaging_order ADD COLUMN said_patient_key INTEGER REFERENCES source_patient;
ALTER TABLE imaging_order ADD COLUMN move_key INTEGER REFERENCES visit_move;
-- What is of a visit or an account, and what follows a move.
CREATE INDEX imaging_order_by_visit ON imaging_order (visit_number, visit_issuer) WHERE visit_number <> '';
CREATE INDEX imaging_order_by_account ON imaging_order (account_number, account_issuer) WHERE account_number <> '';
CREATE INDEX imaging_order_moved ON imaging_order (move_key) WHERE move_key IS NOT NULL;
-- Orders that follow their patient.
CREATE INDEX imaging_order_of_patient ON imaging_order (patient_key);
CREATE INDEX imaging_order_said ON imaging_order (said_patient_key) WHERE said_patient_key IS NOT NULL;

-- The visits and accounts of a copy: its own AdmissionID, which may be either, else those of the orders of its patient that name it.
CREATE VIEW study_copy_visit AS
SELECT c.study_copy_key, 'visit' AS kind, c.admission_number AS number, c.admission_issuer AS issuer, 0 AS by_order
FROM study_copy c WHERE c.admission_number <> ''
UNION ALL SELECT c.study_copy_key, 'account' AS kind, c.admission_number AS number, c.admission_issuer AS issuer, 0 AS by_order
FROM study_copy c WHERE c.admission_number <> ''
UNION ALL SELECT c.study_copy_key, 'visit', n.visit_number, n.visit_issuer, 1 FROM imaging_order n JOIN study_copy c
ON c.accession_number = n.accession_number AND c.accession_issuer = n.accession_issuer AND (n.patient_key = c.patient_key OR coalesce(n.said_patient_key, n.patient_key) = coalesce(c.said_patient_key, c.patient_key))
WHERE n.visit_number <> '' AND n.accession_number <> '' AND c.accession_number <> '' AND c.admission_number = ''
UNION ALL SELECT c.study_copy_key, 'visit', n.visit_number, n.visit_issuer, 1 FROM imaging_order n JOIN study_copy c
ON c.accession_number = n.filler_number AND c.accession_issuer = n.filler_issuer AND (n.patient_key = c.patient_key OR coalesce(n.said_patient_key, n.patient_key) = coalesce(c.said_patient_key, c.patient_key))
WHERE n.visit_number <> '' AND n.filler_number <> '' AND c.accession_number <> '' AND c.admission_number = ''
UNION ALL SELECT c.study_copy_key, 'visit', n.visit_number, n.visit_issuer, 1 FROM imaging_order n JOIN study s
ON s.study_instance_uid = n.study_instance_uid JOIN study_copy c ON c.study_key = s.study_key AND (n.patient_key = c.patient_key OR coalesce(n.said_patient_key, n.patient_key) = coalesce(c.said_patient_key, c.patient_key))
WHERE n.visit_number <> '' AND n.study_instance_uid <> '' AND c.admission_number = ''
UNION ALL SELECT c.study_copy_key, 'account', n.account_number, n.account_issuer, 1 FROM imaging_order n JOIN study_copy c
ON c.accession_number = n.accession_number AND c.accession_issuer = n.accession_issuer AND (n.patient_key = c.patient_key OR coalesce(n.said_patient_key, n.patient_key) = coalesce(c.said_patient_key, c.patient_key))
WHERE n.account_number <> '' AND n.accession_number <> '' AND c.accession_number <> ''
UNION ALL SELECT c.study_copy_key, 'account', n.account_number, n.account_issuer, 1 FROM imaging_order n JOIN study_copy c
ON c.accession_number = n.filler_number AND c.accession_issuer = n.filler_issuer AND (n.patient_key = c.patient_key OR coalesce(n.said_patient_key, n.patient_key) = coalesce(c.said_patient_key, c.patient_key))
WHERE n.account_number <> '' AND n.filler_number <> '' AND c.accession_number <> ''
UNION ALL SELECT c.study_copy_key, 'account', n.account_number, n.account_issuer, 1 FROM imaging_order n JOIN study s
ON s.study_instance_uid = n.study_instance_uid JOIN study_copy c ON c.study_key = s.study_key AND (n.patient_key = c.patient_key OR coalesce(n.said_patient_key, n.patient_key) = coalesce(c.said_patient_key, c.patient_key))
WHERE n.account_number <> '' AND n.study_instance_uid <> ''
UNION ALL SELECT c.study_copy_key, 'account', n.account_number, n.account_issuer, 1 FROM imaging_order n JOIN study_copy c
ON c.admission_number = n.visit_number AND c.admission_issuer = n.visit_issuer AND (n.patient_key = c.patient_key OR coalesce(n.said_patient_key, n.patient_key) = coalesce(c.said_patient_key, c.patient_key))
WHERE n.account_number <> '' AND n.visit_number <> '' AND c.admission_number <> ''
UNION ALL SELECT c.study_copy_key, 'account', n.account_number, n.account_issuer, 1 FROM report n JOIN study_copy c
ON c.admission_number = n.visit_number AND c.admission_issuer = n.visit_issuer AND (n.patient_key = c.patient_key OR coalesce(n.said_patient_key, n.patient_key) = coalesce(c.said_patient_key, c.patient_key))
WHERE n.account_number <> '' AND n.visit_number <> '' AND c.admission_number <> '';

-- The same of a report.
CREATE VIEW report_visit AS
SELECT o.report_key, 'visit' AS kind, o.visit_number AS number, o.visit_issuer AS issuer, 0 AS by_order
FROM report o WHERE o.visit_number <> ''
UNION ALL SELECT o.report_key, 'account' AS kind, o.account_number AS number, o.account_issuer AS issuer, 0 AS by_order
FROM report o WHERE o.account_number <> ''
UNION ALL SELECT o.report_key, 'visit', n.visit_number, n.visit_issuer, 1 FROM imaging_order n JOIN report o
ON o.accession_number = n.accession_number AND o.accession_issuer = n.accession_issuer AND (n.patient_key = o.patient_key OR coalesce(n.said_patient_key, n.patient_key) = coalesce(o.said_patient_key, o.patient_key))
WHERE n.visit_number <> '' AND n.accession_number <> '' AND o.accession_number <> '' AND o.visit_number = ''
UNION ALL SELECT o.report_key, 'visit', n.visit_number, n.visit_issuer, 1 FROM imaging_order n JOIN report o
ON o.filler_number = n.filler_number AND o.filler_issuer = n.filler_issuer AND (n.patient_key = o.patient_key OR coalesce(n.said_patient_key, n.patient_key) = coalesce(o.said_patient_key, o.patient_key))
WHERE n.visit_number <> '' AND n.filler_number <> '' AND o.filler_number <> '' AND o.visit_number = ''
UNION ALL SELECT o.report_key, 'visit', n.visit_number, n.visit_issuer, 1 FROM imaging_order n JOIN report o
ON o.placer_number = n.placer_number AND o.placer_issuer = n.placer_issuer AND (n.patient_key = o.patient_key OR coalesce(n.said_patient_key, n.patient_key) = coalesce(o.said_patient_key, o.patient_key))
WHERE n.visit_number <> '' AND n.placer_number <> '' AND o.placer_number <> '' AND o.visit_number = ''
UNION ALL SELECT o.report_key, 'account', n.account_number, n.account_issuer, 1 FROM imaging_order n JOIN report o
ON o.accession_number = n.accession_number AND o.accession_issuer = n.accession_issuer AND (n.patient_key = o.patient_key OR coalesce(n.said_patient_key, n.patient_key) = coalesce(o.said_patient_key, o.patient_key))
WHERE n.account_number <> '' AND n.accession_number <> '' AND o.accession_number <> '' AND o.account_number = ''
UNION ALL SELECT o.report_key, 'account', n.account_number, n.account_issuer, 1 FROM imaging_order n JOIN report o
ON o.filler_number = n.filler_number AND o.filler_issuer = n.filler_issuer AND (n.patient_key = o.patient_key OR coalesce(n.said_patient_key, n.patient_key) = coalesce(o.said_patient_key, o.patient_key))
WHERE n.account_number <> '' AND n.filler_number <> '' AND o.filler_number <> '' AND o.account_number = ''
UNION ALL SELECT o.report_key, 'account', n.account_number, n.account_issuer, 1 FROM imaging_order n JOIN report o
ON o.placer_number = n.placer_number AND o.placer_issuer = n.placer_issuer AND (n.patient_key = o.patient_key OR coalesce(n.said_patient_key, n.patient_key) = coalesce(o.said_patient_key, o.patient_key))
WHERE n.account_number <> '' AND n.placer_number <> '' AND o.placer_number <> '' AND o.account_number = '';

-- The same of an order.
CREATE VIEW imaging_order_visit AS
SELECT n.order_key, 'visit' AS kind, n.visit_number AS number, n.visit_issuer AS issuer, 0 AS by_order
FROM imaging_order n WHERE n.visit_number <> ''
UNION ALL SELECT n.order_key, 'account', n.account_number, n.account_issuer, 0
FROM imaging_order n WHERE n.account_number <> '';
