//! HTJ2K forms of large images in object storage: a cache bounded in bytes, from which the least recently used go first.
//!
//! A form is named after the object that it was made of. Names of objects are never reused, so that what replaced an instance never shows
//! the form of what it replaced; and whoever deletes the folder loses nothing but time. What is there is listed at the start and looked at
//! again now and then, for other processes keep forms in the same place.

use std::collections::{BTreeMap, HashMap};
use std::ops::Range;
use std::sync::{Mutex, MutexGuard, PoisonError};

use adapter_api::Object;
use bytes::Bytes;

use crate::objects::Objects;

/// Where forms are. The number changes with what the encoder makes of the same samples: bytes of one tag are always the same.
const FOLDER: &str = "derived";
const FORM: &str = "derived/1";

/// Forms in object storage.
#[derive(Debug)]
pub(crate) struct Derived {
    objects: Objects,
    most_bytes: u64,
    known: Mutex<Known>,
}

/// What is there, and in which order it was used.
#[derive(Debug, Default)]
struct Known {
    /// Size in bytes, and the turn of the last use.
    forms: HashMap<String, (u64, u64)>,
    turns: BTreeMap<u64, String>,
    bytes: u64,
    turn: u64,
}

impl Known {
    fn add(&mut self, name: &str, size_bytes: u64) {
        self.remove(name);
        self.turn += 1;
        self.bytes += size_bytes;
        self.forms.insert(name.to_owned(), (size_bytes, self.turn));
        self.turns.insert(self.turn, name.to_owned());
    }

    /// The size of a form, which is now the last one used.
    fn touch(&mut self, name: &str) -> Option<u64> {
        let (size_bytes, _) = *self.forms.get(name)?;
        self.add(name, size_bytes);
        Some(size_bytes)
    }

    fn remove(&mut self, name: &str) {
        if let Some((size_bytes, turn)) = self.forms.remove(name) {
            self.turns.remove(&turn);
            self.bytes -= size_bytes;
        }
    }

    /// Takes out what was not used for longest, until the rest is within `most_bytes`.
    fn shrink(&mut self, most_bytes: u64) -> Vec<String> {
        let mut out = Vec::new();
        while self.bytes > most_bytes
            && let Some(name) = self.turns.first_key_value().map(|(_, name)| name.clone())
        {
            self.remove(&name);
            out.push(name);
        }
        out
    }
}

/// The name of the form of an object; none for what is no instance.
fn name(object: &str) -> Option<String> {
    Some(format!("{FORM}/{}.jhc", object.strip_prefix("instances/")?.strip_suffix(".dcm")?))
}

impl Derived {
    pub(crate) fn new(objects: Objects, most_bytes: u64) -> Self {
        Self { objects, most_bytes, known: Mutex::default() }
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Learns what is there, the oldest first, and holds it to the bound. What an earlier encoder made goes.
    pub(crate) async fn look(&self) -> Result<(), object_store::Error> {
        let mut found = self.objects.list(FOLDER).await?;
        found.sort_by_key(|object| object.last_modified);
        let (current, former): (Vec<_>, Vec<_>) = found
            .into_iter()
            .map(|object| (object.location.to_string(), object.size))
            .partition(|(name, _)| name.starts_with(FORM));
        {
            let mut known = self.known();
            let there: HashMap<&str, u64> = current.iter().map(|(name, size)| (name.as_str(), *size)).collect();
            let gone: Vec<String> =
                known.forms.keys().filter(|name| !there.contains_key(name.as_str())).cloned().collect();
            gone.iter().for_each(|name| known.remove(name));
            for (name, size_bytes) in &current {
                if !known.forms.contains_key(name) {
                    known.add(name, *size_bytes);
                }
            }
        }
        for (name, _) in former {
            self.objects.remove(&name).await;
        }
        self.shrink().await;
        Ok(())
    }

    /// The size of an object's form in bytes, which counts as a use.
    pub(crate) fn size(&self, object: &str) -> Option<u64> {
        self.known().touch(&name(object)?)
    }

    /// A run of an object's form; none when there is none, or no longer.
    pub(crate) async fn range(&self, object: &str, range: Range<u64>) -> Option<Bytes> {
        let name = name(object)?;
        let wanted = range.end - range.start;
        match self.objects.range(&name, range).await {
            Ok(bytes) if bytes.len() as u64 == wanted => Some(bytes),
            _ => {
                tracing::debug!("a derived form is gone or cut short, and is made anew when it is wanted");
                self.known().remove(&name);
                None
            }
        }
    }

    /// A whole form.
    pub(crate) async fn get(&self, object: &str) -> Option<Bytes> {
        let size_bytes = self.size(object)?;
        self.range(object, 0..size_bytes).await
    }

    /// Keeps a form. What can't be kept is made again when it is wanted.
    pub(crate) async fn put(&self, object: &str, form: Bytes) {
        let (Some(name), size_bytes) = (name(object), form.len() as u64) else { return };
        if size_bytes > self.most_bytes {
            return;
        }
        if let Err(error) = self.objects.put(&name, &Object::from(form)).await {
            tracing::warn!(error = %error, "a derived form could not be kept");
            return;
        }
        self.known().add(&name, size_bytes);
        self.shrink().await;
    }

    /// Removes the form of an object that has left.
    pub(crate) async fn forget(&self, object: &str) {
        if let Some(name) = name(object) {
            self.known().remove(&name);
            self.objects.remove(&name).await;
        }
    }

    async fn shrink(&self) {
        let (out, bytes) = {
            let mut known = self.known();
            (known.shrink(self.most_bytes), known.bytes)
        };
        metrics::gauge!("dics_derivative_bytes").set(bytes as f64);
        metrics::counter!("dics_derivatives_evicted_total").increment(out.len() as u64);
        for name in out {
            self.objects.remove(&name).await;
        }
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use std::sync::Arc;

    use object_store::memory::InMemory;

    use super::*;

    fn object(number: usize) -> String {
        format!("instances/ab/{number}.dcm")
    }

    fn over(store: &Arc<InMemory>, most_bytes: u64) -> Derived {
        Derived::new(Objects::new(Arc::clone(store) as _, 1 << 20), most_bytes)
    }

    async fn there(derived: &Derived) -> Vec<usize> {
        let listed = derived.objects.list(FOLDER).await.unwrap();
        let mut numbers: Vec<usize> = listed
            .iter()
            .map(|meta| meta.location.filename().unwrap().trim_end_matches(".jhc").parse().unwrap())
            .collect();
        numbers.sort_unstable();
        numbers
    }

    #[tokio::test]
    async fn what_was_not_used_for_longest_goes_first_and_the_bound_holds_at_every_moment() {
        let derived = over(&Arc::default(), 250);
        for number in [1, 2] {
            derived.put(&object(number), vec![number as u8; 100].into()).await;
        }
        assert_eq!(derived.get(&object(1)).await.unwrap(), vec![1; 100]);
        derived.put(&object(3), vec![3; 100].into()).await;
        assert_eq!(there(&derived).await, [1, 3]);
        assert!(derived.get(&object(2)).await.is_none());
        derived.put(&object(4), vec![4; 251].into()).await;
        assert_eq!(there(&derived).await, [1, 3], "what alone is beyond the bound is not kept");
        derived.put(&object(5), vec![5; 250].into()).await;
        assert_eq!(there(&derived).await, [5]);
        assert_eq!(derived.known().bytes, 250);
    }

    #[tokio::test]
    async fn a_new_process_finds_what_another_kept_and_holds_it_to_its_own_bound() {
        let store = Arc::default();
        let first = over(&store, 1000);
        for number in 1..=3 {
            first.put(&object(number), vec![number as u8; 100].into()).await;
        }
        first.objects.put_bytes("derived/0/ab/7.jhc", vec![0; 10].into()).await.unwrap();
        let second = over(&store, 200);
        second.look().await.unwrap();
        assert_eq!(there(&second).await, [2, 3], "the oldest goes, and so does what an earlier encoder made");
        assert_eq!(second.range(&object(3), 10..20).await.unwrap(), vec![3; 10]);
        first.look().await.unwrap();
        assert_eq!(first.known().bytes, 200, "what another process removed is noticed");
    }

    #[tokio::test]
    async fn losing_a_form_or_all_of_them_costs_nothing_but_the_form() {
        let derived = over(&Arc::default(), 1000);
        for number in [1, 2] {
            derived.put(&object(number), vec![1; 100].into()).await;
        }
        derived.objects.remove("derived/1/ab/1.jhc").await;
        assert!(derived.get(&object(1)).await.is_none());
        derived.objects.put_bytes("derived/1/ab/2.jhc", vec![1; 99].into()).await.unwrap();
        assert!(derived.get(&object(2)).await.is_none(), "a form that is cut short is none");
        derived.put(&object(2), vec![2; 100].into()).await;
        derived.forget(&object(2)).await;
        assert!(derived.size(&object(2)).is_none() && there(&derived).await.is_empty());
        derived.put("manifests/ab/1.json.gz", vec![1; 100].into()).await;
        assert!(there(&derived).await.is_empty(), "only instances have forms");
    }
}
