-- Messages that a repository sent under a control id of another message: refused, and listed until somebody has looked. One row for each repository.
CREATE TABLE reused_control_id (
    repository_key INTEGER NOT NULL PRIMARY KEY REFERENCES repository,
    -- Of the latest.
    message_control_id TEXT NOT NULL,
    message_sha256 TEXT NOT NULL,
    -- How many, a repeat of the latest not counted again.
    messages INTEGER NOT NULL,
    first_ms INTEGER NOT NULL
) STRICT;
