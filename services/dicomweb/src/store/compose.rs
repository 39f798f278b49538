//! One instance of metadata and bulk data: PS3.18 §10.5.2.

use std::ops::Range;

use dicom_core::{Tag, VR};
use index_compose::pixels::{self, Encapsulation, raster};
use index_compose::{Bulk, DataSet, Fault, Piece, Value, encode, from_xml, names, part10_header};
use index_model::{Uid, transfer_syntax};
use registry::{Object, Spool};
use serde_json::value::RawValue;

use super::links::{BulkPart, Links};
use super::metadata::Form;
use super::objects::no_room;
use super::outcome::{Failure, Keys, reason};
use super::unpacked::{UNPACKED, unpacked};

const SOP_CLASS_UID: Tag = Tag(0x0008, 0x0016);
const SOP_INSTANCE_UID: Tag = Tag(0x0008, 0x0018);
const ENCAPSULATED_DOCUMENT: Tag = Tag(0x0042, 0x0011);
const DOCUMENT_LENGTH: Tag = Tag(0x0042, 0x0015);
const PIXEL_DATA: Tag = Tag(0x7FE0, 0x0010);
/// Pixel data are copied in runs of so many bytes.
const RUN_BYTES: usize = 1 << 20;

/// The metadata of one instance, within the body.
pub(super) struct Text {
    pub(super) body: Object,
    pub(super) form: Form,
    pub(super) bytes: Range<u64>,
}

/// A run of the body.
pub(super) fn slice<'a>(body: &'a Object, bytes: &Range<u64>) -> &'a [u8] {
    let at = |offset: u64| usize::try_from(offset).ok();
    let range = at(bytes.start).zip(at(bytes.end));
    range.and_then(|(start, end)| body.get(start..end)).unwrap_or_default()
}

/// Composes one instance as a Part 10 file; else what it calls itself, and why it can't be. `spools` makes room for it, and for pixels that
/// have to be unpacked first.
pub(super) fn compose(text: &Text, links: &Links, spools: &dyn Fn() -> Spool) -> Result<Object, (Keys, Failure)> {
    let (keys, data_set) = read(text);
    let composed = data_set.map_err(|fault| Failure::from(&fault)).and_then(|data_set| {
        let file = Composer { body: &text.body, links, spools }.file(data_set)?;
        write(&text.body, &file, spools())
    });
    composed.map_err(|failure| (keys, failure))
}

fn read(text: &Text) -> (Keys, Result<DataSet, Fault>) {
    let bytes = slice(&text.body, &text.bytes);
    let uid = |text: Option<&str>| Uid::parse(text?).ok();
    let keys = |class: Option<&str>, instance: Option<&str>| Keys {
        sop_class: uid(class),
        sop_instance: uid(instance),
        ..Keys::default()
    };
    match text.form {
        Form::Json => {
            let raw: Result<&RawValue, _> = serde_json::from_slice(bytes);
            let Ok(raw) = raw else { return (Keys::default(), DataSet::from_json(RawValue::NULL)) };
            let (class, instance) = names(raw);
            (keys(class.as_deref(), instance.as_deref()), DataSet::from_json(raw))
        }
        Form::Xml => {
            let data_set = from_xml(bytes);
            let named = |tag| data_set.as_ref().ok().and_then(|data_set| data_set.text(tag));
            (keys(named(SOP_CLASS_UID), named(SOP_INSTANCE_UID)), data_set)
        }
    }
}

impl From<&Fault> for Failure {
    fn from(fault: &Fault) -> Self {
        Self::new(reason::CANNOT_UNDERSTAND, format!("{}: {}", fault.attribute, fault.rule))
    }
}

/// Header and pieces of a file.
struct File {
    header: Vec<u8>,
    pieces: Vec<Piece>,
    /// What lies behind the body.
    unpacked: Option<Object>,
}

struct Composer<'a> {
    body: &'a Object,
    links: &'a Links,
    spools: &'a dyn Fn() -> Spool,
}

/// Pixel data as they will be stored.
pub(super) struct Pixels {
    pub(super) transfer_syntax_uid: String,
    /// The frames, when they are compressed.
    pub(super) frames: Option<Vec<Bulk>>,
    /// What had to be unpacked, and where it is as if it were behind the body.
    pub(super) unpacked: Option<(Object, Bulk)>,
}

impl Composer<'_> {
    fn file(&self, mut data_set: DataSet) -> Result<File, Failure> {
        let pixels = self.pixels(&mut data_set)?;
        self.measure_document(&mut data_set);
        let uid = |tag| {
            let text = data_set.text(tag).ok_or_else(|| Fault::of(tag, "is missing"))?;
            Uid::parse(text).map_err(|_| Fault::of(tag, "is not a unique identifier"))
        };
        let (class, instance) = uid(SOP_CLASS_UID)
            .and_then(|class| uid(SOP_INSTANCE_UID).map(|instance| (class, instance)))
            .map_err(|fault| Failure::from(&fault))?;
        let bulk = |uri: &str| match &pixels.unpacked {
            Some((_, bulk)) if uri == UNPACKED => Some(*bulk),
            _ => self.links.only(uri).map(BulkPart::bulk),
        };
        let pieces = encode(&data_set, pixels.frames.as_deref(), &bulk).map_err(|fault| Failure::from(&fault))?;
        let header = part10_header(class.as_str(), instance.as_str(), &pixels.transfer_syntax_uid, None);
        Ok(File { header, pieces, unpacked: pixels.unpacked.map(|(object, _)| object) })
    }

    /// The length of a document whose value gets a byte more to be even (PS3.3 §C.24.2): who reads it shall not take that for its own.
    fn measure_document(&self, data_set: &mut DataSet) {
        let Some(Value::Bulk(uri)) = data_set.get(ENCAPSULATED_DOCUMENT).map(|element| &element.value) else { return };
        let length = self.links.only(uri).and_then(|part| u32::try_from(part.bulk().length).ok());
        if let Some(length) = length.filter(|length| length % 2 == 1 && data_set.get(DOCUMENT_LENGTH).is_none()) {
            data_set.put(DOCUMENT_LENGTH, VR::UL, Value::Bytes(length.to_le_bytes().to_vec()));
        }
    }

    /// Decides how pixel data are stored, and says of the image what the metadata leave out.
    fn pixels(&self, data_set: &mut DataSet) -> Result<Pixels, Failure> {
        let native = || Pixels {
            transfer_syntax_uid: transfer_syntax::EXPLICIT_VR_LITTLE_ENDIAN.to_owned(),
            frames: None,
            unpacked: None,
        };
        let Some(Value::Bulk(uri)) = data_set.get(PIXEL_DATA).map(|element| &element.value) else {
            return Ok(native());
        };
        let parts = self.links.frames(uri);
        let Some(first) = parts.first().copied() else { return Ok(native()) };
        let stated = first.transfer_syntax().filter(|uid| *uid != "*");
        let refused = |rule: &str| Failure::new(reason::TRANSFER_SYNTAX_NOT_SUPPORTED, format!("PixelData: {rule}"));
        match first.essence() {
            "application/octet-stream" if parts.len() > 1 => {
                Err(Failure::new(reason::CANNOT_UNDERSTAND, "PixelData: has several uncompressed parts of one address"))
            }
            "application/octet-stream" => match stated {
                None
                | Some(transfer_syntax::EXPLICIT_VR_LITTLE_ENDIAN | transfer_syntax::IMPLICIT_VR_LITTLE_ENDIAN) => {
                    match pixels::native_bytes(data_set) {
                        // The byte that makes its length even would else pass for a pixel.
                        Some(needed) if first.bulk().length < needed => Err(Failure::new(
                            reason::CANNOT_UNDERSTAND,
                            "PixelData: is shorter than Rows, Columns and the rest say",
                        )),
                        _ => Ok(native()),
                    }
                }
                Some(_) => Err(refused("is compressed or big endian, and its part is application/octet-stream")),
            },
            essence if pixels::is_compressed(essence) => {
                let stream = slice(self.body, &first.bytes);
                let found = pixels::encapsulation(essence, stated, stream).map_err(refused)?;
                let contradiction = found.image.as_ref().filter(|_| !pixels::is_video(essence));
                if let Some((keyword, rule)) = contradiction.and_then(|image| pixels::contradiction(data_set, image)) {
                    return Err(Failure::new(reason::CANNOT_UNDERSTAND, format!("{keyword}: {rule}")));
                }
                let frames = self.frames(&parts, essence, stated, &found)?;
                let count = if pixels::is_video(essence) { found.frames.unwrap_or(1) } else { frames.len() };
                let bytes = frames.iter().map(|frame| frame.length).sum();
                pixels::describe(data_set, found.image.as_ref(), count, found.transfer_syntax_uid, bytes);
                if let Some(keyword) = pixels::missing(data_set) {
                    let rule = format!("{keyword}: is missing, and its compressed stream does not say it");
                    return Err(Failure::new(reason::CANNOT_UNDERSTAND, rule));
                }
                let transfer_syntax_uid = found.transfer_syntax_uid.to_owned();
                Ok(Pixels { transfer_syntax_uid, frames: Some(frames), unpacked: None })
            }
            essence if raster::is_raster(essence) => {
                if parts.iter().any(|part| part.essence() != essence) {
                    return Err(refused("has frames of several media types"));
                }
                unpacked(self.body, &parts, data_set, (self.spools)())
            }
            _ => Err(refused("is of a media type that is not stored (PS3.18 tables 8.7.3-5 and 10.5.2-1)")),
        }
    }

    /// The code stream of each frame; all must be of the first one's kind.
    fn frames(
        &self,
        parts: &[&BulkPart],
        essence: &str,
        stated: Option<&str>,
        first: &Encapsulation,
    ) -> Result<Vec<Bulk>, Failure> {
        let frame = |part: &&BulkPart| {
            if part.essence() != essence || part.transfer_syntax().filter(|uid| *uid != "*") != stated {
                return Err("has frames of several media types");
            }
            let whole = part.bulk();
            if first.stream.start == 0 {
                return Ok(whole);
            }
            let bytes = slice(self.body, &part.bytes);
            let found = pixels::encapsulation(essence, stated, bytes)?;
            Ok(Bulk { offset: whole.offset + found.stream.start as u64, length: found.stream.len() as u64 })
        };
        let frames: Result<Vec<_>, &str> = parts.iter().map(frame).collect();
        frames.map_err(|rule| Failure::new(reason::TRANSFER_SYNTAX_NOT_SUPPORTED, format!("PixelData: {rule}")))
    }
}

fn write(body: &Object, file: &File, mut spool: Spool) -> Result<Object, Failure> {
    let limit = spool.limit_bytes();
    let mut put = |bytes: &[u8]| spool.write(bytes).map_err(|error| no_room(&error, limit));
    put(&file.header)?;
    for piece in &file.pieces {
        match piece {
            Piece::Bytes(bytes) => put(bytes)?,
            Piece::Bulk(Bulk { offset, length }) => {
                let behind = offset.checked_sub(body.len() as u64).zip(file.unpacked.as_ref());
                let (of, offset) = behind.map_or((body, *offset), |(offset, unpacked)| (unpacked, offset));
                slice(of, &(offset..offset + length)).chunks(RUN_BYTES).try_for_each(&mut put)?;
            }
        }
    }
    spool.finish().map_err(|error| no_room(&error, limit))
}
