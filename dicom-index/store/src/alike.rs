//! Examinations that are alike under two identifiers, and whether they were found to show the same pixels: what was compared once is known at
//! every look, on every node, until one of the two changes.

use std::collections::HashMap;

use crate::engine::{Sql, in_transaction};
use crate::{Store, StoreError};

/// Studies of one statement.
const CHUNK: usize = 400;

/// Two studies that were compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Compared {
    /// Our keys: of the study, and of the one that may be its origin.
    pub studies: (i64, i64),
    /// As of which change of each, Unix milliseconds.
    pub as_of_ms: (i64, i64),
    /// Whether every image of one is an image of the other, sample for sample.
    pub is_same: bool,
}

impl Store {
    /// What these studies were compared with, by both keys.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn compared_studies(&self, studies: &[i64]) -> Result<HashMap<(i64, i64), Compared>, StoreError> {
        let mut link = self.read().await?;
        let mut known = HashMap::new();
        for chunk in studies.chunks(CHUNK) {
            let mut sql = Sql::new(
                "SELECT study_key, origin_key, study_ms, origin_ms, is_same FROM compared_study WHERE study_key IN (",
            );
            sql.list(chunk.iter().copied()).push(")");
            for row in link.rows(sql).await? {
                let studies = (row.int(0)?, row.int(1)?);
                let as_of_ms = (row.int(2)?, row.int(3)?);
                known.insert(studies, Compared { studies, as_of_ms, is_same: row.flag(4)? });
            }
        }
        Ok(known)
    }

    /// Keeps what two studies are to each other; of one that has left meanwhile nothing is kept.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn note_compared(&self, compared: &Compared) -> Result<(), StoreError> {
        let Compared { studies: (study_key, origin_key), as_of_ms: (study_ms, origin_ms), is_same } = *compared;
        in_transaction!(self.pools(), |link| async {
            let sql = Sql::new(
                "INSERT INTO compared_study (study_key, origin_key, study_ms, origin_ms, is_same) \
                 SELECT s.study_key, o.study_key, s.updated_ms, o.updated_ms, CAST($1 AS BIGINT) FROM study s JOIN study o ON o.study_key = $2 \
                 WHERE s.study_key = $3 AND s.updated_ms = $4 AND o.updated_ms = $5 \
                 ON CONFLICT (study_key, origin_key) DO UPDATE SET study_ms = excluded.study_ms, \
                 origin_ms = excluded.origin_ms, is_same = excluded.is_same",
            );
            let sql = sql.arg(i64::from(is_same)).arg(origin_key).arg(study_key).arg(study_ms).arg(origin_ms);
            link.run(sql).await.map(drop)
        })
    }
}
