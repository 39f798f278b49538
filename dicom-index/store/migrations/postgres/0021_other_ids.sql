-- Identifiers of patients beside PatientID, as the objects of a copy of a study say them (OtherPatientIDsSequence).

CREATE TABLE copy_other_id (
    study_copy_key BIGINT NOT NULL REFERENCES study_copy,
    patient_id TEXT COLLATE "C" NOT NULL,
    issuer TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (study_copy_key, patient_id, issuer)
);

-- Search by OtherPatientIDsSequence, with or without the issuer.
CREATE INDEX copy_other_id_by_id ON copy_other_id (patient_id, issuer, study_copy_key);

-- What the records of copies have already; an empty record is the study's. One with an escaped NUL, which this engine can't read as JSON, is
-- passed over.
INSERT INTO copy_other_id (study_copy_key, patient_id, issuer)
    SELECT DISTINCT r.study_copy_key, btrim(o.value ->> 'value'), o.value ->> 'issuer'
    FROM (
        SELECT c.study_copy_key, CASE WHEN c.record = '' THEN s.record ELSE c.record END AS record
        FROM study_copy c JOIN study s ON s.study_key = c.study_key
    ) r CROSS JOIN LATERAL json_array_elements(
        CASE WHEN strpos(r.record, '\u0000') = 0 THEN r.record::json #> '{patient,other_patient_ids}' ELSE '[]'::json END
    ) o
    WHERE btrim(o.value ->> 'value') <> '';

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
WHERE strpos(patient_name, 'ς') > 0
    OR strpos(patient_name, 'ı') > 0
    OR strpos(patient_name_ideographic, 'ς') > 0
    OR strpos(patient_name_ideographic, 'ı') > 0
    OR strpos(patient_name_phonetic, 'ς') > 0
    OR strpos(patient_name_phonetic, 'ı') > 0
    OR strpos(patient_words, 'ς') > 0
    OR strpos(patient_words, 'ı') > 0
    OR strpos(referring_name, 'ς') > 0
    OR strpos(referring_name, 'ı') > 0
    OR strpos(referring_words, 'ς') > 0
    OR strpos(referring_words, 'ı') > 0
    OR strpos(study_description, 'ς') > 0
    OR strpos(study_description, 'ı') > 0
    OR strpos(institution_name, 'ς') > 0
    OR strpos(institution_name, 'ı') > 0;
UPDATE series SET
    series_description = replace(replace(series_description, 'ς', 'σ'), 'ı', 'i')
WHERE strpos(series_description, 'ς') > 0
    OR strpos(series_description, 'ı') > 0;
