//! What was made of objects, in object storage: a cache bounded in bytes, from which the least recently used goes first. HTJ2K forms of
//! large images are in one, pictures of them in another.
//!
//! What is kept is named after the object that it was made of. Names of objects are never reused, so that what replaced an instance never
//! shows what was made of the one that it replaced; and whoever deletes the folder loses nothing but time. What is there is listed at the
//! start and looked at again now and then, for other processes keep theirs in the same place.

use std::collections::{BTreeMap, HashSet};
use std::ops::Range;
use std::sync::{Mutex, MutexGuard, PoisonError};

use adapter_api::Object;
use bytes::Bytes;

use crate::objects::Objects;

/// What is kept in one place.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Kind {
    folder: &'static str,
    /// Its number changes with what is made of the same object: bytes of one tag are always the same.
    current: &'static str,
    /// In metrics.
    label: &'static str,
}

/// HTJ2K forms; the number changes with what the encoder makes of the same samples.
pub(crate) const FORMS: Kind = Kind { folder: "derived", current: "derived/1", label: "form" };
/// The end of their names.
pub(crate) const FORM: &str = ".jhc";
/// Pictures; the number changes with what rendering makes of the same samples and options.
pub(crate) const PICTURES: Kind = Kind { folder: "rendered", current: "rendered/1", label: "picture" };

/// Something made of objects, in object storage.
#[derive(Debug)]
pub(crate) struct Derived {
    kind: Kind,
    objects: Objects,
    most_bytes: u64,
    known: Mutex<Known>,
}

/// What is there, and in which order it was used.
#[derive(Debug, Default)]
struct Known {
    /// By name: size in bytes, and the turn of the last use.
    forms: BTreeMap<String, (u64, u64)>,
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

impl Derived {
    pub(crate) fn new(kind: Kind, objects: Objects, most_bytes: u64) -> Self {
        Self { kind, objects, most_bytes, known: Mutex::default() }
    }

    /// The name of what is made of an object, which ends so; none for what is no instance.
    fn name(&self, object: &str, end: &str) -> Option<String> {
        Some(format!("{}/{}{end}", self.kind.current, object.strip_prefix("instances/")?.strip_suffix(".dcm")?))
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Learns what is there, the oldest first, and holds it to the bound. What an earlier encoder made goes.
    pub(crate) async fn look(&self) -> Result<(), object_store::Error> {
        let mut found = self.objects.list(self.kind.folder).await?;
        found.sort_by_key(|object| object.last_modified);
        let (current, former): (Vec<_>, Vec<_>) = found
            .into_iter()
            .map(|object| (object.location.to_string(), object.size))
            .partition(|(name, _)| name.strip_prefix(self.kind.current).is_some_and(|rest| rest.starts_with('/')));
        {
            let mut known = self.known();
            let there: HashSet<&str> = current.iter().map(|(name, _)| name.as_str()).collect();
            let gone: Vec<String> = known.forms.keys().filter(|name| !there.contains(name.as_str())).cloned().collect();
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

    /// The size in bytes of what is kept of an object, which counts as a use.
    pub(crate) fn size(&self, object: &str, end: &str) -> Option<u64> {
        self.known().touch(&self.name(object, end)?)
    }

    /// A run of what is kept of an object; none when there is none, or no longer.
    pub(crate) async fn range(&self, object: &str, end: &str, range: Range<u64>) -> Option<Bytes> {
        let name = self.name(object, end)?;
        let wanted = range.end - range.start;
        match self.objects.range(&name, range).await {
            Ok(bytes) if bytes.len() as u64 == wanted => Some(bytes),
            _ => {
                tracing::debug!("what was derived is gone or cut short, and is made anew when it is wanted");
                self.known().remove(&name);
                None
            }
        }
    }

    /// The whole of it.
    pub(crate) async fn get(&self, object: &str, end: &str) -> Option<Bytes> {
        let size_bytes = self.size(object, end)?;
        self.range(object, end, 0..size_bytes).await
    }

    /// Keeps what was made of an object. What can't be kept is made again when it is wanted.
    pub(crate) async fn put(&self, object: &str, end: &str, made: Bytes) {
        let (Some(name), size_bytes) = (self.name(object, end), made.len() as u64) else { return };
        if size_bytes > self.most_bytes {
            return;
        }
        if let Err(error) = self.objects.put(&name, &Object::from(made)).await {
            tracing::warn!(error = %error, "what was derived could not be kept");
            return;
        }
        self.known().add(&name, size_bytes);
        self.shrink().await;
    }

    /// Removes everything that was made of an object that has left.
    pub(crate) async fn forget(&self, object: &str) {
        let Some(stem) = self.name(object, "") else { return };
        let of_object = |name: &String| name.strip_prefix(&stem).is_some_and(|end| end.starts_with(['.', '/']));
        let gone: Vec<String> = {
            let mut known = self.known();
            let names = known.forms.range(stem.clone()..).map(|(name, _)| name);
            let gone: Vec<_> =
                names.take_while(|name| name.starts_with(&stem)).filter(|n| of_object(n)).cloned().collect();
            gone.iter().for_each(|name| known.remove(name));
            gone
        };
        for name in gone {
            self.objects.remove(&name).await;
        }
    }

    async fn shrink(&self) {
        let (out, bytes) = {
            let mut known = self.known();
            (known.shrink(self.most_bytes), known.bytes)
        };
        metrics::gauge!("dics_derivative_bytes", "of" => self.kind.label).set(bytes as f64);
        metrics::counter!("dics_derivatives_evicted_total", "of" => self.kind.label).increment(out.len() as u64);
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
        Derived::new(FORMS, Objects::new(Arc::clone(store) as _, 1 << 20), most_bytes)
    }

    async fn there(derived: &Derived) -> Vec<usize> {
        let listed = derived.objects.list(FORMS.folder).await.unwrap();
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
            derived.put(&object(number), FORM, vec![number as u8; 100].into()).await;
        }
        assert_eq!(derived.get(&object(1), FORM).await.unwrap(), vec![1; 100]);
        derived.put(&object(3), FORM, vec![3; 100].into()).await;
        assert_eq!(there(&derived).await, [1, 3]);
        assert!(derived.get(&object(2), FORM).await.is_none());
        derived.put(&object(4), FORM, vec![4; 251].into()).await;
        assert_eq!(there(&derived).await, [1, 3], "what alone is beyond the bound is not kept");
        derived.put(&object(5), FORM, vec![5; 250].into()).await;
        assert_eq!(there(&derived).await, [5]);
        assert_eq!(derived.known().bytes, 250);
    }

    #[tokio::test]
    async fn a_new_process_finds_what_another_kept_and_holds_it_to_its_own_bound() {
        let store = Arc::default();
        let first = over(&store, 1000);
        for number in 1..=3 {
            first.put(&object(number), FORM, vec![number as u8; 100].into()).await;
        }
        first.objects.put_bytes("derived/0/ab/7.jhc", vec![0; 10].into()).await.unwrap();
        let second = over(&store, 200);
        second.look().await.unwrap();
        assert_eq!(there(&second).await, [2, 3], "the oldest goes, and so does what an earlier encoder made");
        assert_eq!(second.range(&object(3), FORM, 10..20).await.unwrap(), vec![3; 10]);
        first.look().await.unwrap();
        assert_eq!(first.known().bytes, 200, "what another process removed is noticed");
    }

    #[tokio::test]
    async fn losing_a_form_or_all_of_them_costs_nothing_but_the_form() {
        let derived = over(&Arc::default(), 1000);
        for number in [1, 2] {
            derived.put(&object(number), FORM, vec![1; 100].into()).await;
        }
        derived.objects.remove("derived/1/ab/1.jhc").await;
        assert!(derived.get(&object(1), FORM).await.is_none());
        derived.objects.put_bytes("derived/1/ab/2.jhc", vec![1; 99].into()).await.unwrap();
        assert!(derived.get(&object(2), FORM).await.is_none(), "a form that is cut short is none");
        derived.put(&object(2), FORM, vec![2; 100].into()).await;
        derived.forget(&object(2)).await;
        assert!(derived.size(&object(2), FORM).is_none() && there(&derived).await.is_empty());
        derived.put("manifests/ab/1.json.gz", FORM, vec![1; 100].into()).await;
        assert!(there(&derived).await.is_empty(), "only instances have forms");
    }

    #[tokio::test]
    async fn everything_that_was_made_of_an_object_leaves_with_it_and_nothing_else() {
        let derived = Derived::new(PICTURES, Objects::new(Arc::new(InMemory::new()), 1 << 20), 1000);
        for (number, end) in [(1, "/a.jpg"), (1, "/b.png"), (10, "/a.jpg"), (2, "/a.jpg")] {
            derived.put(&object(number), end, vec![number as u8; 10].into()).await;
        }
        derived.forget(&object(1)).await;
        let mut left: Vec<_> =
            derived.objects.list("rendered").await.unwrap().iter().map(|meta| meta.location.to_string()).collect();
        left.sort_unstable();
        assert_eq!(left, ["rendered/1/ab/10/a.jpg", "rendered/1/ab/2/a.jpg"]);
        assert!(derived.get(&object(1), "/b.png").await.is_none());
        assert_eq!(derived.get(&object(10), "/a.jpg").await.unwrap(), vec![10; 10]);
        assert_eq!(derived.known().bytes, 20);
    }
}
