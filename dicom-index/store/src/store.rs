//! The handle that everybody holds.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use index_model::RepositoryCode;

use crate::engine::{Link, Pools, Sql};
use crate::index::sounds;
use crate::{Engine, StoreError};

/// The registry's database. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Store {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    pools: Pools,
    /// Keys of repositories, which are never deleted and never change theirs.
    repository_keys: RwLock<HashMap<RepositoryCode, i64>>,
}

impl Store {
    /// Opens `sqlite:///path/registry.sqlite` or `postgres://user@host/database` and brings its schema up to date.
    ///
    /// # Errors
    /// [`StoreError::Address`] when the address is neither; [`StoreError::Unavailable`] when nobody answers;
    /// [`StoreError::Conflict`] when a newer version made the database.
    pub async fn open(url: &str) -> Result<Self, StoreError> {
        let pools = Pools::open(url).await?;
        sounds::fill(&pools).await?;
        tracing::info!(engine = ?pools.engine(), "registry opened");
        Ok(Self { inner: Arc::new(Inner { pools, repository_keys: RwLock::default() }) })
    }

    /// Waits for running statements and closes all connections; what comes later is refused.
    pub async fn close(&self) {
        self.inner.pools.close().await;
    }

    /// Which database is underneath.
    pub fn engine(&self) -> Engine {
        self.inner.pools.engine()
    }

    pub(crate) fn pools(&self) -> &Pools {
        &self.inner.pools
    }

    pub(crate) async fn read(&self) -> Result<Link, StoreError> {
        self.inner.pools.read().await
    }

    /// The key of a repository.
    pub(crate) async fn repository_key(&self, code: &RepositoryCode) -> Result<i64, StoreError> {
        let known = self.inner.repository_keys.read().unwrap_or_else(PoisonError::into_inner).get(code).copied();
        if let Some(key) = known {
            return Ok(key);
        }
        let sql = Sql::new("SELECT repository_key FROM repository WHERE code = $1").arg(code.as_str());
        let row = self.read().await?.row(sql).await?.ok_or(StoreError::Unknown { what: "repository" })?;
        let key = row.int(0)?;
        self.inner.repository_keys.write().unwrap_or_else(PoisonError::into_inner).insert(code.clone(), key);
        Ok(key)
    }
}
