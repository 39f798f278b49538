-- Examinations that are alike under two identifiers: whether they were found to show the same pixels, as of which change of each.
CREATE TABLE compared_study (
    study_key BIGINT NOT NULL REFERENCES study,
    origin_key BIGINT NOT NULL REFERENCES study,
    study_ms BIGINT NOT NULL,
    origin_ms BIGINT NOT NULL,
    is_same BIGINT NOT NULL,
    PRIMARY KEY (study_key, origin_key)
);
-- For a study that leaves.
CREATE INDEX compared_study_by_origin ON compared_study (origin_key);
