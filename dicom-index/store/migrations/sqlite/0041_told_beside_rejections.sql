-- What a repository told of a study of which instances are rejected: its index has less, and is asked for nothing while both are as they were.
CREATE TABLE told_beside_rejections (
    study_instance_uid TEXT NOT NULL,
    repository_key INTEGER NOT NULL REFERENCES repository,
    series INTEGER NOT NULL,
    instances INTEGER NOT NULL,
    -- The rejections at that time, and the newest of them.
    rejected INTEGER NOT NULL,
    newest_ms INTEGER NOT NULL,
    -- Whether nothing was left of the study.
    is_gone INTEGER NOT NULL,
    PRIMARY KEY (study_instance_uid, repository_key)
) STRICT, WITHOUT ROWID;
