-- Requests that a series answers: all items of RequestAttributesSequence, as the copies of the series say them.

CREATE TABLE series_request (
    series_key INTEGER NOT NULL REFERENCES series,
    scheduled_procedure_step_id TEXT NOT NULL,
    requested_procedure_id TEXT NOT NULL,
    PRIMARY KEY (series_key, scheduled_procedure_step_id, requested_procedure_id)
) STRICT, WITHOUT ROWID;

-- Search by either of them, or both of one item.
CREATE INDEX series_request_by_step ON series_request (scheduled_procedure_step_id, requested_procedure_id, series_key);
CREATE INDEX series_request_by_procedure ON series_request (requested_procedure_id, scheduled_procedure_step_id, series_key);

-- What was known until now: the first items.
INSERT INTO series_request (series_key, scheduled_procedure_step_id, requested_procedure_id)
    SELECT series_key, scheduled_procedure_step_id, requested_procedure_id FROM series
    WHERE scheduled_procedure_step_id <> '' OR requested_procedure_id <> '';
