-- Whether a rejection note of somebody else named the study: it is looked at though nothing of the study is left.
ALTER TABLE doubted_study ADD COLUMN by_note BIGINT NOT NULL DEFAULT 0;
