-- Names are heard without their marks and gaps too (OBRIEN, O'Brien): the sounds of studies that are here are written anew.
DELETE FROM tally WHERE name = 'studies before sounds';
INSERT INTO tally (name, value) SELECT 'studies before sounds', max(study_key) FROM study HAVING count(*) > 0;
