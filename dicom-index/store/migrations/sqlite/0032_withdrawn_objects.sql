-- Objects of reports that were withdrawn and are so no longer: since when their bytes wait to be indexed anew.
ALTER TABLE rejected_instance ADD COLUMN returning_ms INTEGER;
-- What waits.
CREATE INDEX rejected_instance_returning ON rejected_instance (returning_ms) WHERE returning_ms IS NOT NULL;
