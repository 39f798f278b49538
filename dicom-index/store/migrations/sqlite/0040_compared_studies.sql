-- Examinations that are alike under two identifiers: whether they were found to show the same pixels, as of which change of each.
CREATE TABLE compared_study (
    study_key INTEGER NOT NULL REFERENCES study,
    origin_key INTEGER NOT NULL REFERENCES study,
    study_ms INTEGER NOT NULL,
    origin_ms INTEGER NOT NULL,
    is_same INTEGER NOT NULL,
    PRIMARY KEY (study_key, origin_key)
) STRICT, WITHOUT ROWID;
-- For a study that leaves.
CREATE INDEX compared_study_by_origin ON compared_study (origin_key);
