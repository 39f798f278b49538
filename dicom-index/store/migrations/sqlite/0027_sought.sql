-- Reports that lie in objects which were held before such objects were taken in as reports: how many instances of a series have been
-- looked through for them.
ALTER TABLE series ADD COLUMN sought INTEGER NOT NULL DEFAULT 0;
-- Series to look through.
CREATE INDEX series_to_seek ON series (series_key) WHERE held > sought AND modality IN ('', 'DOC', 'OT', 'SR');
