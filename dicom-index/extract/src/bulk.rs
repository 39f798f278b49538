//! Values that a header leaves out, by their path.

use std::borrow::Cow;

use dicom_core::{Tag, VR};
use index_guard::{Kind, Limits, Node, Structure, scan_file};

use crate::vr;

/// One step down to a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PathStep {
    /// An attribute, `ggggeeee`.
    Attribute(u32),
    /// An item of the sequence before, from 1.
    Item(u32),
}

/// The end of a `BulkDataURI`: `7FE00010`, or `54000100/1/54001010` within a sequence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BulkPath(Vec<PathStep>);

impl BulkPath {
    /// Parses a path; `None` when it is not one.
    pub fn parse(path: &str) -> Option<Self> {
        let mut steps = Vec::new();
        for (index, part) in path.trim_matches('/').split('/').enumerate() {
            steps.push(match index % 2 {
                _ if index >= 256 => return None,
                0 if part.len() == 8 && part.bytes().all(|b| b.is_ascii_hexdigit()) => {
                    PathStep::Attribute(u32::from_str_radix(part, 16).ok()?)
                }
                1 if part.bytes().all(|b| b.is_ascii_digit()) => PathStep::Item(part.parse().ok()?),
                _ => return None,
            });
        }
        matches!(steps.last(), Some(PathStep::Attribute(_))).then_some(Self(steps))
    }

    /// Its steps.
    pub fn steps(&self) -> &[PathStep] {
        &self.0
    }
}

/// The value that `path` leads to in a stored object, in little endian as Explicit VR Little Endian would have it (PS3.18 §8.7.3).
///
/// Encapsulated pixel data come as their fragments, joined: for video and single frames, a whole stream. `None` when nothing is there,
/// when it is a sequence, or when `bytes` are no object.
pub fn bulk_value<'a>(bytes: &'a [u8], path: &[PathStep]) -> Option<Cow<'a, [u8]>> {
    let structure = scan_file(bytes, &Limits::default()).ok()?;
    let value = value_at(&structure, bytes, path)?;
    match (value, &structure.inflated) {
        // What was inflated ends with this call.
        (Cow::Borrowed(value), Some(_)) => Some(Cow::Owned(value.to_vec())),
        (Cow::Borrowed(value), None) => {
            let start = value.as_ptr().addr().checked_sub(bytes.as_ptr().addr())?;
            bytes.get(start..start + value.len()).map(Cow::Borrowed)
        }
        (Cow::Owned(value), _) => Some(Cow::Owned(value)),
    }
}

fn value_at<'a>(structure: &'a Structure, bytes: &'a [u8], path: &[PathStep]) -> Option<Cow<'a, [u8]>> {
    let mut level = structure.data_set(bytes);
    let mut steps = path.iter();
    loop {
        let PathStep::Attribute(tag) = steps.next()? else { return None };
        let node = level.find(Tag((tag >> 16) as u16, *tag as u16))?;
        match steps.next() {
            None => return value_of(&node),
            Some(PathStep::Item(number)) => {
                level = node.items().nth(usize::try_from(number.checked_sub(1)?).ok()?)?;
            }
            Some(PathStep::Attribute(_)) => return None,
        }
    }
}

fn value_of<'a>(node: &Node<'a>) -> Option<Cow<'a, [u8]>> {
    match node.element.kind {
        Kind::Value => Some(little_endian(node, vr::effective(node, false))),
        Kind::Fragments => {
            let mut fragments = node.fragments().skip(1);
            let first = fragments.next()?;
            match fragments.next() {
                None => Some(Cow::Borrowed(first)),
                Some(second) => {
                    let mut joined = [first, second].concat();
                    fragments.for_each(|fragment| joined.extend_from_slice(fragment));
                    Some(Cow::Owned(joined))
                }
            }
        }
        Kind::Sequence | Kind::Item => None,
    }
}

/// The value of an element with its numbers in little endian.
pub(crate) fn little_endian<'a>(node: &Node<'a>, vr: VR) -> Cow<'a, [u8]> {
    let bytes = node.bytes();
    let word = vr::word(vr);
    if word == 1 || !vr::is_big_endian(node) {
        return Cow::Borrowed(bytes);
    }
    let mut swapped = bytes.to_vec();
    swapped.chunks_exact_mut(word).for_each(<[u8]>::reverse);
    Cow::Owned(swapped)
}
