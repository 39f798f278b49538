//! Compressed pixel data that come as a media type: PS3.18 §8.7.3.3.2 and §10.5.2.

mod jpeg;
mod jpeg2000;
mod lossy;
pub mod raster;
mod rle;
mod video;

use std::ops::Range;

use dicom_core::VR;
use dicom_dictionary_std::tags;

pub use lossy::always_loses;

use crate::{DataSet, Tag, Value};

/// Table 8.7.3-5: the transfer syntaxes of each media type, the default first.
const MEDIA_TYPES: [(&str, &[&str]); 10] = [
    (
        "image/jpeg",
        &["1.2.840.10008.1.2.4.70", "1.2.840.10008.1.2.4.50", "1.2.840.10008.1.2.4.51", "1.2.840.10008.1.2.4.57"],
    ),
    ("image/dicom-rle", &["1.2.840.10008.1.2.5"]),
    ("image/jls", &["1.2.840.10008.1.2.4.80", "1.2.840.10008.1.2.4.81"]),
    ("image/jp2", &["1.2.840.10008.1.2.4.90", "1.2.840.10008.1.2.4.91"]),
    ("image/jpx", &["1.2.840.10008.1.2.4.92", "1.2.840.10008.1.2.4.93"]),
    ("image/jphc", &["1.2.840.10008.1.2.4.201", "1.2.840.10008.1.2.4.202", "1.2.840.10008.1.2.4.203"]),
    ("image/jxl", &["1.2.840.10008.1.2.4.112", "1.2.840.10008.1.2.4.110", "1.2.840.10008.1.2.4.111"]),
    (
        "video/mpeg",
        &[
            "1.2.840.10008.1.2.4.100",
            "1.2.840.10008.1.2.4.101",
            "1.2.840.10008.1.2.4.100.1",
            "1.2.840.10008.1.2.4.101.1",
        ],
    ),
    (
        "video/mp4",
        &[
            "1.2.840.10008.1.2.4.102",
            "1.2.840.10008.1.2.4.103",
            "1.2.840.10008.1.2.4.104",
            "1.2.840.10008.1.2.4.105",
            "1.2.840.10008.1.2.4.106",
            "1.2.840.10008.1.2.4.107",
            "1.2.840.10008.1.2.4.108",
            "1.2.840.10008.1.2.4.102.1",
            "1.2.840.10008.1.2.4.103.1",
            "1.2.840.10008.1.2.4.104.1",
            "1.2.840.10008.1.2.4.105.1",
            "1.2.840.10008.1.2.4.106.1",
        ],
    ),
    ("video/h265", &["1.2.840.10008.1.2.4.107", "1.2.840.10008.1.2.4.108"]),
];

/// The name that the standard gives a media type now, whose name in earlier editions may be given; any other as it is.
pub fn present_name(media_type: &str) -> &str {
    let former = FORMER.iter().find(|(former, _)| former.eq_ignore_ascii_case(media_type));
    former.map_or(media_type, |(_, now)| now)
}

/// Names that earlier editions gave to media types, and their names now.
const FORMER: [(&str, &str); 4] = [
    ("image/x-jls", "image/jls"),
    ("image/x-dicom-rle", "image/dicom-rle"),
    ("image/dicom+rle", "image/dicom-rle"),
    ("video/mpeg2", "video/mpeg"),
];

/// What a code stream says of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Image {
    /// Rows (0028,0010).
    pub rows: u16,
    /// Columns (0028,0011).
    pub columns: u16,
    /// SamplesPerPixel (0028,0002).
    pub samples: u16,
    /// BitsStored (0028,0101).
    pub bits_stored: u16,
    /// PixelRepresentation (0028,0103) is 1.
    pub signed: bool,
    /// PhotometricInterpretation (0028,0004).
    pub photometric: &'static str,
}

/// How compressed pixel data are to be stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Encapsulation {
    /// TransferSyntaxUID.
    pub transfer_syntax_uid: &'static str,
    /// What may be said of the image where the metadata say nothing.
    pub image: Option<Image>,
    /// Frames of a video.
    pub frames: Option<usize>,
    /// The code stream within the data: without the boxes of a file around it (PS3.5 §A.4.4).
    pub stream: Range<usize>,
}

/// Whether a media type is one of compressed pixel data.
pub fn is_compressed(media_type: &str) -> bool {
    syntaxes(media_type).is_some()
}

/// Whether frames of this media type are parts of one stream.
pub fn is_video(media_type: &str) -> bool {
    media_type.starts_with("video/")
}

fn syntaxes(media_type: &str) -> Option<&'static [&'static str]> {
    let name = present_name(media_type);
    MEDIA_TYPES.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, syntaxes)| *syntaxes)
}

/// How the first frame of a media type, perhaps with a `transfer-syntax` parameter, is encapsulated.
///
/// # Errors
/// The rule that is broken: a syntax that is not the media type's, or a stream that no transfer syntax covers.
pub fn encapsulation(
    media_type: &str,
    transfer_syntax: Option<&str>,
    first: &[u8],
) -> Result<Encapsulation, &'static str> {
    let known =
        syntaxes(media_type).ok_or("is of a media type for which PS3.18 table 8.7.3-5 has no transfer syntax")?;
    let stated = match transfer_syntax {
        None => None,
        Some(stated) => {
            let of_type = known.iter().find(|uid| **uid == stated);
            Some(*of_type.ok_or("has a transfer-syntax that its media type does not have (PS3.18 table 8.7.3-5)")?)
        }
    };
    let Found { uid: found, image, frames, stream } = look(known[0], known[known.len() - 1], first)?;
    let of_type = found.filter(|uid| known.contains(uid));
    if found.is_some() && of_type.is_none() && stated.is_none() {
        return Err("is a stream of another media type than its part says");
    }
    if is_video(media_type) && found.is_none() && image.is_some() && stated.is_none() {
        return Err("is of a profile or level that no transfer syntax has");
    }
    if let (Some(stated), Some(found)) = (stated, found)
        && !is_video(media_type)
        && !covers(stated, found)
    {
        return Err("is a stream of another process than its transfer-syntax says");
    }
    // What the client states is what it made; the stream decides where nothing is stated.
    let transfer_syntax_uid = stated.or(of_type).unwrap_or(known[0]);
    Ok(Encapsulation { transfer_syntax_uid, image, frames, stream })
}

/// Whether a stream that is of one syntax may be called by another: one that allows it and more (PS3.5 §A.4). What has lost something
/// is never called lossless.
fn covers(stated: &str, found: &str) -> bool {
    let end = |uid: &str| uid.strip_prefix("1.2.840.10008.1.2.4.").and_then(|end| end.parse::<u16>().ok());
    stated == found
        || matches!(
            (end(stated), end(found)),
            (Some(51), Some(50))
                | (Some(57), Some(70))
                | (Some(81), Some(80))
                | (Some(91), Some(90))
                | (Some(93), Some(92))
                | (Some(202 | 203), Some(201))
        )
}

/// What a stream says.
struct Found {
    uid: Option<&'static str>,
    image: Option<Image>,
    frames: Option<usize>,
    stream: Range<usize>,
}

/// Reads a stream of the media type whose syntaxes begin with `default` and end with `last`.
fn look(default: &'static str, last: &'static str, first: &[u8]) -> Result<Found, &'static str> {
    let found = |uid, image| Found { uid, image, frames: None, stream: 0..first.len() };
    Ok(match default {
        "1.2.840.10008.1.2.4.70" | "1.2.840.10008.1.2.4.80" => {
            let header = jpeg::read(first).ok_or("is no JPEG stream")?;
            let uid = header.transfer_syntax_uid.ok_or("is of a JPEG process that no transfer syntax has")?;
            found(Some(uid), Some(header.image))
        }
        "1.2.840.10008.1.2.4.90" | "1.2.840.10008.1.2.4.92" | "1.2.840.10008.1.2.4.201" => {
            let stream = jpeg2000::code_stream(first).ok_or("is no JPEG 2000 code stream")?;
            let header = jpeg2000::read(&first[stream.clone()]).ok_or("is no JPEG 2000 code stream")?;
            Found { stream, ..found(Some(if header.reversible { default } else { last }), Some(header.image)) }
        }
        "1.2.840.10008.1.2.4.100" | "1.2.840.10008.1.2.4.102" | "1.2.840.10008.1.2.4.107" => {
            // What can't be read of a video is for the metadata to say.
            let header = if default.ends_with("100") { video::mpeg2(first) } else { video::mp4(first) };
            header.map_or_else(
                || found(None, None),
                |header| Found { frames: header.frames, ..found(header.transfer_syntax_uid, Some(header.image)) },
            )
        }
        "1.2.840.10008.1.2.5" if !rle::begins(first) => return Err("is no RLE stream (PS3.5 annex G)"),
        _ => found(None, None),
    })
}

/// How many bytes uncompressed pixel data have by the Image Pixel module (PS3.5 §8.1.1); `None` where it does not say.
pub fn native_bytes(data_set: &DataSet) -> Option<u64> {
    let number = |tag| data_set.number(tag).map(u64::from);
    let frames = match data_set.text(tags::NUMBER_OF_FRAMES) {
        Some(text) => text.parse().ok()?,
        None => 1,
    };
    let samples = match data_set.text(tags::PHOTOMETRIC_INTERPRETATION) {
        Some("YBR_FULL_422" | "YBR_PARTIAL_422") => 2,
        Some("YBR_PARTIAL_420") => return None,
        _ => number(tags::SAMPLES_PER_PIXEL).unwrap_or(1),
    };
    let factors = [number(tags::COLUMNS)?, samples, number(tags::BITS_ALLOCATED)?, frames];
    let bits = factors.into_iter().try_fold(number(tags::ROWS)?, u64::checked_mul)?;
    Some(bits.div_ceil(8))
}

/// What the metadata say of an image and its stream does not: an attribute, and the rule. Frames of such an image could never be decoded.
pub fn contradiction(data_set: &DataSet, image: &Image) -> Option<(&'static str, &'static str)> {
    let differs = |tag, value: u16| data_set.number(tag).is_some_and(|number| number != value);
    let rule = "is not what the compressed stream says";
    [
        ("Rows", tags::ROWS, image.rows),
        ("Columns", tags::COLUMNS, image.columns),
        ("SamplesPerPixel", tags::SAMPLES_PER_PIXEL, image.samples),
    ]
    .into_iter()
    .find_map(|(keyword, tag, value)| differs(tag, value).then_some((keyword, rule)))
    .or_else(|| {
        // A stream may be deeper than what is stored in it, not than the container.
        let container = data_set.number(tags::BITS_ALLOCATED)?;
        (image.bits_stored > container).then_some(("BitsAllocated", "is less than the compressed stream has"))
    })
}

/// What an image can't be without and neither the metadata nor the stream say: its keyword.
pub fn missing(data_set: &DataSet) -> Option<&'static str> {
    let needed = [
        ("Rows", tags::ROWS),
        ("Columns", tags::COLUMNS),
        ("SamplesPerPixel", tags::SAMPLES_PER_PIXEL),
        ("PhotometricInterpretation", tags::PHOTOMETRIC_INTERPRETATION),
        ("BitsAllocated", tags::BITS_ALLOCATED),
        ("BitsStored", tags::BITS_STORED),
    ];
    needed.into_iter().find_map(|(keyword, tag)| data_set.get(tag).is_none().then_some(keyword))
}

/// Completes the Image Pixel module from the stream where the metadata left it out (PS3.18 §10.5.2), counts the frames, and says that
/// the compression to so many bytes lost something where it did, how, and by which ratio (PS3.3 C.7.6.1.1.5).
pub fn describe(data_set: &mut DataSet, image: Option<&Image>, frames: usize, transfer_syntax_uid: &str, bytes: u64) {
    if let Some(image) = image.filter(|_| data_set.get(tags::ROWS).is_none()) {
        let mut number = |tag: Tag, value: u16| data_set.put(tag, VR::US, Value::Bytes(value.to_le_bytes().to_vec()));
        number(tags::SAMPLES_PER_PIXEL, image.samples);
        if image.samples > 1 {
            number(tags::PLANAR_CONFIGURATION, 0);
        }
        number(tags::ROWS, image.rows);
        number(tags::COLUMNS, image.columns);
        number(tags::BITS_ALLOCATED, if image.bits_stored > 8 { 16 } else { 8 });
        number(tags::BITS_STORED, image.bits_stored);
        number(tags::HIGH_BIT, image.bits_stored - 1);
        number(tags::PIXEL_REPRESENTATION, u16::from(image.signed));
        data_set.put(tags::PHOTOMETRIC_INTERPRETATION, VR::CS, Value::Bytes(image.photometric.into()));
    }
    if frames > 1 && data_set.get(tags::NUMBER_OF_FRAMES).is_none() {
        data_set.put(tags::NUMBER_OF_FRAMES, VR::IS, Value::Bytes(frames.to_string().into_bytes()));
    }
    lossy::describe(data_set, transfer_syntax_uid, bytes);
}

/// Two bytes, the higher first.
fn be16(bytes: &[u8], at: usize) -> Option<u16> {
    bytes.get(at..at + 2)?.first_chunk().map(|pair| u16::from_be_bytes(*pair))
}

/// Four bytes, the highest first.
fn be32(bytes: &[u8], at: usize) -> Option<u32> {
    bytes.get(at..at + 4)?.first_chunk().map(|four| u32::from_be_bytes(*four))
}
