//! How a data set is written: PS3.5 §7.1 and annex A.

use dicom_core::VR;

use crate::header::UNDEFINED;
use crate::violation::Remark;
use crate::{Tag, Violation};

const IMPLICIT_LE: &str = "1.2.840.10008.1.2";
const EXPLICIT_LE: &str = "1.2.840.10008.1.2.1";
const EXPLICIT_BE: &str = "1.2.840.10008.1.2.2";
/// GE private, implicit VR with big-endian pixels.
const GE_PRIVATE: &str = "1.2.840.113619.5.2";
/// Papyrus 3, retired.
const PAPYRUS: &str = "1.2.840.10008.1.20";
/// Deflated data sets: explicit VR, JPIP referenced and JPIP HTJ2K referenced.
const DEFLATED: [&str; 3] = ["1.2.840.10008.1.2.1.99", "1.2.840.10008.1.2.4.95", "1.2.840.10008.1.2.4.205"];

/// Whether value representations are written, and in which byte order numbers are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Encoding {
    /// Each element names its value representation.
    pub explicit: bool,
    /// Numbers begin with their highest byte.
    pub big_endian: bool,
}

impl Encoding {
    /// Implicit VR Little Endian.
    pub const IMPLICIT_LE: Self = Self { explicit: false, big_endian: false };
    /// Explicit VR Little Endian, also of all encapsulated syntaxes.
    pub const EXPLICIT_LE: Self = Self { explicit: true, big_endian: false };
    /// Explicit VR Big Endian.
    pub const EXPLICIT_BE: Self = Self { explicit: true, big_endian: true };

    /// The encoding that a transfer syntax asks for; unknown ones are explicit little endian (PS3.5 §A.4).
    pub fn of(transfer_syntax_uid: &str) -> Self {
        match transfer_syntax_uid {
            IMPLICIT_LE | GE_PRIVATE | PAPYRUS => Self::IMPLICIT_LE,
            EXPLICIT_BE => Self::EXPLICIT_BE,
            _ => Self::EXPLICIT_LE,
        }
    }

    /// The transfer syntax of uncompressed objects in this encoding.
    pub const fn native_uid(self) -> &'static str {
        match (self.explicit, self.big_endian) {
            (false, _) => IMPLICIT_LE,
            (true, false) => EXPLICIT_LE,
            (true, true) => EXPLICIT_BE,
        }
    }

    pub(crate) fn u16(self, bytes: [u8; 2]) -> u16 {
        if self.big_endian { u16::from_be_bytes(bytes) } else { u16::from_le_bytes(bytes) }
    }

    pub(crate) fn u32(self, bytes: [u8; 4]) -> u32 {
        if self.big_endian { u32::from_be_bytes(bytes) } else { u32::from_le_bytes(bytes) }
    }

    pub(crate) fn tag(self, b: [u8; 4]) -> Tag {
        Tag(self.u16([b[0], b[1]]), self.u16([b[2], b[3]]))
    }

    /// Whether `bytes` can begin a data set in this encoding: a low group and, where it is explicit, a value representation.
    fn begins(self, bytes: &[u8]) -> bool {
        let Some(head) = bytes.first_chunk::<8>() else { return false };
        let group = self.u16([head[0], head[1]]);
        let named = VR::from_binary([head[4], head[5]]).is_some();
        let length = u32::from_le_bytes([head[4], head[5], head[6], head[7]]);
        let fits = length == UNDEFINED || length as usize <= bytes.len() - 8;
        (1..=0x0040).contains(&group) && if self.explicit { named } else { !named && fits }
    }
}

/// Whether the data set of this syntax is deflated as a whole (PS3.5 §A.5).
pub(crate) fn is_deflated(transfer_syntax_uid: &str) -> bool {
    DEFLATED.contains(&transfer_syntax_uid)
}

/// What a data set is really written in.
#[derive(Debug)]
pub(crate) struct Resolved {
    pub(crate) transfer_syntax_uid: String,
    pub(crate) encoding: Encoding,
    pub(crate) remark: Option<Remark>,
}

fn remark(rule: &'static str) -> Option<Remark> {
    Some(Remark { attribute: "TransferSyntaxUID".into(), rule })
}

/// Compares the declared syntax with the first element; without a declaration, takes the only encoding that can begin so.
pub(crate) fn resolve(bytes: &[u8], declared: Option<&str>, offset: usize) -> Result<Resolved, Violation> {
    let guess =
        [Encoding::EXPLICIT_LE, Encoding::IMPLICIT_LE, Encoding::EXPLICIT_BE].into_iter().find(|e| e.begins(bytes));
    let Some(uid) = declared else {
        let encoding = guess.ok_or_else(|| Violation::file("is neither a Part 10 file nor a data set", offset))?;
        let remark = remark("is missing; taken from the first element");
        return Ok(Resolved { transfer_syntax_uid: encoding.native_uid().into(), encoding, remark });
    };
    let encoding = Encoding::of(uid);
    match guess {
        Some(real) if real != encoding && !encoding.begins(bytes) => {
            // Encapsulated pixels are still what the declared syntax says they are.
            let native = matches!(uid, IMPLICIT_LE | EXPLICIT_LE | EXPLICIT_BE);
            let transfer_syntax_uid = if native { real.native_uid() } else { uid }.into();
            let remark = remark("does not describe how the data set is written; read as it is");
            Ok(Resolved { transfer_syntax_uid, encoding: real, remark })
        }
        _ => Ok(Resolved { transfer_syntax_uid: uid.into(), encoding, remark: None }),
    }
}
