//! Compared with independent software: `tests/referee.py` decodes and renders the images of pydicom's own tests, and encodes
//! images of its own with encoders that are not ours. What we encode, it reads back.
//!
//! The images are installed by pinned version and hash into `target/test-data/referee`, on the first run. Where they can't be,
//! the test says so and passes, unless `REQUIRE_REFEREE` is set.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use bytes::Bytes;
use serde::Deserialize;
use serde_json::{Map, Value};
use transcode::{DecodedFrame, ImageDescription, PhotometricInterpretation, RenderOptions, RenderedMedia, Transcoder};

use crate::encode::{TARGETS, shapes};
use crate::render::read_png;
use crate::support::{EXPLICIT_LE, options};

/// A frame, and what the referee makes of it: files of little endian samples, where there are any.
#[derive(Deserialize)]
struct Case {
    name: String,
    transfer_syntax_uid: String,
    metadata: Map<String, Value>,
    frame: u32,
    stored: String,
    /// As the decoder left them.
    raw: Option<String>,
    /// Converted to RGB.
    rgb: Option<String>,
    /// 8-bit grey, or the colours of a palette.
    rendered: Option<String>,
    lossy: bool,
}

/// The folder of the cases, made on the first run; `None` where it can't be.
fn cases() -> Option<PathBuf> {
    let package = Path::new(env!("CARGO_MANIFEST_DIR"));
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).parent()?.join("test-data/referee");
    let script = package.join("tests/referee.py");
    let made_by = folder.join("made-by");
    let wanted = std::fs::read_to_string(&script).ok()?;
    if std::fs::read_to_string(&made_by).ok().as_ref() != Some(&wanted) {
        let made = Command::new("python3").arg(script).arg(&folder).status().is_ok_and(|status| status.success());
        if !made {
            return None;
        }
        std::fs::write(made_by, wanted).ok()?;
    }
    Some(folder.join("cases"))
}

/// What went wrong with a case, if anything.
struct Judge {
    folder: PathBuf,
    transcoder: Arc<Transcoder>,
}

/// Lossy decoders differ in rounding, and in how they double chrominance.
const LOSSY_TOLERANCE: u8 = 6;
const SUBSAMPLED_TOLERANCE: u8 = 32;

impl Judge {
    fn read(&self, name: &str) -> Bytes {
        std::fs::read(self.folder.join(name)).unwrap().into()
    }

    async fn judge(&self, case: &Case) -> Result<(), String> {
        let expects = case.raw.is_some();
        let image = match ImageDescription::from_json(&case.metadata, &case.transfer_syntax_uid, case.frame) {
            Ok(image) => image,
            Err(error) => return if expects { Err(error.to_string()) } else { Ok(()) },
        };
        let mut stored = self.read(&case.stored);
        if matches!(
            case.transfer_syntax_uid.as_str(),
            "1.2.840.10008.1.2" | "1.2.840.10008.1.2.1" | "1.2.840.10008.1.2.2" | "1.2.840.10008.1.2.1.99"
        ) {
            let range = image.native_frame_range();
            stored = stored.slice((range.start as usize).min(stored.len())..(range.end as usize).min(stored.len()));
        }
        match self.transcoder.decode(&image, stored.clone()).await {
            Ok(_) if !expects => Ok(()), // the referee gave up; it is enough that we live
            Ok(decoded) => {
                self.compare_samples(case, &image, &decoded)?;
                self.compare_rendering(case, image, stored).await
            }
            Err(error) if expects => Err(error.to_string()),
            Err(_) => Ok(()),
        }
    }

    fn compare_samples(&self, case: &Case, image: &ImageDescription, decoded: &DecodedFrame) -> Result<(), String> {
        let is_rgb = decoded.photometric_interpretation == PhotometricInterpretation::Rgb;
        let Some(expected) = (if is_rgb { case.rgb.as_ref() } else { case.raw.as_ref() }) else { return Ok(()) };
        let expected = self.read(expected);
        if expected.len() != decoded.samples.len() {
            return Err(format!("{} bytes, not {}", decoded.samples.len(), expected.len()));
        }
        if !case.lossy {
            let differ = expected.iter().zip(&decoded.samples).filter(|(a, b)| a != b).count();
            let is_native = image.transfer_syntax_uid.as_str() <= "1.2.840.10008.1.2.2";
            let is_only_unused_bits = is_native && image.bits_allocated == 16 && {
                // pydicom leaves what is in unused bits; we don't.
                let stored = u16::MAX >> (16 - image.bits_stored);
                let differ = |(a, b): (u16, u16)| (a ^ b) & stored != 0;
                !words(&expected).zip(words(&decoded.samples)).any(differ)
            };
            return if differ == 0 || is_only_unused_bits { Ok(()) } else { Err(format!("{differ} bytes differ")) };
        }
        let (worst, tolerance) = match decoded.format.bytes() {
            1 => (worst(&expected, &decoded.samples), if is_rgb { SUBSAMPLED_TOLERANCE } else { LOSSY_TOLERANCE }),
            _ => {
                let pairs = words(&expected).zip(words(&decoded.samples));
                let differences = pairs.map(|(a, b)| a.abs_diff(b));
                (differences.max().unwrap_or(0).min(255) as u8, LOSSY_TOLERANCE)
            }
        };
        if worst <= tolerance { Ok(()) } else { Err(format!("off by {worst}")) }
    }

    async fn compare_rendering(&self, case: &Case, mut image: ImageDescription, stored: Bytes) -> Result<(), String> {
        // The referee doesn't stretch pixels.
        image.pixel_aspect = None;
        let options = RenderOptions { media: RenderedMedia::Png, ..RenderOptions::default() };
        let picture =
            self.transcoder.render(&image, stored, &options).await.map_err(|error| format!("rendering: {error}"))?;
        let (_, _, channels, pixels) = read_png(&picture.bytes);
        let (expected, tolerance) = match (&case.rendered, &case.rgb) {
            (Some(rendered), _) => (self.read(rendered), 1),
            (None, Some(rgb)) if channels == 3 && image.bits_allocated == 8 => {
                (self.read(rgb), if case.lossy { SUBSAMPLED_TOLERANCE } else { 2 })
            }
            _ => return Ok(()),
        };
        if expected.len() != pixels.len() {
            return Err(format!("rendering has {} bytes, not {}", pixels.len(), expected.len()));
        }
        match worst(&expected, &pixels) {
            off if off <= tolerance => Ok(()),
            off => Err(format!("rendering is off by {off}")),
        }
    }
}

fn words(bytes: &[u8]) -> impl Iterator<Item = u16> + '_ {
    bytes.chunks_exact(2).map(|word| u16::from_le_bytes([word[0], word[1]]))
}

fn worst(a: &[u8], b: &[u8]) -> u8 {
    a.iter().zip(b).map(|(a, b)| a.abs_diff(*b)).max().unwrap_or(0)
}

#[tokio::test]
async fn frames_are_what_independent_software_makes_of_them() {
    let Some(folder) = cases() else {
        assert!(std::env::var_os("REQUIRE_REFEREE").is_none(), "the referee's packages can't be installed");
        eprintln!("NOT TESTED: the referee's packages can't be installed here");
        return;
    };
    let cases: Vec<Case> = serde_json::from_slice(&std::fs::read(folder.join("manifest.json")).unwrap()).unwrap();
    assert!(cases.len() > 100, "the referee has too few cases: {}", cases.len());
    let judge = Judge { folder, transcoder: Transcoder::start(options()).unwrap() };
    let mut wrong = Vec::new();
    for case in &cases {
        if let Err(what) = judge.judge(case).await {
            wrong.push(format!("{} frame {} ({}): {what}", case.name, case.frame, case.transfer_syntax_uid));
        }
    }
    assert!(wrong.is_empty(), "{} of {} cases:\n{}", wrong.len(), cases.len(), wrong.join("\n"));
}

/// Encodes every shape into every lossless syntax, for the referee to decode. Gives the number of frames.
async fn write_encoded(folder: &Path) -> usize {
    let transcoder = Transcoder::start(options()).unwrap();
    let mut frames = Vec::new();
    for shape in shapes() {
        let samples = shape.bytes(&shape.values());
        for target in TARGETS {
            let encoded =
                transcoder.encode(&shape.describe(EXPLICIT_LE), samples.clone().into(), target).await.unwrap();
            let name = frames.len().to_string();
            std::fs::write(folder.join(format!("{name}.encoded")), &encoded).unwrap();
            std::fs::write(folder.join(format!("{name}.samples")), &samples).unwrap();
            let metadata = shape.metadata();
            frames.push(serde_json::json!({"name": name, "transfer_syntax_uid": target, "metadata": metadata}));
        }
    }
    std::fs::write(folder.join("manifest.json"), serde_json::to_vec(&frames).unwrap()).unwrap();
    frames.len()
}

#[tokio::test]
async fn independent_software_reads_what_is_encoded() {
    if cases().is_none() {
        assert!(std::env::var_os("REQUIRE_REFEREE").is_none(), "the referee's packages can't be installed");
        eprintln!("NOT TESTED: the referee's packages can't be installed here");
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let count = write_encoded(folder.path()).await;
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/referee.py");
    let told = Command::new("python3").arg(script).arg(folder.path()).arg("--read-back").output().unwrap();
    let said = String::from_utf8_lossy(&told.stdout);
    assert!(told.status.success(), "{said}{}", String::from_utf8_lossy(&told.stderr));
    assert_eq!(said.trim(), format!("{count} frames are exact"));
}
