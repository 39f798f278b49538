//! Command sets on the wire: group 0000, Implicit VR Little Endian, ascending (PS3.7 §6.3.1).

use dicom_core::Tag;

use super::BrokenCommand;

/// Elements of group 0000 (PS3.7 annex E).
pub(super) mod tag {
    pub(in crate::message) const GROUP_LENGTH: u16 = 0x0000;
    pub(in crate::message) const AFFECTED_SOP_CLASS_UID: u16 = 0x0002;
    pub(in crate::message) const REQUESTED_SOP_CLASS_UID: u16 = 0x0003;
    pub(in crate::message) const COMMAND_FIELD: u16 = 0x0100;
    pub(in crate::message) const MESSAGE_ID: u16 = 0x0110;
    pub(in crate::message) const MESSAGE_ID_BEING_RESPONDED_TO: u16 = 0x0120;
    pub(in crate::message) const MOVE_DESTINATION: u16 = 0x0600;
    pub(in crate::message) const PRIORITY: u16 = 0x0700;
    pub(in crate::message) const COMMAND_DATA_SET_TYPE: u16 = 0x0800;
    pub(in crate::message) const STATUS: u16 = 0x0900;
    pub(in crate::message) const OFFENDING_ELEMENT: u16 = 0x0901;
    pub(in crate::message) const ERROR_COMMENT: u16 = 0x0902;
    pub(in crate::message) const AFFECTED_SOP_INSTANCE_UID: u16 = 0x1000;
    pub(in crate::message) const REQUESTED_SOP_INSTANCE_UID: u16 = 0x1001;
    pub(in crate::message) const EVENT_TYPE_ID: u16 = 0x1002;
    pub(in crate::message) const ACTION_TYPE_ID: u16 = 0x1008;
    pub(in crate::message) const REMAINING_SUBOPERATIONS: u16 = 0x1020;
    pub(in crate::message) const COMPLETED_SUBOPERATIONS: u16 = 0x1021;
    pub(in crate::message) const FAILED_SUBOPERATIONS: u16 = 0x1022;
    pub(in crate::message) const WARNING_SUBOPERATIONS: u16 = 0x1023;
    pub(in crate::message) const MOVE_ORIGINATOR_AE_TITLE: u16 = 0x1030;
    pub(in crate::message) const MOVE_ORIGINATOR_MESSAGE_ID: u16 = 0x1031;
}

/// A command set has about ten elements; no message of PS3.7 has thirty.
const MOST_ELEMENTS: usize = 64;

/// The elements of a command set, as slices of it.
#[derive(Debug)]
pub(super) struct Elements<'a>(Vec<(u16, &'a [u8])>);

impl<'a> Elements<'a> {
    pub(super) fn parse(mut bytes: &'a [u8]) -> Result<Self, BrokenCommand> {
        let mut elements = Vec::with_capacity(12);
        while !bytes.is_empty() {
            let Some((&[g0, g1, e0, e1, l0, l1, l2, l3], rest)) = bytes.split_first_chunk::<8>() else {
                return Err(BrokenCommand("element header (PS3.7 §6.3.1)"));
            };
            let length = usize::try_from(u32::from_le_bytes([l0, l1, l2, l3])).unwrap_or(usize::MAX);
            let Some((value, rest)) = rest.split_at_checked(length) else {
                return Err(BrokenCommand("element length (PS3.7 §6.3.1)"));
            };
            if [g0, g1] != [0, 0] {
                return Err(BrokenCommand("group other than 0000 (PS3.7 §6.3.1)"));
            }
            if elements.len() == MOST_ELEMENTS {
                return Err(BrokenCommand("too many elements"));
            }
            elements.push((u16::from_le_bytes([e0, e1]), value));
            bytes = rest;
        }
        Ok(Self(elements))
    }

    fn value(&self, element: u16) -> Option<&'a [u8]> {
        self.0.iter().find(|(present, _)| *present == element).map(|(_, value)| *value)
    }

    /// VR US.
    pub(super) fn number(&self, element: u16) -> Option<u16> {
        self.value(element)?.first_chunk().map(|bytes| u16::from_le_bytes(*bytes))
    }

    /// VR AT.
    pub(super) fn tags(&self, element: u16) -> Vec<Tag> {
        let value = self.value(element).unwrap_or_default();
        let (tags, _) = value.as_chunks::<4>();
        tags.iter().map(|&[g0, g1, e0, e1]| Tag(u16::from_le_bytes([g0, g1]), u16::from_le_bytes([e0, e1]))).collect()
    }

    /// VR UI, AE and LO, padding dropped.
    pub(super) fn text(&self, element: u16) -> Option<&'a str> {
        let text = std::str::from_utf8(self.value(element)?).ok()?.trim_matches([' ', '\0']);
        (!text.is_empty()).then_some(text)
    }
}

/// Writes a command set, elements in ascending order.
#[derive(Debug)]
pub(super) struct Writer(Vec<u8>);

impl Writer {
    pub(super) fn new() -> Self {
        let mut writer = Self(Vec::with_capacity(160));
        writer.element(tag::GROUP_LENGTH, &[0; 4]);
        writer
    }

    fn element(&mut self, element: u16, value: &[u8]) {
        self.0.extend_from_slice(&[0, 0]);
        self.0.extend_from_slice(&element.to_le_bytes());
        self.0.extend_from_slice(&u32::try_from(value.len()).unwrap_or(0).to_le_bytes());
        self.0.extend_from_slice(value);
    }

    pub(super) fn number(mut self, element: u16, value: u16) -> Self {
        self.element(element, &value.to_le_bytes());
        self
    }

    pub(super) fn some_number(self, element: u16, value: Option<u16>) -> Self {
        match value {
            Some(value) => self.number(element, value),
            None => self,
        }
    }

    /// VR AT.
    pub(super) fn tags(mut self, element: u16, tags: &[Tag]) -> Self {
        let value: Vec<u8> = tags.iter().flat_map(|tag| [tag.0.to_le_bytes(), tag.1.to_le_bytes()]).flatten().collect();
        self.element(element, &value);
        self
    }

    /// Padded with NUL.
    pub(super) fn uid(self, element: u16, value: &str) -> Self {
        self.padded(element, value, 0)
    }

    /// Padded with a space.
    pub(super) fn text(self, element: u16, value: &str) -> Self {
        self.padded(element, value, b' ')
    }

    fn padded(mut self, element: u16, value: &str, padding: u8) -> Self {
        let mut bytes = value.as_bytes().to_vec();
        if bytes.len() % 2 == 1 {
            bytes.push(padding);
        }
        self.element(element, &bytes);
        self
    }

    /// The command set, its group length filled in.
    pub(super) fn finish(mut self) -> Vec<u8> {
        let length = u32::try_from(self.0.len() - 12).unwrap_or(0);
        self.0[8..12].copy_from_slice(&length.to_le_bytes());
        self.0
    }
}
