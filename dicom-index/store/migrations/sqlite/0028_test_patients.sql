-- Studies of test patients: they are kept, and no search over all patients shows them. Whose number or issuer says that it is of a test is in
-- `index::test_patients`; what is here already is told by the same rule.
CREATE TABLE test_study (
    study_key INTEGER PRIMARY KEY REFERENCES study
) STRICT;

-- An operator's word that a number is somebody's, whatever it looks like.
CREATE TABLE test_ruling (
    patient_key INTEGER PRIMARY KEY REFERENCES source_patient,
    reason TEXT NOT NULL,
    ruled_by TEXT NOT NULL,
    at_ms INTEGER NOT NULL
) STRICT;

INSERT INTO test_study (study_key)
SELECT s.study_key FROM study s JOIN source_patient p ON p.patient_key = s.patient_key
WHERE upper(trim(p.patient_id)) IN ('TEST', 'ZZTEST', 'ESSAI', 'ZZESSAI')
OR upper(trim(p.patient_id)) GLOB 'TEST[^A-Z]*' OR upper(trim(p.patient_id)) GLOB 'ZZTEST[^A-Z]*'
OR upper(trim(p.patient_id)) GLOB 'ESSAI[^A-Z]*' OR upper(trim(p.patient_id)) GLOB 'ZZESSAI[^A-Z]*'
OR ' ' || replace(replace(replace(upper(p.issuer), '-', ' '), '_', ' '), '.', ' ') || ' ' LIKE '% TEST %';
