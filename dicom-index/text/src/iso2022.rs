//! Code extensions of ISO/IEC 2022 as PS3.5 §6.1.2.5 uses them: escape sequences that designate sets, and delimiters that reset them.

use dicom_core::VR;
use encoding_rs::{
    EUC_JP, EUC_KR, Encoding, GBK, ISO_8859_2, ISO_8859_3, ISO_8859_4, ISO_8859_5, ISO_8859_6, ISO_8859_7, ISO_8859_8,
    ISO_8859_15, SHIFT_JIS, WINDOWS_874, WINDOWS_1252, WINDOWS_1254,
};

use crate::Decoded;

pub(crate) const ESCAPE: u8 = 0x1B;

/// The set of bytes below 0x80, G0.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Low {
    /// ISO-IR 6, and ISO-IR 14, whose yen sign stands where the backslash delimits.
    Ascii,
    /// JIS X 0201 katakana, which some senders put here.
    Katakana,
    /// JIS X 0208, two bytes.
    JisX0208,
    /// JIS X 0212, two bytes.
    JisX0212,
}

/// The set of bytes from 0x80 on, G1.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum High {
    /// None designated.
    None,
    /// One byte each.
    Single(&'static Encoding),
    /// JIS X 0201 katakana.
    Katakana,
    /// KS X 1001, two bytes.
    KsX1001,
    /// GB 2312, two bytes.
    Gb2312,
}

impl High {
    /// The sets that only code extensions have, by the number in their defined term. ISO-IR 87 and 159 are G0 sets.
    pub(crate) fn of_term(number: &str) -> Option<Self> {
        match number {
            "13" => Some(Self::Katakana),
            "58" => Some(Self::Gb2312),
            "87" | "159" => Some(Self::None),
            "149" => Some(Self::KsX1001),
            _ => None,
        }
    }

    pub(crate) const fn is_two_byte(self) -> bool {
        matches!(self, Self::KsX1001 | Self::Gb2312)
    }
}

/// The sets in force at the start of a value and after each delimiter.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Designated {
    /// Bytes below 0x80.
    pub low: Low,
    /// Bytes from 0x80 on.
    pub high: High,
    /// What bytes from 0x80 on mean where no escape sequence designates a set, though one is declared.
    pub fallback: Option<High>,
}

impl Default for Designated {
    fn default() -> Self {
        Self { low: Low::Ascii, high: High::None, fallback: None }
    }
}

/// Decodes a value; its delimiters stay where they are.
pub(crate) fn decode(bytes: &[u8], initial: Designated, vr: VR) -> Decoded {
    let mut machine = Machine { now: initial, text: String::with_capacity(bytes.len()), faulty: false };
    let mut rest = bytes;
    while let Some((&byte, after)) = rest.split_first() {
        rest = match byte {
            ESCAPE => machine.escape(after),
            _ if byte >= 0x80 => machine.high(byte, after),
            0x21..=0x7E if machine.now.low != Low::Ascii => machine.low(byte, after),
            _ => {
                if is_delimiter(byte, vr) {
                    machine.now = initial;
                }
                machine.text.push(char::from(byte));
                after
            }
        };
    }
    Decoded { text: machine.text, faulty: machine.faulty }
}

/// Where the sets fall back to the initial ones: PS3.5 §6.1.2.5.3.
const fn is_delimiter(byte: u8, vr: VR) -> bool {
    match byte {
        b'\t' | b'\n' | b'\r' | 0x0C => true,
        b'\\' => crate::is_multi_valued(vr),
        b'^' | b'=' => matches!(vr, VR::PN),
        _ => false,
    }
}

struct Machine {
    now: Designated,
    text: String,
    faulty: bool,
}

impl Machine {
    /// After ESC: designates a set.
    fn escape<'a>(&mut self, rest: &'a [u8]) -> &'a [u8] {
        let (low, high, length) = match rest {
            [b'$', b'(', b'D', ..] => (Some(Low::JisX0212), None, 3),
            [b'$', b')', b'C', ..] => (None, Some(High::KsX1001), 3),
            [b'$', b')', b'A', ..] => (None, Some(High::Gb2312), 3),
            [b'$', b'B' | b'@', ..] => (Some(Low::JisX0208), None, 2),
            [b'(', b'B' | b'J', ..] => (Some(Low::Ascii), None, 2),
            [b'(', b'I', ..] => (Some(Low::Katakana), None, 2),
            [b')', b'I', ..] => (None, Some(High::Katakana), 2),
            [b'-', set, ..] => (None, single(*set).map(High::Single), 2),
            _ => (None, None, 0),
        };
        self.now.low = low.unwrap_or(self.now.low);
        self.now.high = high.unwrap_or(self.now.high);
        self.faulty |= low.is_none() && high.is_none();
        &rest[length..]
    }

    /// A character of a G0 set other than ASCII.
    fn low<'a>(&mut self, byte: u8, rest: &'a [u8]) -> &'a [u8] {
        if self.now.low == Low::Katakana {
            self.push(SHIFT_JIS, &[byte | 0x80]);
            return rest;
        }
        let Some((&second, after)) = rest.split_first().filter(|(b, _)| (0x21..=0x7E).contains(*b)) else {
            self.replace();
            return rest;
        };
        match self.now.low {
            Low::JisX0212 => self.push(EUC_JP, &[0x8F, byte | 0x80, second | 0x80]),
            _ => self.push(EUC_JP, &[byte | 0x80, second | 0x80]),
        }
        after
    }

    /// A character of the G1 set.
    fn high<'a>(&mut self, byte: u8, rest: &'a [u8]) -> &'a [u8] {
        let set = match (self.now.high, self.now.fallback) {
            (High::None, Some(declared)) => declared,
            (set, _) => set,
        };
        let encoding = match set {
            High::Katakana if (0xA1..=0xDF).contains(&byte) => SHIFT_JIS,
            High::Katakana => {
                self.replace();
                return rest;
            }
            High::Single(encoding) => encoding,
            High::None => {
                self.faulty = true;
                WINDOWS_1252
            }
            High::KsX1001 | High::Gb2312 => return self.high_pair(set, byte, rest),
        };
        self.push(encoding, &[byte]);
        rest
    }

    fn high_pair<'a>(&mut self, set: High, byte: u8, rest: &'a [u8]) -> &'a [u8] {
        let encoding = if set == High::KsX1001 { EUC_KR } else { GBK };
        match rest.split_first() {
            Some((&second, after)) if second >= 0x80 => {
                self.push(encoding, &[byte, second]);
                after
            }
            _ => {
                self.replace();
                rest
            }
        }
    }

    fn push(&mut self, encoding: &'static Encoding, bytes: &[u8]) {
        match encoding.decode_without_bom_handling_and_without_replacement(bytes) {
            Some(text) => self.text.push_str(&text),
            None => self.replace(),
        }
    }

    fn replace(&mut self) {
        self.faulty = true;
        self.text.push('?');
    }
}

/// The one-byte sets by the final byte of their escape sequence: PS3.3 table C.12-3.
fn single(last: u8) -> Option<&'static Encoding> {
    Some(match last {
        b'A' => WINDOWS_1252,
        b'B' => ISO_8859_2,
        b'C' => ISO_8859_3,
        b'D' => ISO_8859_4,
        b'F' => ISO_8859_7,
        b'G' => ISO_8859_6,
        b'H' => ISO_8859_8,
        b'L' => ISO_8859_5,
        b'M' => WINDOWS_1254,
        b'T' => WINDOWS_874,
        b'b' => ISO_8859_15,
        _ => return None,
    })
}
