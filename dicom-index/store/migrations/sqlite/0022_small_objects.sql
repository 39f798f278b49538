-- The bytes of small objects: they are committed with the entry that names them, by one sync for all that came in one moment.
CREATE TABLE small_object (
    small_object_key INTEGER PRIMARY KEY,
    object TEXT NOT NULL UNIQUE,
    bytes BLOB NOT NULL
) STRICT;
