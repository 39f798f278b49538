//! A repository may stop its lists at a number of its own, and its adapter says so after what came. What came is true and is used; that some
//! is missing is told beside it.

use std::sync::{Arc, Mutex, PoisonError};

use adapter_api::SourceError;
use futures::stream::BoxStream;
use futures::{Stream, StreamExt};

/// The word that a list was cut off, if it was.
#[derive(Debug, Clone, Default)]
pub(super) struct CutOff(Arc<Mutex<Option<String>>>);

impl CutOff {
    /// The list without that word.
    pub(super) fn apart<'a, T: Send + 'a>(
        &self,
        list: BoxStream<'a, Result<T, SourceError>>,
    ) -> impl Stream<Item = Result<T, SourceError>> + Send + use<'a, T> {
        let heard = self.clone();
        list.filter_map(move |next| {
            std::future::ready(match next {
                Err(error @ SourceError::Incomplete { .. }) => {
                    *heard.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(error.to_string());
                    None
                }
                next => Some(next),
            })
        })
    }

    /// In words, when it was.
    pub(super) fn words(&self) -> Option<String> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}
