//! An object rewritten in an uncompressed transfer syntax: Explicit VR Little Endian, the default of PS3.18 §8.7.3.5.2, or Implicit VR
//! Little Endian, the default of DIMSE (PS3.5 §10.1).
//!
//! What is not compressed is rewritten element by element. The frames of what is are left out here, and sent after
//! [`Rewritten::head`] one by one as they are decoded. So are all frames of what is sent encapsulated ([`rewrite_around`]).

use std::borrow::Cow;
use std::ops::Range;

use index_guard::{DataSet, Kind, Limits, Node, Structure, Tag, VR, VirtualVr, scan_file};

use crate::Uncompressed;

const PIXEL_DATA: Tag = Tag(0x7FE0, 0x0010);
const BITS_ALLOCATED: Tag = Tag(0x0028, 0x0100);
const PHOTOMETRIC_INTERPRETATION: Tag = Tag(0x0028, 0x0004);
const PLANAR_CONFIGURATION: Tag = Tag(0x0028, 0x0006);
const ICON_IMAGE_SEQUENCE: Tag = Tag(0x0088, 0x0200);
const LOSSY_IMAGE_COMPRESSION: Tag = Tag(0x0028, 0x2110);
const PIXEL_REPRESENTATION: Tag = Tag(0x0028, 0x0103);
/// Trailing padding and what belongs to the stored encoding alone: extended offset tables (PS3.3 §C.7.6.3.1.8).
const LEFT_OUT: [Tag; 3] = [Tag(0x7FE0, 0x0001), Tag(0x7FE0, 0x0002), Tag(0xFFFC, 0xFFFC)];

/// A rewritten object.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Rewritten {
    /// From the preamble to what [`Pixels`] says; everything when they are within it.
    pub(crate) head: Vec<u8>,
    /// What belongs between head and tail.
    pub(crate) pixels: Pixels,
    /// What comes after the pixel data.
    pub(crate) tail: Vec<u8>,
}

/// The pixels of a rewritten object.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) enum Pixels {
    /// There are none, or their samples had to be turned around, and are in the head.
    #[default]
    Within,
    /// These bytes of the stored object, which nobody needs to copy: the header of their element is the head's last.
    AsStored(Range<usize>),
    /// Decoded frames, with the header of their element.
    Frames,
}

/// Rewrites an object. `photometric_interpretation` is what decoded frames have. `None` when the object can't be read, or has compressed
/// pixels where no frame can be asked for.
pub(crate) fn rewrite(object: &[u8], photometric_interpretation: &str, form: Uncompressed) -> Option<Rewritten> {
    let structure = scan_file(object, &Limits::default()).ok()?;
    let mut out = Rewritten { head: meta(&structure, object, form.transfer_syntax_uid()), ..Rewritten::default() };
    let pixel_word = pixel_word(structure.data_set(object));
    let signed = is_signed(structure.data_set(object));
    let lies_there = structure.inflated.is_none();
    for node in structure.data_set(object).iter() {
        let is_first = out.pixels == Pixels::Within;
        let into = if is_first { &mut out.head } else { &mut out.tail };
        match node.tag() {
            PIXEL_DATA if node.element.kind == Kind::Fragments => out.pixels = Pixels::Frames,
            PIXEL_DATA => match value(&node, pixel_word) {
                Cow::Borrowed(samples) if lies_there && is_first => {
                    form.header(into, PIXEL_DATA, vr(&node), samples.len());
                    let start = usize::try_from(node.element.offset).ok()?;
                    out.pixels = Pixels::AsStored(start..start + samples.len());
                    // An odd value is read leniently, and made even (PS3.5 §7.1.1).
                    out.tail.extend(std::iter::repeat_n(0, samples.len() % 2));
                }
                samples => form.element(into, PIXEL_DATA, vr(&node), &samples),
            },
            tag if LEFT_OUT.contains(&tag) => {}
            _ => write(into, node, form, signed)?,
        }
    }
    if out.pixels == Pixels::Frames {
        out.head = meta(&structure, object, form.transfer_syntax_uid());
        before_frames(
            &mut out.head,
            structure.data_set(object),
            (photometric_interpretation, &structure.transfer_syntax_uid),
            form,
        )?;
    }
    Some(out)
}

/// What comes before and after the pixel data of an object that is sent encapsulated in `transfer_syntax_uid`. `photometric_interpretation`
/// is what its encoded frames have. `None` when the object can't be read, or has no pixel data.
pub(crate) fn rewrite_around(
    object: &[u8],
    photometric_interpretation: &str,
    transfer_syntax_uid: &str,
) -> Option<(Vec<u8>, Vec<u8>)> {
    let structure = scan_file(object, &Limits::default()).ok()?;
    let data_set = structure.data_set(object);
    data_set.find(PIXEL_DATA)?;
    // Encapsulated data sets are in Explicit VR Little Endian: PS3.5 §A.4.
    let (form, signed) = (Uncompressed::Explicit, is_signed(data_set));
    let mut head = meta(&structure, object, transfer_syntax_uid);
    before_frames(&mut head, data_set, (photometric_interpretation, &structure.transfer_syntax_uid), form)?;
    let mut tail = Vec::new();
    for node in data_set.iter().skip_while(|node| node.tag() != PIXEL_DATA).skip(1) {
        if !LEFT_OUT.contains(&node.tag()) {
            write(&mut tail, node, form, signed)?;
        }
    }
    Some((head, tail))
}

/// Appends the element header of decoded pixel data.
pub(crate) fn pixel_data_header(out: &mut Vec<u8>, bits_allocated: u16, length: u32, form: Uncompressed) {
    out.extend_from_slice(&[0xe0, 0x7f, 0x10, 0x00]);
    if form == Uncompressed::Explicit {
        out.extend_from_slice(if bits_allocated > 8 { b"OW\0\0" } else { b"OB\0\0" });
    }
    out.extend_from_slice(&length.to_le_bytes());
}

/// Everything before the pixels, with the attributes that decoding changes.
fn before_frames(
    out: &mut Vec<u8>,
    data_set: DataSet<'_>,
    (photometric_interpretation, transfer_syntax_uid): (&str, &str),
    form: Uncompressed,
) -> Option<()> {
    let mut tells_loss = !index_compose::pixels::always_loses(transfer_syntax_uid);
    for node in data_set.iter().take_while(|node| node.tag() != PIXEL_DATA) {
        if !tells_loss && node.tag() >= LOSSY_IMAGE_COMPRESSION {
            tells_loss = true;
            // Once lossy, always lossy, and nothing else tells it any more (PS3.3 §C.7.6.1.1.5.1).
            form.element(out, LOSSY_IMAGE_COMPRESSION, VR::CS, b"01");
            if node.tag() == LOSSY_IMAGE_COMPRESSION {
                continue;
            }
        }
        match node.tag() {
            PHOTOMETRIC_INTERPRETATION => form.element(out, node.tag(), VR::CS, photometric_interpretation.as_bytes()),
            // Decoders give colour by pixel.
            PLANAR_CONFIGURATION => form.element(out, node.tag(), VR::US, &[0, 0]),
            tag if LEFT_OUT.contains(&tag) => {}
            _ => write(out, node, form, is_signed(data_set))?,
        }
    }
    if !tells_loss {
        form.element(out, LOSSY_IMAGE_COMPRESSION, VR::CS, b"01");
    }
    Some(())
}

/// Preamble and file meta information, PS3.10 §7.1, with the new transfer syntax.
fn meta(structure: &Structure, object: &[u8], transfer_syntax_uid: &str) -> Vec<u8> {
    let mut meta = Vec::new();
    for node in structure.meta(object).iter() {
        match (node.tag(), node.exact_vr()) {
            (Tag(2, 0x0000), _) => {}
            (tag @ Tag(2, 0x0010), _) => element(&mut meta, tag, VR::UI, transfer_syntax_uid.as_bytes()),
            (tag, vr) => element(&mut meta, tag, vr.unwrap_or(VR::UN), node.bytes()),
        }
    }
    let mut out = vec![0; 128];
    out.extend_from_slice(b"DICM");
    element(&mut out, Tag(2, 0), VR::UL, &u32::try_from(meta.len()).unwrap_or(0).to_le_bytes());
    out.extend_from_slice(&meta);
    out
}

/// Whether samples are signed, and with them the values that are compared with samples (PS3.5 §A.1).
fn is_signed(data_set: DataSet<'_>) -> bool {
    data_set.find(PIXEL_REPRESENTATION).is_some_and(|node| node.bytes().contains(&1))
}

/// One element and all that it contains. The scan has bounded how deep they nest.
fn write(out: &mut Vec<u8>, node: Node<'_>, form: Uncompressed, signed: bool) -> Option<()> {
    // Group lengths would be wrong now, and are retired (PS3.5 §7.2).
    if node.tag().element() == 0 {
        return Some(());
    }
    // An icon may be encapsulated like the image (PS3.5 §A.4). It is type 3, and no reason to keep the image back.
    if node.tag() == ICON_IMAGE_SEQUENCE && node.items().any(|item| is_encapsulated(item)) {
        return Some(());
    }
    match node.element.kind {
        Kind::Fragments | Kind::Item => return None,
        Kind::Value => {
            let vr = match node.element.vr {
                VirtualVr::Xs if signed => VR::SS,
                _ => vr(&node),
            };
            form.element(out, node.tag(), vr, &value(&node, word(vr)));
        }
        Kind::Sequence => {
            let mut items = Vec::new();
            for item in node.items() {
                let mut content = Vec::new();
                item.iter().try_for_each(|node| write(&mut content, node, form, signed))?;
                items.extend_from_slice(&[0xfe, 0xff, 0x00, 0xe0]);
                items.extend_from_slice(&u32::try_from(content.len()).ok()?.to_le_bytes());
                items.extend_from_slice(&content);
            }
            form.element(out, node.tag(), VR::SQ, &items);
        }
    }
    Some(())
}

fn is_encapsulated(item: DataSet<'_>) -> bool {
    item.find(PIXEL_DATA).is_some_and(|node| node.element.kind == Kind::Fragments)
}

/// The value with its numbers, `word` bytes each, in little endian. What is in UN is so already.
fn value<'a>(node: &Node<'a>, word: usize) -> Cow<'a, [u8]> {
    if !node.element.big_endian || word == 1 || vr(node) == VR::UN {
        return Cow::Borrowed(node.bytes());
    }
    let mut value = node.bytes().to_vec();
    value.chunks_exact_mut(word).for_each(<[u8]>::reverse);
    Cow::Owned(value)
}

/// Bytes of one sample as far as order goes: OW holds samples of any size (PS3.5 §8.1.1), and those of 8 bits lie in words.
fn pixel_word(data_set: DataSet<'_>) -> usize {
    let pixels = data_set.find(PIXEL_DATA).map_or(VR::OB, |node| vr(&node));
    let bits = data_set.find(BITS_ALLOCATED).and_then(|node| {
        let bytes = *node.bytes().first_chunk::<2>()?;
        Some(if node.element.big_endian { u16::from_be_bytes(bytes) } else { u16::from_le_bytes(bytes) })
    });
    match (pixels, bits) {
        (VR::OW, Some(32)) => 4,
        (VR::OW, Some(64)) => 8,
        (other, _) => word(other),
    }
}

/// As written, or as PS3.6 has it; where the context decides, unsigned words.
fn vr(node: &Node<'_>) -> VR {
    match node.element.vr {
        VirtualVr::Exact(VR::SQ) => VR::UN,
        VirtualVr::Exact(vr) => vr,
        VirtualVr::Xs => VR::US,
        _ => VR::OW,
    }
}

/// Bytes of one number: what a change of byte order turns around (PS3.5 §7.3).
const fn word(vr: VR) -> usize {
    match vr {
        VR::AT | VR::OW | VR::SS | VR::US => 2,
        VR::FL | VR::OF | VR::OL | VR::SL | VR::UL => 4,
        VR::FD | VR::OD | VR::OV | VR::SV | VR::UV => 8,
        _ => 1,
    }
}

impl Uncompressed {
    fn element(self, out: &mut Vec<u8>, tag: Tag, vr: VR, value: &[u8]) {
        self.header(out, tag, vr, value.len());
        pad(out, vr, value);
    }

    /// What comes before a value of `length` bytes.
    fn header(self, out: &mut Vec<u8>, tag: Tag, vr: VR, length: usize) {
        match self {
            Self::Explicit => explicit_header(out, tag, vr, length),
            Self::Implicit => implicit_header(out, tag, length),
        }
    }
}

/// Of an element whose value representation is not written: PS3.5 §7.1.3.
fn implicit_header(out: &mut Vec<u8>, tag: Tag, length: usize) {
    out.extend_from_slice(&tag.group().to_le_bytes());
    out.extend_from_slice(&tag.element().to_le_bytes());
    let padded = u32::try_from(length.next_multiple_of(2)).unwrap_or(u32::MAX);
    out.extend_from_slice(&padded.to_le_bytes());
}

fn pad(out: &mut Vec<u8>, vr: VR, value: &[u8]) {
    out.extend_from_slice(value);
    if value.len() % 2 == 1 {
        out.push(if matches!(vr, VR::UI | VR::OB | VR::UN) { 0 } else { b' ' });
    }
}

/// An element with an explicit value representation: PS3.5 §7.1.2.
fn element(out: &mut Vec<u8>, tag: Tag, vr: VR, value: &[u8]) {
    explicit_header(out, tag, vr, value.len());
    pad(out, vr, value);
}

fn explicit_header(out: &mut Vec<u8>, tag: Tag, vr: VR, length: usize) {
    let padded = length.next_multiple_of(2);
    // What is too long for a short length field is written as UN (PS3.5 §6.2.2 note 4).
    let long = is_long(vr) || padded > usize::from(u16::MAX);
    let vr = if long && !is_long(vr) { VR::UN } else { vr };
    out.extend_from_slice(&tag.group().to_le_bytes());
    out.extend_from_slice(&tag.element().to_le_bytes());
    out.extend_from_slice(vr.to_string().as_bytes());
    if long {
        out.extend_from_slice(&[0, 0]);
        out.extend_from_slice(&u32::try_from(padded).unwrap_or(u32::MAX).to_le_bytes());
    } else {
        out.extend_from_slice(&u16::try_from(padded).unwrap_or(u16::MAX).to_le_bytes());
    }
}

/// Value representations with a 32-bit length: PS3.5 §7.1.2.
const fn is_long(vr: VR) -> bool {
    matches!(
        vr,
        VR::OB
            | VR::OD
            | VR::OF
            | VR::OL
            | VR::OV
            | VR::OW
            | VR::SQ
            | VR::SV
            | VR::UC
            | VR::UN
            | VR::UR
            | VR::UT
            | VR::UV
    )
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::{Pixels, Rewritten, rewrite, rewrite_around};
    use crate::Uncompressed::{Explicit, Implicit};

    const PREAMBLE: usize = 132;

    /// A file of these elements in this syntax.
    fn file(syntax: &[u8], data_set: &[u8]) -> Vec<u8> {
        let mut out = vec![0; 128];
        out.extend_from_slice(b"DICM\x02\0\x10\0UI");
        out.extend_from_slice(&(syntax.len() as u16).to_le_bytes());
        out.extend_from_slice(syntax);
        out.extend_from_slice(data_set);
        out
    }

    const IMPLICIT: &[u8] = b"1.2.840.10008.1.2\0";
    const EXPLICIT: &[u8] = b"1.2.840.10008.1.2.1\0";
    const BIG: &[u8] = b"1.2.840.10008.1.2.2\0";
    const EXPECTED: &[u8] =
        b"\x08\0\x18\0UI\x04\x001.2\0\x08\0\x40\x11SQ\0\0\x14\0\0\0\xfe\xff\0\xe0\x0c\0\0\0\x08\0\x55\x11UI\x04\x001.3\0\x28\0\x10\0US\x02\0\x02\x01";

    #[test]
    fn implicit_and_big_endian_become_explicit_little_endian() {
        let implicit = b"\x08\0\x18\0\x04\0\0\x001.2\0\x08\0\x40\x11\xff\xff\xff\xff\xfe\xff\0\xe0\xff\xff\xff\xff\x08\0\x55\x11\x04\0\0\x001.3\0\xfe\xff\x0d\xe0\0\0\0\0\xfe\xff\xdd\xe0\0\0\0\0\x28\0\x10\0\x02\0\0\0\x02\x01";
        let big = b"\0\x08\0\x18UI\0\x041.2\0\0\x08\x11\x40SQ\0\0\0\0\0\x14\xff\xfe\xe0\0\0\0\0\x0c\0\x08\x11\x55UI\0\x041.3\0\0\x28\0\x10US\0\x02\x01\x02";
        for (syntax, data_set) in [(IMPLICIT, &implicit[..]), (BIG, &big[..]), (EXPLICIT, EXPECTED)] {
            let Rewritten { head, pixels, tail } = rewrite(&file(syntax, data_set), "", Explicit).unwrap();
            assert!(pixels == Pixels::Within && tail.is_empty());
            assert!(head.ends_with(EXPECTED), "{:?}", &head[PREAMBLE..]);
            assert!(
                head[PREAMBLE..]
                    .starts_with(b"\x02\0\0\0UL\x04\0\x1c\0\0\0\x02\0\x10\0UI\x14\x001.2.840.10008.1.2.1\0")
            );
        }
    }

    #[test]
    fn pixels_that_are_the_same_in_both_are_not_copied() {
        let pixels = b"\xe0\x7f\x10\0\x04\0\0\0\x01\x02\x03\x04";
        let after = b"\xfa\xff\xfa\xff\0\0\0\0";
        let stored = file(IMPLICIT, &[&b"\x08\0\x18\0\x04\0\0\x001.2\0"[..], pixels, after].concat());
        let Rewritten { head, pixels, tail } = rewrite(&stored, "", Explicit).unwrap();
        assert!(head.ends_with(b"\x08\0\x18\0UI\x04\x001.2\0\xe0\x7f\x10\0OW\0\0\x04\0\0\0"), "{head:?}");
        let Pixels::AsStored(range) = pixels else { panic!("{pixels:?}") };
        assert_eq!(stored[range], [1, 2, 3, 4]);
        assert_eq!(tail, b"\xfa\xff\xfa\xffSQ\0\0\0\0\0\0");
        let odd = file(IMPLICIT, b"\xe0\x7f\x10\0\x03\0\0\0\x01\x02\x03");
        let Rewritten { head, pixels, tail } = rewrite(&odd, "", Explicit).unwrap();
        assert!(head.ends_with(b"\xe0\x7f\x10\0OW\0\0\x04\0\0\0") && tail == [0], "{head:?} {tail:?}");
        let Pixels::AsStored(range) = pixels else { panic!("{pixels:?}") };
        assert_eq!(odd[range], [1, 2, 3]);
        let big = file(BIG, b"\x7f\xe0\0\x10OW\0\0\0\0\0\x02\x01\x02");
        let turned = rewrite(&big, "", Explicit).unwrap();
        assert!(turned.pixels == Pixels::Within && turned.head.ends_with(b"\x02\0\0\0\x02\x01"), "{turned:?}");
    }

    #[test]
    fn values_beside_signed_samples_are_signed() {
        let implicit = b"\x28\0\x03\x01\x02\0\0\0\x01\0\x28\0\x06\x01\x02\0\0\0\x00\xfc";
        let head = rewrite(&file(IMPLICIT, implicit), "", Explicit).unwrap().head;
        assert!(head.ends_with(b"\x28\0\x03\x01US\x02\0\x01\0\x28\0\x06\x01SS\x02\0\x00\xfc"));
    }

    #[test]
    fn explicit_becomes_implicit_for_peers_that_know_nothing_else() {
        let expected = b"\x08\0\x18\0\x04\0\0\x001.2\0\x08\0\x40\x11\x14\0\0\0\xfe\xff\0\xe0\x0c\0\0\0\x08\0\x55\x11\x04\0\0\x001.3\0\x28\0\x10\0\x02\0\0\0\x02\x01";
        let Rewritten { head, pixels, tail } = rewrite(&file(EXPLICIT, EXPECTED), "", Implicit).unwrap();
        assert!(pixels == Pixels::Within && tail.is_empty() && head.ends_with(expected), "{:?}", &head[PREAMBLE..]);
        let again = rewrite(&head, "", Explicit).unwrap().head;
        assert!(again.ends_with(EXPECTED));
    }

    #[test]
    fn compressed_pixels_are_left_for_their_frames() {
        let data_set = b"\x28\0\x04\0CS\x0c\0YBR_FULL_422\xe0\x7f\x10\0OB\0\0\xff\xff\xff\xff\xfe\xff\0\xe0\0\0\0\0\xfe\xff\0\xe0\x02\0\0\0\x01\x02\xfe\xff\xdd\xe0\0\0\0\0\xfc\xff\xfc\xffOB\0\0\x02\0\0\0\0\0";
        let rewritten = rewrite(&file(b"1.2.840.10008.1.2.5\0", data_set), "RGB", Explicit).unwrap();
        assert!(rewritten.pixels == Pixels::Frames && rewritten.tail.is_empty());
        assert!(rewritten.head.ends_with(b"\x28\0\x04\0CS\x04\0RGB "));
    }

    #[test]
    fn an_icon_that_is_compressed_too_is_left_out_and_another_stays() {
        let pixels = b"\xe0\x7f\x10\0OB\0\0\xff\xff\xff\xff\xfe\xff\0\xe0\0\0\0\0\xfe\xff\0\xe0\x02\0\0\0\x01\x02\xfe\xff\xdd\xe0\0\0\0\0";
        let rows = b"\x28\0\x10\0US\x02\0\x02\x01";
        let icon = |pixels: &[u8]| {
            let item = [&b"\xfe\xff\0\xe0\xff\xff\xff\xff"[..], rows, pixels, b"\xfe\xff\x0d\xe0\0\0\0\0"].concat();
            [&b"\x88\0\0\x02SQ\0\0\xff\xff\xff\xff"[..], &item, b"\xfe\xff\xdd\xe0\0\0\0\0"].concat()
        };
        let head = |icon: Vec<u8>| {
            let data_set = [&rows[..], &icon, pixels].concat();
            let out = rewrite(&file(b"1.2.840.10008.1.2.5\0", &data_set), "RGB", Explicit).unwrap();
            assert!(out.pixels == Pixels::Frames);
            out.head
        };
        assert!(head(icon(pixels)).ends_with(rows), "the image goes without it");
        let native = b"\xe0\x7f\x10\0OB\0\0\x02\0\0\0\x01\x02";
        assert!(head(icon(native)).ends_with(native));
    }

    /// PS3.3 §C.7.6.1.1.5.1: nothing else tells it once the pixels are decoded.
    #[test]
    fn what_was_lossy_says_so_after_decoding() {
        let pixels = b"\xe0\x7f\x10\0OB\0\0\xff\xff\xff\xff\xfe\xff\0\xe0\0\0\0\0\xfe\xff\0\xe0\x02\0\0\0\x01\x02\xfe\xff\xdd\xe0\0\0\0\0";
        let (photometric, lossy) = (b"\x28\0\x04\0CS\x0c\0MONOCHROME2 ", b"\x28\0\x10\x21CS\x02\x0001");
        let (untrue, ratio) = (b"\x28\0\x10\x21CS\x02\x0000", b"\x28\0\x12\x21DS\x02\x0010");
        let (jpeg, rle) = (b"1.2.840.10008.1.2.4.50", b"1.2.840.10008.1.2.5\0");
        let head = |syntax: &[u8], elements: &[&[u8]]| {
            let data_set = [&elements.concat(), &pixels[..]].concat();
            rewrite(&file(syntax, &data_set), "MONOCHROME2", Explicit).unwrap().head
        };
        assert!(head(jpeg, &[photometric]).ends_with(&[&photometric[..], lossy].concat()), "it is put last");
        let replaced = head(jpeg, &[photometric, untrue, ratio]);
        assert!(replaced.ends_with(&[&photometric[..], lossy, ratio].concat()), "it is put in its place, once");
        let kept = head(jpeg, &[photometric, lossy, ratio]);
        assert!(kept.ends_with(&[&photometric[..], lossy, ratio].concat()));
        assert!(head(rle, &[photometric]).ends_with(photometric), "nothing was lost");
    }

    #[test]
    fn large_samples_in_words_are_turned_around_whole() {
        let big = b"\0\x28\x01\0US\0\x02\0\x20\x7f\xe0\0\x10OW\0\0\0\0\0\x04\x01\x02\x03\x04";
        assert!(
            rewrite(&file(BIG, big), "", Explicit)
                .unwrap()
                .head
                .ends_with(b"\xe0\x7f\x10\0OW\0\0\x04\0\0\0\x04\x03\x02\x01")
        );
    }

    #[test]
    fn what_is_around_the_pixels_says_what_the_encoded_frames_are() {
        let native = b"\x28\0\x04\0CS\x08\0YBR_RCT \x28\0\x06\0US\x02\0\x01\0\xe0\x7f\x10\0OW\0\0\x02\0\0\0\x01\x02\xfa\xff\xfa\xffSQ\0\0\0\0\0\0\xfc\xff\xfc\xffOB\0\0\x02\0\0\0\0\0";
        let rle = "1.2.840.10008.1.2.5";
        let (head, tail) = rewrite_around(&file(EXPLICIT, native), "RGB", rle).unwrap();
        assert!(head.ends_with(b"\x28\0\x04\0CS\x04\0RGB \x28\0\x06\0US\x02\0\0\0"), "{head:?}");
        assert!(
            head[PREAMBLE..].ends_with(&head[PREAMBLE + 42..])
                && head.windows(20).any(|at| at == b"1.2.840.10008.1.2.5\0")
        );
        assert_eq!(tail, b"\xfa\xff\xfa\xffSQ\0\0\0\0\0\0", "signatures stay, padding goes");
        assert!(rewrite_around(&file(EXPLICIT, EXPECTED), "RGB", rle).is_none(), "it has no pixels");
    }

    #[test]
    fn what_is_no_object_is_refused() {
        assert_eq!(rewrite(b"nothing", "", Explicit), None);
    }
}
