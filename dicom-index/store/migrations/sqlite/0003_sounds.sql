-- The sounds of the patient's name (P) and of the referring physician's (R): fuzzy matching of names.
CREATE TABLE study_sound (
    whose TEXT NOT NULL,
    sound TEXT NOT NULL,
    study_key INTEGER NOT NULL REFERENCES study,
    PRIMARY KEY (whose, sound, study_key)
) STRICT, WITHOUT ROWID;

-- The sounds of a study, when it gets other names or goes.
CREATE INDEX study_sound_of_study ON study_sound (study_key);

-- Sounds are written by the program, which finds here up to which study they are missing.
INSERT INTO tally (name, value) SELECT 'studies before sounds', max(study_key) FROM study HAVING count(*) > 0;
