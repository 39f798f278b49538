-- Of whom a rejection note is that came before a study that it names: held against the study's patient when that comes.
ALTER TABLE key_object ADD COLUMN patient TEXT;
