//! The front door: admission, workers, threads.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures::{Stream, StreamExt};
use rayon::{ThreadPool, ThreadPoolBuilder};
use runtime::{Demand, Full, Turn, Turns, Urgency};
use tokio::sync::oneshot;

use crate::codec::{self, Job};
use crate::native::{self, Bits};
use crate::render::{self, RenderOptions, Rendered, RenderedMedia};
use crate::syntax::{self, Encoding};
use crate::worker::WorkerPool;
use crate::{DecodedFrame, ImageDescription, TranscodeError};

/// How a codec worker is started: the program with these arguments, followed by its memory limit in bytes.
#[derive(Debug, Clone)]
pub struct WorkerCommand {
    /// The executable; usually the server's own.
    pub program: PathBuf,
    /// The arguments that make it call [`worker_main`](crate::worker_main).
    pub args: Vec<String>,
}

/// What a [`Transcoder`] may use.
#[derive(Debug, Clone)]
pub struct Options {
    /// Frames worked on at once, each in a worker process or on a thread; usually the number of cores.
    pub workers: usize,
    /// How a worker is started.
    pub command: WorkerCommand,
    /// The address space of a worker, in bytes.
    pub memory_limit_bytes: u64,
    /// How long a codec may take over one frame.
    pub time_limit: Duration,
    /// Frames that may wait for their turn; one more is refused with [`TranscodeError::Overloaded`].
    pub queue: usize,
}

impl Options {
    /// One frame for each core, 2 GiB and 30 s for each, and 64 waiting.
    #[must_use]
    pub fn new(command: WorkerCommand) -> Self {
        Self {
            workers: std::thread::available_parallelism().map_or(2, usize::from),
            command,
            memory_limit_bytes: 2 << 30,
            time_limit: Duration::from_secs(30),
            queue: 64,
        }
    }
}

/// Decodes and renders frames, a bounded number at a time, for one demand. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Transcoder {
    workers: Arc<WorkerPool>,
    threads: Arc<ThreadPool>,
    /// Turns at the cores.
    turns: Turns,
    demand: Demand,
}

impl Transcoder {
    /// Starts the threads and the first worker. Call it inside a Tokio runtime.
    ///
    /// # Errors
    /// `Worker` when there is no runtime, or threads or a worker can't be started.
    pub fn start(options: Options) -> Result<Arc<Transcoder>, TranscodeError> {
        let failed =
            |cause: Box<dyn std::error::Error + Send + Sync>| TranscodeError::Worker(std::io::Error::other(cause));
        tokio::runtime::Handle::try_current().map_err(|cause| failed(cause.into()))?;
        let workers = options.workers.max(1);
        Ok(Arc::new(Self {
            threads: ThreadPoolBuilder::new()
                .num_threads(workers)
                .thread_name(|index| format!("transcode-{index}"))
                .build()
                .map_err(|cause| failed(cause.into()))?
                .into(),
            workers: WorkerPool::start(options.command, options.memory_limit_bytes, options.time_limit)?.into(),
            turns: Turns::new("frames", workers, options.queue),
            demand: Demand::own(Urgency::NORMAL),
        }))
    }

    /// The same, working for this demand.
    #[must_use]
    pub fn for_demand(&self, demand: Demand) -> Self {
        Self { demand, ..self.clone() }
    }

    /// Frames that wait for a core.
    pub fn waiting(&self) -> usize {
        self.turns.waiting()
    }

    /// Decodes one frame to samples.
    ///
    /// `frame` holds the frame alone: its fragments joined when it is encapsulated, its range
    /// ([`ImageDescription::native_frame_range`]) when it is not.
    ///
    /// # Errors
    /// See [`TranscodeError`].
    pub async fn decode(&self, image: &ImageDescription, frame: Bytes) -> Result<DecodedFrame, TranscodeError> {
        let _turn = self.turn().await?;
        self.decode_in_turn(image, frame, Bits::Stored).await
    }

    /// The frame uncompressed, in little endian: what answers a request for `application/octet-stream` (PS3.18 §8.7.3.4).
    ///
    /// Native frames keep their planes, unused bits and subsampling; only their byte order changes. Of others, samples lie where High Bit
    /// says, and what is beside them is kept where it can be told from a sign. The colour space of a decompressed frame is [`ImageDescription::uncompressed_photometric_interpretation`].
    ///
    /// # Errors
    /// See [`TranscodeError`].
    pub async fn to_explicit_little_endian(
        &self,
        image: &ImageDescription,
        frame: Bytes,
    ) -> Result<Bytes, TranscodeError> {
        match Encoding::of(&image.transfer_syntax_uid)? {
            // No copy is made, so there is nothing to queue for.
            Encoding::NativeLittle if image.bits_allocated != 1 => {
                native::to_little_endian(image, Encoding::NativeLittle, frame)
            }
            encoding @ (Encoding::NativeLittle | Encoding::NativeBig | Encoding::DeflatedFrame) => {
                let _turn = self.turn().await?;
                let image = image.clone();
                self.on_a_thread(move || native::to_little_endian(&image, encoding, frame)).await
            }
            encoding => {
                let _turn = self.turn().await?;
                Ok(self.decode_in_turn(image, frame, Bits::uncompressed(image, encoding)).await?.samples)
            }
        }
    }

    /// The frame in another transfer syntax, without loss: what answers a request for `image/jls`, `image/dicom-rle`, `image/jp2` or
    /// `image/jphc` of frames that are stored otherwise (PS3.18 §8.7.3.5). See [`can_encode`](crate::can_encode).
    ///
    /// Every bit that says something is kept, or there is an error. RLE keeps containers as they are; the other syntaxes hold samples only,
    /// and refuse frames that have anything else beside them. Whether something is lost already in what is stored is for the caller to know.
    ///
    /// # Errors
    /// `Unsupported` for a transfer syntax that is not encoded here; `Mismatch` for an image that it can't hold, or that the attributes
    /// of the data set would no longer describe; else see [`TranscodeError`].
    pub async fn encode(
        &self,
        image: &ImageDescription,
        frame: Bytes,
        transfer_syntax_uid: &str,
    ) -> Result<Bytes, TranscodeError> {
        let encoding = syntax::lossless_target(transfer_syntax_uid)?;
        let _turn = self.turn().await?;
        self.encode_in_turn(image, frame, encoding).await
    }

    /// The same for work that nobody waits for: behind everybody else, for as long as that takes. `begin` is asked when its turn has come:
    /// whether it is still wanted, and if so for what is given back with it.
    ///
    /// # Errors
    /// As [`Transcoder::encode`], without `Overloaded`.
    pub async fn encode_when_idle<B>(
        &self,
        image: &ImageDescription,
        frame: Bytes,
        transfer_syntax_uid: &str,
        begin: impl FnOnce() -> Option<B>,
    ) -> Result<Option<(B, Bytes)>, TranscodeError> {
        let encoding = syntax::lossless_target(transfer_syntax_uid)?;
        let _turn = self.turns.wait(Demand::own(Urgency::BACKGROUND)).await;
        let Some(begun) = begin() else { return Ok(None) };
        let encoded = self.encode_in_turn(image, frame, encoding).await?;
        Ok(Some((begun, encoded)))
    }

    async fn encode_in_turn(
        &self,
        image: &ImageDescription,
        frame: Bytes,
        encoding: Encoding,
    ) -> Result<Bytes, TranscodeError> {
        let decoded = Box::pin(self.decode_in_turn(image, frame, Bits::Allocated)).await?;
        let described = image.clone();
        let (job, samples) = self.on_a_thread(move || codec::encoding_job(&described, decoded, encoding)).await?;
        let encoded = if encoding.needs_worker() {
            Box::pin(self.workers.encode(job, &samples)).await?
        } else {
            self.on_a_thread(move || codec::encode(&job, &samples)).await?
        };
        Ok(encoded.into())
    }

    /// Renders one frame: PS3.18 §8.3.5.
    ///
    /// # Errors
    /// See [`TranscodeError`].
    pub async fn render(
        &self,
        image: &ImageDescription,
        frame: Bytes,
        options: &RenderOptions,
    ) -> Result<Rendered, TranscodeError> {
        let _turn = self.turn().await?;
        let (image, options) = (image.clone(), options.clone());
        if !needs_worker(&image)? {
            // One errand to a thread, not two: that costs as much as windowing a slice.
            let work = move || render::render_decoded(&image, &decode_here(&image, frame, Bits::Stored)?, &options);
            return self.on_a_thread(work).await;
        }
        let decoded = self.decode_in_turn(&image, frame, Bits::Stored).await?;
        self.on_a_thread(move || render::render_decoded(&image, &decoded, &options)).await
    }

    /// A picture of words, in place of one that can't be made; of the media type and size of `options`.
    ///
    /// # Errors
    /// See [`TranscodeError`].
    pub async fn render_words(&self, words: String, options: &RenderOptions) -> Result<Rendered, TranscodeError> {
        let _turn = self.turn().await?;
        let options = options.clone();
        self.on_a_thread(move || render::words(&words, &options)).await
    }

    /// Renders frames to one animated GIF, each shown for `frame_time`. They are asked for one after the other, and all have the size of
    /// the first.
    ///
    /// # Errors
    /// What `frames` fails with; see [`TranscodeError`]. `Mismatch` when there is no frame, or more than
    /// [`MAX_ANIMATION_FRAMES`](crate::MAX_ANIMATION_FRAMES).
    pub async fn render_animation<E: From<TranscodeError>>(
        &self,
        frames: impl Stream<Item = Result<(ImageDescription, Bytes), E>> + Send,
        options: &RenderOptions,
        frame_time: Duration,
    ) -> Result<Rendered, E> {
        let mut frames = std::pin::pin!(frames);
        let least = frames.size_hint().0 as u64;
        let mut animation = render::Animation::new(frame_time, least);
        let mut count = 0;
        while let Some(next) = frames.next().await {
            let (image, frame) = next?;
            count += 1;
            if count > render::MAX_ANIMATION_FRAMES {
                return Err(TranscodeError::mismatch("NumberOfFrames", render::TOO_LONG).into());
            }
            // A turn for each frame, so that a long animation lets others pass.
            let _turn = self.turn().await?;
            let decoded = self.decode_in_turn(&image, frame, Bits::Stored).await?;
            let options = options.clone();
            animation = self
                .on_a_thread(move || {
                    animation.add(&image, &decoded, &options)?;
                    Ok(animation)
                })
                .await?;
        }
        Ok(animation.finish()?)
    }

    /// A small picture of a sheet with a word on it, for what has no picture of its own.
    ///
    /// # Errors
    /// See [`TranscodeError`].
    pub async fn render_icon(
        &self,
        word: &'static str,
        (width, height): (u32, u32),
        media: RenderedMedia,
    ) -> Result<Rendered, TranscodeError> {
        let _turn = self.turn().await?;
        self.on_a_thread(move || render::icon(word, width, height, media)).await
    }

    async fn decode_in_turn(
        &self,
        image: &ImageDescription,
        frame: Bytes,
        bits: Bits,
    ) -> Result<DecodedFrame, TranscodeError> {
        if !needs_worker(image)? {
            let image = image.clone();
            return self.on_a_thread(move || decode_here(&image, frame, bits)).await;
        }
        let job = Job::of_containers(image, Encoding::of(&image.transfer_syntax_uid)?, bits)?;
        codec::check_header(&job, &frame)?;
        // On the heap: what talks to a process is large, and lies deep in the futures of those who ask.
        let (samples, outcome) = Box::pin(self.workers.decode(job, &frame)).await?;
        Ok(outcome.frame(image, bits, samples))
    }

    /// Waits for a core, unless too many wait already.
    async fn turn(&self) -> Result<Turn, TranscodeError> {
        self.turns.take(self.demand).await.map_err(|Full| TranscodeError::Overloaded)
    }

    /// Runs `work` on the pool. Work whose caller has gone is skipped.
    async fn on_a_thread<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<T, TranscodeError> + Send + 'static,
    ) -> Result<T, TranscodeError> {
        let (answer, result) = oneshot::channel();
        self.threads.spawn(move || {
            if !answer.is_closed() {
                let panicked = |_| Err(TranscodeError::codec("any", "it made the arithmetic panic"));
                let _ = answer.send(catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(panicked));
            }
        });
        result.await.unwrap_or(Err(TranscodeError::Overloaded))
    }
}

/// Whether a frame is decoded by a codec that has a process of its own.
fn needs_worker(image: &ImageDescription) -> Result<bool, TranscodeError> {
    Ok(Encoding::of(&image.transfer_syntax_uid)?.needs_worker())
}

/// Decodes on the calling thread what safe code decodes.
fn decode_here(image: &ImageDescription, frame: Bytes, bits: Bits) -> Result<DecodedFrame, TranscodeError> {
    match Encoding::of(&image.transfer_syntax_uid)? {
        encoding @ (Encoding::NativeLittle | Encoding::NativeBig | Encoding::DeflatedFrame) => {
            native::decode(image, encoding, frame, bits)
        }
        encoding => {
            let job = Job::of_containers(image, encoding, bits)?;
            let (samples, outcome) = codec::decode(&job, &frame)?;
            Ok(outcome.frame(image, bits, samples))
        }
    }
}
