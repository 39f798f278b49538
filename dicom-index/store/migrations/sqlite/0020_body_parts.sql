-- BodyPartExamined is a code, which is compared character by character (PS3.4 C.2.2.2.1): the column has it as it is written, not folded.

UPDATE series SET body_part_examined = coalesce(trim(json_extract(record, '$.body_part_examined')), '') WHERE body_part_examined <> '';
