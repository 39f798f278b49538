//! Large images get an HTJ2K form beside them, which decodes fast and whose beginning shows the whole image small.
//!
//! The original is always kept, and is what callers get who ask for what is stored. A form is made without loss, decoded again and compared
//! by the transcoder before it is kept; where none can be made, the original is all there is, as before. Forms are made behind a store or a
//! first view, one at a time, on cores that nobody else waits for.

pub(crate) mod store;

use std::collections::HashSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use index_model::{InstanceEntry, transfer_syntax};
use serde::Deserialize;
use tokio::sync::mpsc;
use transcode::{ImageDescription, TranscodeError};

use crate::derived::store::Derived;
use crate::retrieve::describe;
use crate::{Registry, RegistryError};

/// Images that wait for their form. Of one more, the form is made when it is looked at again.
const QUEUE: usize = 256;
/// How often it is looked for what other processes have made or removed.
const LOOK: Duration = Duration::from_secs(600);
/// Images that are known to have no form, and for how long that is believed.
const MOST_SETTLED: u64 = 100_000;
const SETTLED: Duration = Duration::from_secs(3600);

/// Which images get an HTJ2K form, and how much room forms have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DerivativePolicy {
    /// Whether any is made.
    pub enabled: bool,
    /// Rows times Columns of the smallest image that gets one.
    pub minimum_pixels: u64,
    /// Room in object storage, in bytes.
    pub bytes: u64,
}

impl Default for DerivativePolicy {
    fn default() -> Self {
        Self { enabled: true, minimum_pixels: 2_000_000, bytes: 20 << 30 }
    }
}

/// An image whose form is wanted.
#[derive(Debug)]
pub(crate) struct Wanted {
    object: String,
    entry: Arc<InstanceEntry>,
}

/// The forms and who is to get one.
#[derive(Debug)]
pub(crate) struct Derivatives {
    policy: DerivativePolicy,
    pub(crate) store: Derived,
    queue: mpsc::Sender<Wanted>,
    /// Objects that are in the queue, or in hand.
    waiting: Mutex<HashSet<String>>,
    /// Objects that are too small, can't have a form, or have left.
    settled: moka::future::Cache<String, ()>,
}

impl Derivatives {
    pub(crate) fn new(policy: DerivativePolicy, store: Derived) -> (Self, mpsc::Receiver<Wanted>) {
        let (queue, receiver) = mpsc::channel(QUEUE);
        let settled = moka::future::Cache::builder().max_capacity(MOST_SETTLED).time_to_live(SETTLED).build();
        (Self { policy, store, queue, waiting: Mutex::default(), settled }, receiver)
    }

    fn waiting(&self) -> MutexGuard<'_, HashSet<String>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether an image that comes in may be one of those that get a form.
    pub(crate) fn may_have_form(&self, entry: &InstanceEntry) -> bool {
        self.policy.enabled && entry.frames.count() == 1 && entry.size_bytes >= self.policy.minimum_pixels / 64
    }

    /// Whether an image is one of those that get a form.
    async fn is_wanted(&self, object: &str, entry: &InstanceEntry) -> bool {
        if !self.policy.enabled || entry.frames.count() != 1 || self.settled.contains_key(object) {
            return false;
        }
        let is_large = !has_no_use(&entry.instance.transfer_syntax_uid) && pixels(entry) >= self.policy.minimum_pixels;
        if !is_large {
            self.settled.insert(object.to_owned(), ()).await;
        }
        is_large
    }

    /// Keeps a form, unless its object has left meanwhile.
    pub(crate) async fn keep(&self, object: &str, form: Bytes) {
        self.store.put(object, form).await;
        if self.settled.contains_key(object) {
            self.store.forget(object).await;
        }
    }

    /// An object has left, and with it its form.
    pub(crate) async fn forget(&self, object: &str) {
        if self.policy.enabled {
            self.settled.insert(object.to_owned(), ()).await;
            self.store.forget(object).await;
        }
    }
}

/// Whether nobody would be given a form: of what is HTJ2K already, and of what is lossy and decodes fast.
fn has_no_use(transfer_syntax_uid: &str) -> bool {
    use transfer_syntax::{
        HTJ2K, HTJ2K_LOSSLESS, HTJ2K_LOSSLESS_RPCL, JPEG_BASELINE, JPEG_EXTENDED, JPEG_LS_NEAR_LOSSLESS,
    };
    [HTJ2K, HTJ2K_LOSSLESS, HTJ2K_LOSSLESS_RPCL, JPEG_BASELINE, JPEG_EXTENDED, JPEG_LS_NEAR_LOSSLESS]
        .contains(&transfer_syntax_uid)
}

/// Rows times Columns, without building the rest of a header; 0 where there are none.
fn pixels(entry: &InstanceEntry) -> u64 {
    #[derive(Deserialize, Default)]
    struct Header {
        #[serde(rename = "00280010", default)]
        rows: Numbers,
        #[serde(rename = "00280011", default)]
        columns: Numbers,
    }
    #[derive(Deserialize, Default)]
    struct Numbers {
        #[serde(rename = "Value", default)]
        values: Vec<u16>,
    }
    let header: Header = serde_json::from_str(entry.metadata.get()).unwrap_or_default();
    let first = |numbers: &Numbers| numbers.values.first().copied().map_or(0, u64::from);
    first(&header.rows) * first(&header.columns)
}

/// Makes forms until the registry ends.
pub(crate) async fn run(registry: Registry, mut queue: mpsc::Receiver<Wanted>) {
    let derivatives = &registry.0.derivatives;
    if !derivatives.policy.enabled {
        return;
    }
    let mut look = tokio::time::interval(LOOK);
    loop {
        tokio::select! {
            () = registry.0.stop.cancelled() => return,
            _ = look.tick() => {
                if let Err(error) = derivatives.store.look().await {
                    tracing::warn!(error = %error, "derived forms could not be looked for");
                }
            }
            Some(wanted) = queue.recv() => {
                let made = tokio::select! {
                    () = registry.0.stop.cancelled() => return,
                    made = registry.derive(&wanted) => made,
                };
                let result = match made {
                    Ok(()) => "made",
                    Err(RegistryError::NotAcceptable { .. }) => {
                        derivatives.settled.insert(wanted.object.clone(), ()).await;
                        "refused"
                    }
                    Err(error) => {
                        tracing::warn!(error = %error, "a derived form could not be made; the original is there");
                        "failed"
                    }
                };
                metrics::counter!("dics_derivatives_total", "result" => result).increment(1);
                derivatives.waiting().remove(&wanted.object);
            }
        }
    }
}

impl Registry {
    /// Has the form of an image made in the background, where it is one of those that get one and has none.
    pub(crate) async fn consider(&self, object: &str, entry: &Arc<InstanceEntry>) {
        let derivatives = &self.0.derivatives;
        if !derivatives.is_wanted(object, entry).await
            || derivatives.store.size(object).is_some()
            || !derivatives.waiting().insert(object.to_owned())
        {
            return;
        }
        let wanted = Wanted { object: object.to_owned(), entry: Arc::clone(entry) };
        if derivatives.queue.try_send(wanted).is_err() {
            derivatives.waiting().remove(object);
            metrics::counter!("dics_derivatives_total", "result" => "dropped").increment(1);
        }
    }

    async fn derive(&self, wanted: &Wanted) -> Result<(), RegistryError> {
        let Wanted { object, entry } = wanted;
        if self.0.derivatives.store.size(object).is_some() {
            return Ok(());
        }
        let image = describe(entry, &entry.instance.transfer_syntax_uid, 1)?;
        image.check_encoding(transfer_syntax::HTJ2K_LOSSLESS_RPCL)?;
        let spans = entry.frames.spans(1).filter(|_| !image.may_share_bytes());
        let Some(spans) = spans else {
            return Err(RegistryError::NotAcceptable { rule: "its frame has no bytes of its own".into() });
        };
        let frame = self.read_spans(object, &spans).await?;
        let form = self.0.transcoder.encode_when_idle(&image, frame, transfer_syntax::HTJ2K_LOSSLESS_RPCL).await?;
        self.0.derivatives.keep(object, form).await;
        Ok(())
    }

    /// Keeps a form that somebody waited for, behind the answer.
    pub(crate) fn keep_derived(&self, object: &str, entry: &Arc<InstanceEntry>, form: &Bytes) {
        let (registry, object, entry, form) = (self.clone(), object.to_owned(), Arc::clone(entry), form.clone());
        self.0.tasks.spawn(async move {
            let derivatives = &registry.0.derivatives;
            if derivatives.is_wanted(&object, &entry).await {
                derivatives.keep(&object, form).await;
            }
        });
    }

    /// What decodes to the same samples as a stored frame, and faster: the form of a grey image whose own codec is slow. (Of colours the
    /// form may be in another colour space than the data set names.)
    pub(crate) async fn faster(&self, object: &str, image: &ImageDescription) -> Option<(ImageDescription, Bytes)> {
        let slow = [transfer_syntax::JPEG_2000_LOSSLESS, transfer_syntax::JPEG_2000];
        let is_slow = slow.contains(&image.transfer_syntax_uid.as_str());
        if !self.0.derivatives.policy.enabled || !is_slow || image.samples_per_pixel != 1 || image.number_of_frames != 1
        {
            return None;
        }
        let form = self.0.derivatives.store.get(object).await?;
        let transfer_syntax_uid = transfer_syntax::HTJ2K_LOSSLESS_RPCL.to_owned();
        Some((ImageDescription { transfer_syntax_uid, ..image.clone() }, form))
    }

    /// Works on what decodes fastest. A form that turns out damaged goes, and the original is worked on.
    pub(crate) async fn with_fastest<T, W>(
        &self,
        object: &str,
        (image, frame): (ImageDescription, Bytes),
        work: impl Fn(ImageDescription, Bytes) -> W,
    ) -> Result<T, RegistryError>
    where
        W: Future<Output = Result<T, TranscodeError>>,
    {
        if let Some((image, form)) = self.faster(object, &image).await {
            match Box::pin(work(image, form)).await {
                Ok(done) => return Ok(done),
                Err(TranscodeError::Overloaded) => return Err(RegistryError::Overloaded),
                Err(error) => {
                    tracing::warn!(error = %error, "a derived form can't be decoded and is removed; the original is used");
                    self.0.derivatives.store.forget(object).await;
                }
            }
        }
        Ok(Box::pin(work(image, frame)).await?)
    }
}
