//! Small objects, whose bytes are in the index itself.
//!
//! They become durable with the entry that names them, and leave by their name like any other object.

use crate::engine::{Link, Sql, in_transaction};
use crate::{InstanceIndexed, NewInstance, Outcome, Store, StoreError};

/// Rows of one statement.
const CHUNK: usize = 100;

impl Store {
    /// The bytes of a small object; `None` when there is none of this name.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn small_object(&self, object: &str) -> Result<Option<Vec<u8>>, StoreError> {
        let sql = Sql::new("SELECT bytes FROM small_object WHERE object = $1").arg(object);
        self.read().await?.row(sql).await?.map(|row| row.bytes(0)).transpose()
    }

    /// How many small objects there are.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn small_objects(&self) -> Result<u64, StoreError> {
        let count = self.read().await?.number(Sql::new("SELECT count(*) FROM small_object")).await?;
        Ok(count.cast_unsigned())
    }

    /// Removes small objects; those that are gone already are no error.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn remove_small_objects(&self, objects: &[&str]) -> Result<(), StoreError> {
        in_transaction!(self.pools(), |link| async {
            for chunk in objects.chunks(CHUNK) {
                let mut sql = Sql::new("DELETE FROM small_object WHERE object IN (");
                sql.list(chunk.iter().copied()).push(")");
                link.run(sql).await?;
            }
            Ok(())
        })
    }
}

/// Keeps the bytes of those of a batch whose object is referred to from now on.
pub(crate) async fn keep(
    link: &mut Link,
    batch: &[NewInstance],
    indexed: &[InstanceIndexed],
) -> Result<(), StoreError> {
    let kept: Vec<(&str, &[u8])> = batch
        .iter()
        .zip(indexed)
        .filter(|(new, indexed)| is_kept(new, indexed))
        .filter_map(|(new, _)| Some((new.entry.object.as_deref()?, new.small.as_deref()?)))
        .collect();
    for chunk in kept.chunks(CHUNK) {
        let mut sql = Sql::new("INSERT INTO small_object (object, bytes) VALUES ");
        for (i, (object, bytes)) in chunk.iter().enumerate() {
            sql.tuple(i == 0, [(*object).into(), bytes.to_vec().into()]);
        }
        link.later(sql).await?;
    }
    Ok(())
}

/// Whether the index refers to the object of an instance that came: not when the same bytes are there under another name.
fn is_kept(new: &NewInstance, indexed: &InstanceIndexed) -> bool {
    indexed.outcome != Outcome::Repeat && indexed.superseded_object != new.entry.object
}
