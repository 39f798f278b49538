-- Synchronisation that operators rely on, over several nodes on one database.
-- Who does a job that one node alone does, until when by the database's own clock. A holder that dies renews no more, and another takes over.
CREATE TABLE lease (
    name TEXT PRIMARY KEY,
    holder TEXT NOT NULL,
    until_ms INTEGER NOT NULL
) STRICT;

-- Rises with every holder, pause, back-fill and definition: what an older epoch has to say of its place is not kept.
ALTER TABLE repository ADD COLUMN epoch INTEGER NOT NULL DEFAULT 0;
-- Taken out by an administrator; the row stays for what was pushed to us under it, which is kept.
ALTER TABLE repository ADD COLUMN retired_ms INTEGER;
-- Since when it does not answer, for the nodes that do not ask it themselves.
ALTER TABLE repository ADD COLUMN down_since_ms INTEGER;
-- When this stretch of the back-fill began, and with how many studies: its pace.
ALTER TABLE repository ADD COLUMN stretch_ms INTEGER;
ALTER TABLE repository ADD COLUMN stretch_from INTEGER NOT NULL DEFAULT 0;
-- A comparison that somebody asked for, whether it may mark much as gone, and when the last one was made.
ALTER TABLE repository ADD COLUMN reconcile_asked_ms INTEGER;
ALTER TABLE repository ADD COLUMN reconcile_accept INTEGER NOT NULL DEFAULT 0;
ALTER TABLE repository ADD COLUMN reconciled_ms INTEGER;

-- Since when the repository says that it no longer holds this copy.
ALTER TABLE study_copy ADD COLUMN removed_ms INTEGER;
-- The copies of one repository: comparing them, and taking them out.
CREATE INDEX study_copy_of_repository ON study_copy (repository_key, study_copy_key);

-- What a comparison with a repository's own list found.
CREATE TABLE drift_report (
    report_key INTEGER PRIMARY KEY AUTOINCREMENT,
    repository_key INTEGER NOT NULL REFERENCES repository,
    started_ms INTEGER NOT NULL,
    ended_ms INTEGER NOT NULL,
    outcome TEXT NOT NULL,
    compared INTEGER NOT NULL,
    not_here INTEGER NOT NULL,
    not_there INTEGER NOT NULL,
    differing INTEGER NOT NULL,
    words TEXT
) STRICT;
-- The reports of a repository, latest first.
CREATE INDEX drift_report_of_repository ON drift_report (repository_key, report_key);

-- Its studies, the first ten thousand.
CREATE TABLE drift (
    report_key INTEGER NOT NULL REFERENCES drift_report,
    position INTEGER NOT NULL,
    kind TEXT NOT NULL,
    study_instance_uid TEXT NOT NULL,
    instances_here INTEGER,
    instances_there INTEGER,
    PRIMARY KEY (report_key, position)
) STRICT;
