-- An operator's word goes both ways: that a number is somebody's, or a test's, whatever it looks like.
ALTER TABLE test_ruling ADD COLUMN is_test BIGINT NOT NULL DEFAULT 0;
