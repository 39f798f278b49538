//! Forms that are being made at this moment. Who needs one waits for it: whoever makes it has a core already, and is ahead of anybody who
//! would begin now. One that still waits for its turn is not here, and is overtaken by who makes it for himself.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use tokio::sync::watch;

/// By object: where its form will be told.
#[derive(Debug, Default)]
pub(crate) struct InHand(Mutex<HashMap<String, watch::Receiver<Option<Bytes>>>>);

/// A form that is being made; when it is dropped, nobody waits for it any more.
#[derive(Debug)]
pub(crate) struct Making<'a> {
    of: &'a InHand,
    object: &'a str,
    told: watch::Sender<Option<Bytes>>,
}

impl InHand {
    fn making(&self) -> MutexGuard<'_, HashMap<String, watch::Receiver<Option<Bytes>>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The form of an object is begun.
    pub(crate) fn begin<'a>(&'a self, object: &'a str) -> Making<'a> {
        let (told, receiver) = watch::channel(None);
        self.making().insert(object.to_owned(), receiver);
        Making { of: self, object, told }
    }

    /// Whether the form of an object is being made.
    pub(crate) fn holds(&self, object: &str) -> bool {
        self.making().contains_key(object)
    }

    /// The form of an object, once it is made; `None` where none is being made, or it came to nothing.
    pub(crate) async fn wait(&self, object: &str) -> Option<Bytes> {
        let mut receiver = self.making().get(object).cloned()?;
        let told = receiver.wait_for(Option::is_some).await.ok()?;
        told.clone()
    }
}

impl Making<'_> {
    /// It is made.
    pub(crate) fn done(&self, form: &Bytes) {
        self.told.send_replace(Some(form.clone()));
    }
}

impl Drop for Making<'_> {
    fn drop(&mut self) {
        self.of.making().remove(self.object);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn who_waits_gets_the_form_that_is_being_made_or_learns_that_there_is_none() {
        let in_hand = InHand::default();
        assert_eq!(in_hand.wait("a").await, None, "nobody makes it");
        let making = in_hand.begin("a");
        assert!(in_hand.holds("a") && !in_hand.holds("b"));
        let form = Bytes::from_static(b"form");
        let (first, second, ()) = tokio::join!(in_hand.wait("a"), in_hand.wait("a"), async { making.done(&form) });
        assert_eq!((first, second), (Some(form.clone()), Some(form)));
        drop(making);
        assert_eq!(in_hand.wait("a").await, None, "from now on it is in object storage");
        let failing = in_hand.begin("a");
        let (none, ()) = tokio::join!(in_hand.wait("a"), async { drop(failing) });
        assert_eq!(none, None, "it came to nothing, and who waited makes it");
    }
}
