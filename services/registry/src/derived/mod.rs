//! Large images get an HTJ2K form beside them, which decodes fast and whose beginning shows the whole image small.
//!
//! The original is always kept, and is what callers get who ask for what is stored. A form is made without loss, decoded again and compared
//! by the transcoder before it is kept; where none can be made, the original is all there is, as before. Forms are made behind a store or a
//! first view, one at a time, on cores that nobody else waits for.

mod in_hand;
pub(crate) mod store;

use std::collections::HashSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use futures::future::{Either, select};
use index_model::{InstanceEntry, transfer_syntax};
use serde::Deserialize;
use tokio::sync::mpsc;
use transcode::{ImageDescription, TranscodeError};

use crate::derived::in_hand::InHand;
use crate::derived::store::{Derived, FORM, FORMS};
use crate::objects::Objects;
use crate::rendered::kept::Pictures;
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
    /// Room in object storage for pictures of images of that size, in bytes.
    pub rendered_bytes: u64,
}

impl Default for DerivativePolicy {
    fn default() -> Self {
        Self { enabled: true, minimum_pixels: 2_000_000, bytes: 20 << 30, rendered_bytes: 5 << 30 }
    }
}

/// An image whose form is wanted.
#[derive(Debug)]
pub(crate) struct Wanted {
    object: String,
    entry: Arc<InstanceEntry>,
}

/// Why an object gets no form.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Settled {
    /// It is too small, or can't have one.
    WithoutForm,
    Left,
}

/// The forms and who is to get one.
#[derive(Debug)]
pub(crate) struct Derivatives {
    policy: DerivativePolicy,
    pub(crate) store: Derived,
    pub(crate) pictures: Pictures,
    pub(crate) in_hand: InHand,
    queue: mpsc::Sender<Wanted>,
    /// Objects that are in the queue, or in hand.
    waiting: Mutex<HashSet<String>>,
    /// Objects that are too small, can't have a form, or have left.
    settled: moka::future::Cache<String, Settled>,
}

impl Derivatives {
    pub(crate) fn new(policy: DerivativePolicy, objects: &Objects) -> (Self, mpsc::Receiver<Wanted>) {
        let (queue, receiver) = mpsc::channel(QUEUE);
        let settled = moka::future::Cache::builder().max_capacity(MOST_SETTLED).time_to_live(SETTLED).build();
        let store = Derived::new(FORMS, objects.clone(), policy.bytes);
        let pictures = Pictures::new(objects.clone(), policy.rendered_bytes);
        let (waiting, in_hand) = (Mutex::default(), InHand::default());
        (Self { policy, store, pictures, in_hand, queue, waiting, settled }, receiver)
    }

    fn waiting(&self) -> MutexGuard<'_, HashSet<String>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn is_enabled(&self) -> bool {
        self.policy.enabled
    }

    pub(crate) fn minimum_pixels(&self) -> u64 {
        self.policy.minimum_pixels
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
            self.settled.insert(object.to_owned(), Settled::WithoutForm).await;
        }
        is_large
    }

    /// Whether an object has left, a moment ago.
    pub(crate) async fn has_left(&self, object: &str) -> bool {
        self.settled.get(object).await == Some(Settled::Left)
    }

    /// Keeps a form, unless its object has left meanwhile.
    pub(crate) async fn keep(&self, object: &str, form: Bytes) {
        self.store.put(object, FORM, form).await;
        if self.settled.contains_key(object) {
            self.store.forget(object).await;
        }
    }

    /// An object has left, and with it its form and its pictures.
    pub(crate) async fn forget(&self, object: &str) {
        if self.policy.enabled {
            self.settled.insert(object.to_owned(), Settled::Left).await;
            self.store.forget(object).await;
            self.pictures.forget(object).await;
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
pub(crate) fn pixels(entry: &InstanceEntry) -> u64 {
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
                for looked in [derivatives.store.look().await, derivatives.pictures.look().await] {
                    if let Err(error) = looked {
                        tracing::warn!(error = %error, "what was derived could not be looked for");
                    }
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
                        derivatives.settled.insert(wanted.object.clone(), Settled::WithoutForm).await;
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
            || derivatives.store.size(object, FORM).is_some()
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
        if self.0.derivatives.store.size(object, FORM).is_some() {
            return Ok(());
        }
        let image = describe(entry, &entry.instance.transfer_syntax_uid, 1)?;
        image.check_encoding(transfer_syntax::HTJ2K_LOSSLESS_RPCL)?;
        let spans = entry.frames.spans(1).filter(|_| !image.may_share_bytes());
        let Some(spans) = spans else {
            return Err(RegistryError::NotAcceptable { rule: "its frame has no bytes of its own".into() });
        };
        let frame = self.read_spans((object, entry.size_bytes), &spans).await?;
        let derivatives = &self.0.derivatives;
        // Who needed it while it waited for its turn has made it.
        let begin = || derivatives.store.size(object, FORM).is_none().then(|| derivatives.in_hand.begin(object));
        let syntax = transfer_syntax::HTJ2K_LOSSLESS_RPCL;
        if let Some((making, form)) = self.0.transcoder.encode_when_idle(&image, frame, syntax, begin).await? {
            making.done(&form);
            derivatives.keep(object, form).await;
        }
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

    /// The form of an object that is kept, or that is being made now.
    pub(crate) async fn form_of(&self, object: &str) -> Option<Bytes> {
        match self.0.derivatives.store.get(object, FORM).await {
            Some(form) => Some(form),
            None => self.0.derivatives.in_hand.wait(object).await,
        }
    }

    /// What decodes to the same samples as a stored frame, and faster: the form of a grey image whose own codec is slow. (Of colours the
    /// form may be in another colour space than the data set names.)
    pub(crate) async fn faster(&self, object: &str, image: &ImageDescription) -> Option<(ImageDescription, Bytes)> {
        if !self.0.derivatives.policy.enabled || !is_slow(image) {
            return None;
        }
        let form = self.0.derivatives.store.get(object, FORM).await?;
        Some((as_form(image), form))
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
        if let Some((as_form, form)) = self.faster(object, &image).await {
            match Box::pin(work(as_form, form)).await {
                Ok(done) => return Ok(done),
                Err(TranscodeError::Overloaded) => return Err(RegistryError::Overloaded),
                Err(error) => {
                    // Where the original is refused as well, it is for what is asked of it, and the form is good.
                    let done = Box::pin(work(image, frame)).await?;
                    tracing::warn!(error = %error, "a derived form can't be decoded and is removed; the original is used");
                    self.0.derivatives.store.forget(object).await;
                    return Ok(done);
                }
            }
        }
        if !is_slow(&image) || !self.0.derivatives.in_hand.holds(object) {
            return Ok(Box::pin(work(image, frame)).await?);
        }
        // The form is being made now: whichever is there first, the original decoded or the form and that decoded.
        let form = async {
            let form = self.0.derivatives.in_hand.wait(object).await?;
            Box::pin(work(as_form(&image), form)).await.ok()
        };
        match select(Box::pin(work(image.clone(), frame)), std::pin::pin!(form)).await {
            Either::Left((done, _)) => Ok(done?),
            Either::Right((Some(done), _)) => Ok(done),
            Either::Right((None, original)) => Ok(original.await?),
        }
    }
}

/// Whether the form of an image decodes to the same samples, and faster.
fn is_slow(image: &ImageDescription) -> bool {
    let slow = [transfer_syntax::JPEG_2000_LOSSLESS, transfer_syntax::JPEG_2000];
    slow.contains(&image.transfer_syntax_uid.as_str()) && image.samples_per_pixel == 1 && image.number_of_frames == 1
}

fn as_form(image: &ImageDescription) -> ImageDescription {
    ImageDescription { transfer_syntax_uid: transfer_syntax::HTJ2K_LOSSLESS_RPCL.to_owned(), ..image.clone() }
}
