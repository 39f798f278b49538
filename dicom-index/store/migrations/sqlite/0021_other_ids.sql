-- Identifiers of patients beside PatientID, as the objects of a copy of a study say them (OtherPatientIDsSequence).

CREATE TABLE copy_other_id (
    study_copy_key INTEGER NOT NULL REFERENCES study_copy,
    patient_id TEXT NOT NULL,
    issuer TEXT NOT NULL,
    PRIMARY KEY (study_copy_key, patient_id, issuer)
) STRICT, WITHOUT ROWID;

-- Search by OtherPatientIDsSequence, with or without the issuer.
CREATE INDEX copy_other_id_by_id ON copy_other_id (patient_id, issuer, study_copy_key);

-- What the records of copies have already; an empty record is the study's.
INSERT OR IGNORE INTO copy_other_id (study_copy_key, patient_id, issuer)
    SELECT c.study_copy_key, trim(json_extract(o.value, '$.value')), json_extract(o.value, '$.issuer')
    FROM study_copy c JOIN study s ON s.study_key = c.study_key,
        json_each(CASE WHEN c.record = '' THEN s.record ELSE c.record END, '$.patient.other_patient_ids') o
    WHERE trim(json_extract(o.value, '$.value')) <> '';

-- Letters that have two small forms are folded into one: the final sigma, and the dotless i.
UPDATE study SET
    patient_name = replace(replace(patient_name, 'ς', 'σ'), 'ı', 'i'),
    patient_name_ideographic = replace(replace(patient_name_ideographic, 'ς', 'σ'), 'ı', 'i'),
    patient_name_phonetic = replace(replace(patient_name_phonetic, 'ς', 'σ'), 'ı', 'i'),
    patient_words = replace(replace(patient_words, 'ς', 'σ'), 'ı', 'i'),
    referring_name = replace(replace(referring_name, 'ς', 'σ'), 'ı', 'i'),
    referring_words = replace(replace(referring_words, 'ς', 'σ'), 'ı', 'i'),
    study_description = replace(replace(study_description, 'ς', 'σ'), 'ı', 'i'),
    institution_name = replace(replace(institution_name, 'ς', 'σ'), 'ı', 'i')
WHERE instr(patient_name, 'ς') > 0
    OR instr(patient_name, 'ı') > 0
    OR instr(patient_name_ideographic, 'ς') > 0
    OR instr(patient_name_ideographic, 'ı') > 0
    OR instr(patient_name_phonetic, 'ς') > 0
    OR instr(patient_name_phonetic, 'ı') > 0
    OR instr(patient_words, 'ς') > 0
    OR instr(patient_words, 'ı') > 0
    OR instr(referring_name, 'ς') > 0
    OR instr(referring_name, 'ı') > 0
    OR instr(referring_words, 'ς') > 0
    OR instr(referring_words, 'ı') > 0
    OR instr(study_description, 'ς') > 0
    OR instr(study_description, 'ı') > 0
    OR instr(institution_name, 'ς') > 0
    OR instr(institution_name, 'ı') > 0;
UPDATE series SET
    series_description = replace(replace(series_description, 'ς', 'σ'), 'ı', 'i')
WHERE instr(series_description, 'ς') > 0
    OR instr(series_description, 'ı') > 0;
