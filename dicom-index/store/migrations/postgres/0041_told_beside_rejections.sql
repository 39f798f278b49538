-- What a repository told of a study of which instances are rejected: its index has less, and is asked for nothing while both are as they were.
CREATE TABLE told_beside_rejections (
    study_instance_uid TEXT NOT NULL,
    repository_key BIGINT NOT NULL REFERENCES repository,
    series BIGINT NOT NULL,
    instances BIGINT NOT NULL,
    -- The rejections at that time, and the newest of them.
    rejected BIGINT NOT NULL,
    newest_ms BIGINT NOT NULL,
    -- Whether nothing was left of the study.
    is_gone BIGINT NOT NULL,
    PRIMARY KEY (study_instance_uid, repository_key)
);
