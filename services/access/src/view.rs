//! One line for each study view instead of one for each frame, and for each sender instead of one for each object: a permit to look or to
//! send is good for a short while and counts what went out, or came in.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use crate::{Action, Caller, Shown, Subject};

/// For how long one permit to look serves the requests of the same caller on the same subject.
pub(crate) const VIEW_MS: i64 = 5 * 60 * 1000;

/// More open views than this are concluded early, oldest first, so that memory stays bounded.
const MOST_VIEWS: usize = 20_000;

/// What went out under one permit.
#[derive(Debug)]
pub(crate) struct View {
    pub(crate) began_ms: i64,
    items: AtomicU64,
    bytes: AtomicU64,
}

impl View {
    pub(crate) fn new(began_ms: i64) -> Self {
        Self { began_ms, items: AtomicU64::new(0), bytes: AtomicU64::new(0) }
    }

    pub(crate) fn count(&self, items: u64, bytes: u64) {
        self.items.fetch_add(items, Ordering::Relaxed);
        self.bytes.fetch_add(bytes, Ordering::Relaxed);
    }

    pub(crate) fn counted(&self) -> (u64, u64) {
        (self.items.load(Ordering::Relaxed), self.bytes.load(Ordering::Relaxed))
    }
}

/// Who looks at what.
pub(crate) type ViewKey = (Caller, Action, Subject, Shown);

/// A view that has ended, to be written down.
pub(crate) type Concluded = (ViewKey, Arc<View>);

/// The views that are open now.
#[derive(Debug, Default)]
pub(crate) struct Views(Mutex<HashMap<ViewKey, Arc<View>>>);

impl Views {
    /// The open view of `key`, if it is still good at `now_ms`.
    pub(crate) fn open(&self, key: &ViewKey, now_ms: i64) -> Option<Arc<View>> {
        let views = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        views.get(key).filter(|view| now_ms - view.began_ms < VIEW_MS).cloned()
    }

    /// Opens a view whose audit line has been written; gives those that it replaces or pushes out.
    pub(crate) fn begin(&self, key: ViewKey, view: Arc<View>) -> Vec<Concluded> {
        let mut views = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut ended: Vec<Concluded> = views.remove_entry(&key).into_iter().collect();
        if views.len() >= MOST_VIEWS
            && let Some(oldest) = views.iter().min_by_key(|(_, view)| view.began_ms).map(|(key, _)| key.clone())
        {
            ended.extend(views.remove_entry(&oldest));
        }
        views.insert(key, view);
        ended
    }

    /// Takes out the views that began before `before_ms`.
    pub(crate) fn conclude(&self, before_ms: i64) -> Vec<Concluded> {
        let mut views = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let over: Vec<ViewKey> =
            views.iter().filter(|(_, view)| view.began_ms < before_ms).map(|(key, _)| key.clone()).collect();
        over.into_iter().filter_map(|key| views.remove_entry(&key)).collect()
    }
}
