//! Streams and workers that mean harm cost their own request, and nothing else.

use std::io::Read as _;
use std::process::Command;
use std::time::Duration;

use bytes::Bytes;
use charls::InterleaveMode;
use transcode::{ImageDescription, Options, TranscodeError, Transcoder, WorkerCommand};

use crate::encoders;
use crate::support::*;

const SHAPE: Shape = Shape { rows: 48, columns: 64, samples: 1, allocated: 16, stored: 12, signed: false };

fn streams() -> Vec<(&'static str, Vec<u8>)> {
    vec![
        (JPEG_LS, encoders::jpeg_ls(&SHAPE, InterleaveMode::None)),
        (JPEG_LOSSLESS, encoders::jpeg(&SHAPE, true)),
        (JPEG_EXTENDED, encoders::jpeg(&SHAPE, false)),
        (JPEG_2000, encoders::jpeg_2000(&SHAPE, false)),
    ]
}

async fn assert_still_decodes(transcoder: &Transcoder) {
    let frame = encoders::jpeg_ls(&SHAPE, InterleaveMode::None).into();
    let decoded = transcoder.decode(&SHAPE.describe(JPEG_LS), frame).await.unwrap();
    assert!(decoded.samples == SHAPE.bytes(&SHAPE.values()));
}

#[tokio::test]
async fn a_truncated_stream_is_an_error_and_not_half_an_image() {
    let transcoder = transcoder();
    for (syntax, stream) in streams() {
        for length in [0, 1, 20, stream.len() / 2, stream.len() - 40] {
            let cut = Bytes::copy_from_slice(&stream[..length]);
            let result = transcoder.decode(&SHAPE.describe(syntax), cut).await;
            assert!(matches!(result, Err(TranscodeError::Codec { .. })), "{syntax} cut to {length}: {result:?}");
        }
    }
    assert_still_decodes(&transcoder).await;
}

/// libjpeg tells the first of its warnings alone: a harmless one may stand in front of one that is not.
#[tokio::test]
async fn a_harmless_slip_hides_no_missing_end() {
    let transcoder = transcoder();
    let shape = grey(8, 8);
    let image = shape.describe(JPEG_BASELINE);
    let whole = encoders::jpeg(&shape, false);
    let right = transcoder.decode(&image, whole.clone().into()).await.unwrap().samples;
    // Ss, Se, Ah and Al, which mean nothing in a sequential scan.
    let scan = whole.windows(4).position(|four| four == [0xFF, 0xDA, 0, 8]).unwrap();
    let mut odd = whole.clone();
    odd[scan + 7..scan + 10].copy_from_slice(&[0, 0, 0]);
    assert!(transcoder.decode(&image, odd.clone().into()).await.unwrap().samples == right);
    // Bytes too many before the end, as some writers leave them.
    let end = whole.len() - 2;
    let spare = [&whole[..end], &[0; 20], &whole[end..]].concat();
    assert!(transcoder.decode(&image, spare.into()).await.unwrap().samples == right);
    for stream in [&whole, &odd] {
        let half = [&stream[..scan + (stream.len() - scan) / 2], &[0xFF, 0xD9]].concat();
        let result = transcoder.decode(&image, half.into()).await;
        assert!(matches!(result, Err(TranscodeError::Codec { .. })), "{result:?}");
    }
}

/// libjpeg shows what the scans before the end have: a coarse picture, and not a word of it.
#[tokio::test]
async fn a_progressive_stream_without_its_last_scans_is_no_picture() {
    let transcoder = transcoder();
    let image = grey(8, 8).describe(JPEG_BASELINE);
    let whole = encoders::progressive_jpeg(&grey(8, 8));
    assert!(transcoder.decode(&image, whole.clone().into()).await.is_ok());
    let scans: Vec<_> = (0..whole.len() - 1).filter(|&at| whole[at..at + 2] == [0xFF, 0xDA]).collect();
    assert!(scans.len() > 3, "{scans:?}");
    for &scan in &scans[1..] {
        let cut = [&whole[..scan], &[0xFF, 0xD9]].concat();
        let result = transcoder.decode(&image, cut.into()).await;
        assert!(matches!(result, Err(TranscodeError::Codec { .. })), "{result:?}");
    }
}

#[tokio::test]
async fn a_stream_that_contradicts_the_data_set_is_refused_by_name() {
    let transcoder = transcoder();
    let wrong = [
        (Shape { rows: 47, ..SHAPE }, "Rows"),
        (Shape { columns: 65_000, ..SHAPE }, "Columns"),
        (SHAPE.colour(), "SamplesPerPixel"),
        (Shape { allocated: 8, stored: 8, ..SHAPE }, "BitsAllocated"),
    ];
    for (syntax, stream) in streams() {
        for (shape, keyword) in wrong {
            let result = transcoder.decode(&shape.describe(syntax), stream.clone().into()).await;
            match result {
                Err(TranscodeError::Mismatch { attribute, .. }) => assert_eq!(attribute, keyword, "{syntax}"),
                other => panic!("{syntax} with wrong {keyword}: {other:?}"),
            }
        }
    }
}

#[tokio::test]
async fn mutated_streams_never_take_the_service_down() {
    let transcoder = transcoder();
    let mut state = 7_u32;
    let mut random = |below: usize| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 8) as usize % below
    };
    let mut refused = 0;
    for (syntax, stream) in streams() {
        let image = SHAPE.describe(syntax);
        for _ in 0..100 {
            let mut mutated = stream.clone();
            for _ in 0..1 + random(8) {
                let at = random(mutated.len());
                mutated[at] = random(256) as u8;
            }
            match transcoder.decode(&image, mutated.into()).await {
                Ok(decoded) => assert_eq!(decoded.samples.len(), SHAPE.count() * 2),
                Err(_) => refused += 1,
            }
        }
    }
    assert!(refused > 0, "no mutation was noticed");
    assert_still_decodes(&transcoder).await;
}

#[test]
fn a_frame_larger_than_any_that_is_decoded_is_refused_before_anything_is_allocated() {
    let shape = Shape { rows: 65_535, columns: 65_535, ..SHAPE };
    let result = ImageDescription::from_json(&shape.metadata(), JPEG_2000, 1);
    assert!(matches!(result, Err(TranscodeError::Mismatch { attribute, .. }) if attribute == "Rows"));
}

/// 400 bytes that declare a frame of half a gigabyte, consistently in data set and stream.
fn bomb() -> (ImageDescription, Bytes) {
    let shape = Shape { rows: 16_384, columns: 16_384, ..SHAPE };
    let mut stream = encoders::jpeg_2000(&SHAPE, false);
    stream.truncate(400);
    for at in [8, 24] {
        stream[at..at + 8].copy_from_slice(&[0, 0, 0x40, 0, 0, 0, 0x40, 0]); // image, then tile
    }
    (shape.describe(JPEG_2000), stream.into())
}

#[tokio::test]
async fn a_bomb_meets_the_memory_limit_of_its_worker() {
    let transcoder = Transcoder::start(Options { memory_limit_bytes: 256 << 20, ..options() }).unwrap();
    let (image, stream) = bomb();
    let result = transcoder.decode(&image, stream).await;
    assert!(matches!(result, Err(TranscodeError::Codec { .. } | TranscodeError::Worker(_))), "{result:?}");
    assert_still_decodes(&transcoder).await;
}

#[tokio::test]
async fn a_worker_that_runs_out_of_memory_is_replaced() {
    let transcoder = Transcoder::start(Options { memory_limit_bytes: 64 << 20, ..options() }).unwrap();
    let mut large = encoders::jpeg_ls(&SHAPE, InterleaveMode::None);
    large.resize(100 << 20, 0);
    let result = transcoder.decode(&SHAPE.describe(JPEG_LS), large.into()).await;
    assert!(matches!(result, Err(TranscodeError::Worker(_))), "{result:?}");
    assert_still_decodes(&transcoder).await;
}

/// A worker that takes a job and never answers; `alive` ends when the process does.
struct Stuck {
    folder: tempfile::TempDir,
    options: Options,
}

impl Stuck {
    fn new(time_limit: Duration) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let pipe = folder.path().join("alive");
        assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
        let script = format!("exec /bin/sleep 600 3>'{}'", pipe.display());
        let command = WorkerCommand { program: "/bin/sh".into(), args: vec!["-c".into(), script] };
        let options = Options { workers: 1, queue: 0, time_limit, command, ..options() };
        Self { folder, options }
    }

    /// Waits until the worker runs.
    async fn running(&self) -> Running {
        let pipe = self.folder.path().join("alive");
        Running(in_time(move || std::fs::File::open(pipe).unwrap()).await)
    }
}

/// The end of a pipe that the worker holds the other end of.
struct Running(std::fs::File);

impl Running {
    /// Waits until the worker is dead: then the pipe has an end.
    async fn until_dead(mut self) {
        in_time(move || self.0.read_to_end(&mut Vec::new()).unwrap()).await;
    }
}

async fn in_time<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    tokio::time::timeout(Duration::from_secs(20), tokio::task::spawn_blocking(work)).await.unwrap().unwrap()
}

fn good_frame() -> (ImageDescription, Bytes) {
    (SHAPE.describe(JPEG_LS), encoders::jpeg_ls(&SHAPE, InterleaveMode::None).into())
}

#[tokio::test]
async fn a_worker_that_is_late_is_ended() {
    let stuck = Stuck::new(Duration::from_millis(20));
    let transcoder = Transcoder::start(stuck.options.clone()).unwrap();
    let running = stuck.running().await;
    let (image, frame) = good_frame();
    let result = transcoder.decode(&image, frame).await;
    assert!(matches!(result, Err(TranscodeError::TimedOut)), "{result:?}");
    running.until_dead().await;
}

#[tokio::test]
async fn a_worker_whose_caller_has_gone_is_ended() {
    let stuck = Stuck::new(Duration::from_secs(600));
    let transcoder = Transcoder::start(stuck.options.clone()).unwrap();
    let running = stuck.running().await;
    let (image, frame) = good_frame();
    {
        let decoding = std::pin::pin!(transcoder.decode(&image, frame.clone()));
        let gave_up = tokio::time::timeout(Duration::from_millis(20), decoding).await;
        assert!(gave_up.is_err(), "{gave_up:?}");
    }
    running.until_dead().await;
    // Its place is free again: the next caller gets a new worker and is not refused.
    let next = tokio::time::timeout(Duration::from_millis(20), transcoder.decode(&image, frame)).await;
    assert!(next.is_err(), "{next:?}");
}

#[tokio::test]
async fn one_frame_more_than_the_queue_holds_is_refused_at_once() {
    let stuck = Stuck::new(Duration::from_millis(20));
    let transcoder = Transcoder::start(stuck.options.clone()).unwrap();
    let (image, frame) = good_frame();
    let (first, second) =
        tokio::join!(transcoder.decode(&image, frame.clone()), transcoder.decode(&image, frame.clone()));
    assert!(matches!(first, Err(TranscodeError::TimedOut)), "{first:?}");
    assert!(matches!(second, Err(TranscodeError::Overloaded)), "{second:?}");
}

#[tokio::test]
async fn a_worker_that_can_not_be_started_is_noticed_at_the_start() {
    let command = WorkerCommand { program: "/nonexistent".into(), args: Vec::new() };
    let result = Transcoder::start(Options { command, ..options() });
    assert!(matches!(result, Err(TranscodeError::Worker(_))));
}

#[tokio::test]
async fn a_worker_that_says_anything_else_is_not_believed() {
    // Twelve bytes that announce a header of four gigabytes; and a program that ends without a word.
    for script in ["printf '\\377\\377\\377\\377\\377\\377\\377\\377\\377\\377\\377\\377'; exec cat", "exit 0"] {
        let command = WorkerCommand { program: "/bin/sh".into(), args: vec!["-c".into(), script.into()] };
        let transcoder = Transcoder::start(Options { command, ..options() }).unwrap();
        let (image, frame) = good_frame();
        let result = transcoder.decode(&image, frame).await;
        assert!(matches!(result, Err(TranscodeError::Worker(_))), "{result:?}");
    }
}
