-- One repository may hold a study's instances under several local numbers of one person: each is a copy of its own, and found by its
-- number.
DROP INDEX study_copy_of_study;
-- The copies of a study; one for each repository and source patient.
CREATE UNIQUE INDEX study_copy_of_study ON study_copy (study_key, repository_key, patient_key);
