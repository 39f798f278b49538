-- Studies of test patients: they are kept, and no search over all patients shows them. Whose number or issuer says that it is of a test is in
-- `index::test_patients`; what is here already is told by the same rule.
CREATE TABLE test_study (
    study_key BIGINT PRIMARY KEY REFERENCES study
);

-- An operator's word that a number is somebody's, whatever it looks like.
CREATE TABLE test_ruling (
    patient_key BIGINT PRIMARY KEY REFERENCES source_patient,
    reason TEXT COLLATE "C" NOT NULL,
    ruled_by TEXT COLLATE "C" NOT NULL,
    at_ms BIGINT NOT NULL
);

INSERT INTO test_study (study_key)
SELECT s.study_key FROM study s JOIN source_patient p ON p.patient_key = s.patient_key
WHERE upper(trim(p.patient_id)) ~ '^(ZZ)?(TEST|ESSAI)([^A-Z]|$)'
OR ' ' || translate(upper(p.issuer), '-_.', '   ') || ' ' LIKE '% TEST %';
