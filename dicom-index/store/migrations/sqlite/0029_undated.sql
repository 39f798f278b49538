-- Studies without a StudyDate, under the best known day: of their series and objects, else of their report, else of their arrival. Lists sort
-- by it; StudyDate itself stays absent. Days of arrival and of reports are Ontario's, five hours behind UTC.
CREATE TABLE undated_study (
    study_key INTEGER PRIMARY KEY REFERENCES study,
    listed_date TEXT NOT NULL,
    -- As in `study`: the order is read from the index alone.
    study_time TEXT NOT NULL,
    study_instance_uid TEXT NOT NULL,
    basis TEXT NOT NULL
) STRICT;
-- Their order among the others.
CREATE INDEX undated_study_by_date ON undated_study (listed_date DESC, study_time DESC, study_instance_uid, study_key);

INSERT INTO undated_study (study_key, study_time, study_instance_uid, listed_date, basis)
SELECT s.study_key, s.study_time, s.study_instance_uid, strftime('%Y%m%d', s.created_ms / 1000 - 18000, 'unixepoch'), 'received' FROM study s WHERE s.study_date = '';
UPDATE undated_study SET basis = 'report', listed_date = o.day FROM (
    SELECT l.study_key, strftime('%Y%m%d', min(json_extract(r.record, '$.observed_ms')) / 1000 - 18000, 'unixepoch') AS day
    FROM report_link l JOIN report r ON r.report_key = l.report_key
    WHERE json_extract(r.record, '$.observed_ms') IS NOT NULL GROUP BY l.study_key
) o WHERE o.study_key = undated_study.study_key;
