-- BodyPartExamined is a code, which is compared character by character (PS3.4 C.2.2.2.1): the column has it as it is written, not folded.

-- A record with an escaped NUL, which this engine can't read as JSON, keeps what it has.
UPDATE series SET body_part_examined = coalesce(btrim(record::json ->> 'body_part_examined'), '')
    WHERE body_part_examined <> '' AND strpos(record, '\u0000') = 0;
