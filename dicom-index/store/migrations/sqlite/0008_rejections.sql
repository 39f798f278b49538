-- Instances that were rejected (IHE RAD IOCM): what was told of them, and what was kept.

CREATE TABLE rejection (
    study_instance_uid TEXT NOT NULL,
    series_instance_uid TEXT NOT NULL,
    sop_instance_uid TEXT NOT NULL,
    repository_key INTEGER NOT NULL REFERENCES repository,
    -- Code value of the note's document title, DCM.
    reason TEXT NOT NULL,
    note_uid TEXT NOT NULL,
    -- Whether who sent the note has had a copy of the study: then it holds for every copy of the instance.
    applied INTEGER NOT NULL DEFAULT 0,
    -- How many instances of the series the sender of the note declared before.
    declared INTEGER,
    at_ms INTEGER NOT NULL,
    PRIMARY KEY (sop_instance_uid, study_instance_uid, repository_key)
) STRICT, WITHOUT ROWID;
-- What a study, or a series, is without.
CREATE INDEX rejection_of_series ON rejection (study_instance_uid, series_instance_uid);

-- Key object selections that say something of other objects: rejection notes and manifests. They are kept, and are no instances of a study.
CREATE TABLE key_object (
    sop_instance_uid TEXT NOT NULL,
    purpose TEXT NOT NULL,
    repository_key INTEGER NOT NULL REFERENCES repository,
    object TEXT,
    at_ms INTEGER NOT NULL,
    PRIMARY KEY (sop_instance_uid, repository_key)
) STRICT, WITHOUT ROWID;

-- Instances that are held and given to nobody.
CREATE TABLE rejected_instance (
    sop_instance_uid TEXT NOT NULL,
    study_instance_uid TEXT NOT NULL,
    repository_key INTEGER NOT NULL REFERENCES repository,
    sha256 TEXT NOT NULL,
    object TEXT,
    at_ms INTEGER NOT NULL
) STRICT;
-- Whether these bytes are kept already.
CREATE INDEX rejected_instance_by_uid ON rejected_instance (sop_instance_uid);
