-- Series of documents that are known and not held: how many instances they had when they were brought here to be taken in as reports, and when
-- that was tried last.
ALTER TABLE series ADD COLUMN documents INTEGER NOT NULL DEFAULT 0;
ALTER TABLE series ADD COLUMN documents_ms INTEGER NOT NULL DEFAULT 0;
-- Series to bring here.
CREATE INDEX series_of_documents ON series (documents_ms)
    WHERE modality IN ('DOC', 'SR') AND held < number_of_instances AND documents < number_of_instances;
