-- The bytes of small objects: they are committed with the entry that names them, by one sync for all that came in one moment.
CREATE TABLE small_object (
    small_object_key BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    object TEXT COLLATE "C" NOT NULL UNIQUE,
    bytes BYTEA NOT NULL
);
