//! Small objects and messages, each unlike any other.

use serde_json::{Value, json};

const SECONDARY_CAPTURE: &str = "1.2.840.10008.5.1.4.1.1.7";
const KEY_OBJECT: &str = "1.2.840.10008.5.1.4.1.1.88.59";
const EXPLICIT: &str = "1.2.840.10008.1.2.1";

/// The senders of instances.
pub(crate) const OVER_THE_WEB: u32 = 1;
pub(crate) const OVER_DIMSE: u32 = 2;

/// Which instance: sender, study, place in its one series.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Key {
    pub(crate) sender: u32,
    pub(crate) study: u32,
    pub(crate) number: u32,
}

impl Key {
    pub(crate) fn study_uid(self) -> String {
        format!("2.25.{}.{}", self.sender, self.study)
    }

    pub(crate) fn series_uid(self) -> String {
        format!("{}.1", self.study_uid())
    }

    pub(crate) fn sop_uid(self) -> String {
        format!("{}.{}", self.series_uid(), self.number)
    }

    /// The key that a SOPInstanceUID stands for.
    pub(crate) fn of_sop(uid: &str) -> Option<Self> {
        let mut numbers = uid.strip_prefix("2.25.")?.split('.').map(|part| part.parse().ok());
        let (sender, study, _, number) = (numbers.next()??, numbers.next()??, numbers.next()??, numbers.next()??);
        Some(Self { sender, study, number })
    }

    /// What its sender sent: the whole file, and over DIMSE the data set in it, before which the receiver writes a header of its own.
    pub(crate) fn sent_of(self, file: &[u8]) -> &[u8] {
        let start = if self.sender == OVER_DIMSE { dimse::part10::split(file).unwrap().1 } else { 0 };
        &file[start..]
    }

    /// A whole Part 10 file with so many rows of pixels that are this instance's alone.
    pub(crate) fn file(self, rows: u16) -> Vec<u8> {
        let columns: u16 = if rows > 4096 { 1024 } else { 64 };
        let mut state = u64::from(self.sender) << 40 | u64::from(self.study) << 16 | u64::from(self.number);
        let pixels: Vec<u8> = (0..u32::from(rows) * u32::from(columns))
            .map(|_| {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                (state >> 56) as u8
            })
            .collect();
        let meta = [
            element(2, 0x02, b"UI", SECONDARY_CAPTURE.as_bytes()),
            element(2, 0x03, b"UI", self.sop_uid().as_bytes()),
            element(2, 0x10, b"UI", EXPLICIT.as_bytes()),
        ]
        .concat();
        let short = |number: u16, value: u16| element(0x28, number, b"US", &value.to_le_bytes());
        let data_set = [
            element(8, 0x16, b"UI", SECONDARY_CAPTURE.as_bytes()),
            element(8, 0x18, b"UI", self.sop_uid().as_bytes()),
            element(8, 0x20, b"DA", b"20260101"),
            element(8, 0x60, b"CS", b"OT"),
            element(0x10, 0x10, b"PN", b"DURABLE^DORA"),
            element(0x10, 0x20, b"LO", format!("P{}-{}", self.sender, self.study).as_bytes()),
            element(0x20, 0x0D, b"UI", self.study_uid().as_bytes()),
            element(0x20, 0x0E, b"UI", self.series_uid().as_bytes()),
            element(0x20, 0x13, b"IS", self.number.to_string().as_bytes()),
            short(0x02, 1),
            element(0x28, 0x04, b"CS", b"MONOCHROME2"),
            short(0x10, rows),
            short(0x11, columns),
            short(0x100, 8),
            short(0x101, 8),
            short(0x102, 7),
            short(0x103, 0),
            element(0x7FE0, 0x10, b"OB", &pixels),
        ]
        .concat();
        let length = element(2, 0, b"UL", &(meta.len() as u32).to_le_bytes());
        [&[0; 128][..], b"DICM", &length, &meta, &data_set].concat()
    }

    /// The note that rejects it for its quality (IHE RAD IOCM, DCM 113001), as the metadata of a store request.
    pub(crate) fn rejection(self) -> Value {
        let uid = |value: &str| json!({ "vr": "UI", "Value": [value] });
        let sequence = |item: Value| json!({ "vr": "SQ", "Value": [item] });
        let instance = || json!({ "00081150": uid(SECONDARY_CAPTURE), "00081155": uid(&self.sop_uid()) });
        let series = json!({ "0020000E": uid(&self.series_uid()), "00081199": sequence(instance()) });
        let content = json!({ "0040A010": { "vr": "CS", "Value": ["CONTAINS"] },
            "0040A040": { "vr": "CS", "Value": ["IMAGE"] }, "00081199": sequence(instance()) });
        let title = json!({ "00080100": { "vr": "SH", "Value": ["113001"] },
            "00080102": { "vr": "SH", "Value": ["DCM"] }, "00080104": { "vr": "LO", "Value": ["Title"] } });
        json!([{
            "00080016": uid(KEY_OBJECT), "00080018": uid(&format!("{}.113001", self.sop_uid())),
            "00080060": { "vr": "CS", "Value": ["KO"] }, "0020000D": uid(&self.study_uid()),
            "0020000E": uid(&format!("{}.2", self.study_uid())), "00020010": uid(EXPLICIT),
            "00100010": { "vr": "PN", "Value": [{ "Alphabetic": "DURABLE^DORA" }] },
            "00100020": { "vr": "LO", "Value": [format!("P{}-{}", self.sender, self.study)] },
            "00080020": { "vr": "DA", "Value": ["20260101"] }, "0040A040": { "vr": "CS", "Value": ["CONTAINER"] },
            "0040A043": sequence(title), "0040A730": sequence(content),
            "0040A375": sequence(json!({ "0020000D": uid(&self.study_uid()), "00081115": sequence(series) })),
        }])
    }
}

/// PS3.5 §7.1.2: explicit VR, little endian.
fn element(group: u16, number: u16, vr: &[u8; 2], value: &[u8]) -> Vec<u8> {
    let padding: &[u8] = match (value.len() % 2, vr) {
        (0, _) => b"",
        (_, b"UI" | b"OB") => b"\0",
        _ => b" ",
    };
    let length = (value.len() + padding.len()) as u32;
    let mut out = [&group.to_le_bytes()[..], &number.to_le_bytes(), vr].concat();
    if vr == b"OB" {
        out.extend([0, 0]);
        out.extend(length.to_le_bytes());
    } else {
        out.extend((length as u16).to_le_bytes());
    }
    [&out, value, padding].concat()
}
