//! Unique identifiers, PS3.5 §9.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A DICOM unique identifier: digits and dots, at most 64 characters, no empty component (PS3.5 §9.1).
///
/// Leading zeros in a component are tolerated, because stored objects have them; nothing else is.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Uid(Box<str>);

/// The text is not a UID. The text itself is not repeated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a unique identifier")]
pub struct InvalidUid;

impl Uid {
    /// Parses a UID, dropping the padding that PS3.5 §6.2 allows (trailing NUL or spaces).
    ///
    /// # Errors
    /// [`InvalidUid`] when empty, longer than 64 characters, or not dotted digits.
    pub fn parse(text: &str) -> Result<Self, InvalidUid> {
        let text = text.trim_end_matches(['\0', ' ']);
        let dotted = text.split('.').all(|part| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit()));
        if text.len() <= 64 && dotted { Ok(Self(text.into())) } else { Err(InvalidUid) }
    }

    /// The identifier as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Uid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// UIDs of studies identify a patient together with other data, so that `{:?}` says only that one is there.
impl fmt::Debug for Uid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[uid]")
    }
}

impl TryFrom<String> for Uid {
    type Error = InvalidUid;

    fn try_from(text: String) -> Result<Self, InvalidUid> {
        Self::parse(&text)
    }
}

impl From<Uid> for String {
    fn from(uid: Uid) -> Self {
        uid.0.into()
    }
}

/// Transfer syntaxes that the code tells apart by name (PS3.6 table A-1).
pub mod transfer_syntax {
    /// Implicit VR Little Endian, the default of PS3.5 §10.1.
    pub const IMPLICIT_VR_LITTLE_ENDIAN: &str = "1.2.840.10008.1.2";
    /// Explicit VR Little Endian.
    pub const EXPLICIT_VR_LITTLE_ENDIAN: &str = "1.2.840.10008.1.2.1";
    /// Deflated Explicit VR Little Endian.
    pub const DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN: &str = "1.2.840.10008.1.2.1.99";
    /// Explicit VR Big Endian (retired).
    pub const EXPLICIT_VR_BIG_ENDIAN: &str = "1.2.840.10008.1.2.2";
    /// Encapsulated Uncompressed Explicit VR Little Endian.
    pub const ENCAPSULATED_UNCOMPRESSED: &str = "1.2.840.10008.1.2.1.98";
    /// JPEG Baseline (process 1).
    pub const JPEG_BASELINE: &str = "1.2.840.10008.1.2.4.50";
    /// JPEG Extended (processes 2 and 4).
    pub const JPEG_EXTENDED: &str = "1.2.840.10008.1.2.4.51";
    /// JPEG Lossless (process 14).
    pub const JPEG_LOSSLESS: &str = "1.2.840.10008.1.2.4.57";
    /// JPEG Lossless, first-order prediction.
    pub const JPEG_LOSSLESS_SV1: &str = "1.2.840.10008.1.2.4.70";
    /// JPEG-LS Lossless.
    pub const JPEG_LS_LOSSLESS: &str = "1.2.840.10008.1.2.4.80";
    /// JPEG-LS Near-lossless.
    pub const JPEG_LS_NEAR_LOSSLESS: &str = "1.2.840.10008.1.2.4.81";
    /// JPEG 2000 Lossless.
    pub const JPEG_2000_LOSSLESS: &str = "1.2.840.10008.1.2.4.90";
    /// JPEG 2000.
    pub const JPEG_2000: &str = "1.2.840.10008.1.2.4.91";
    /// High-Throughput JPEG 2000 Lossless.
    pub const HTJ2K_LOSSLESS: &str = "1.2.840.10008.1.2.4.201";
    /// High-Throughput JPEG 2000 Lossless with RPCL options.
    pub const HTJ2K_LOSSLESS_RPCL: &str = "1.2.840.10008.1.2.4.202";
    /// High-Throughput JPEG 2000.
    pub const HTJ2K: &str = "1.2.840.10008.1.2.4.203";
    /// RLE Lossless.
    pub const RLE_LOSSLESS: &str = "1.2.840.10008.1.2.5";

    /// Whether pixel data of this syntax are an address of somebody else's (JPIP Referenced, PS3.5 §A.6): not to be stored so.
    pub fn is_referenced(uid: &str) -> bool {
        let jpip = ["1.2.840.10008.1.2.4.94", "1.2.840.10008.1.2.4.95"];
        jpip.contains(&uid) || ["1.2.840.10008.1.2.4.204", "1.2.840.10008.1.2.4.205"].contains(&uid)
    }
}

/// SOP classes (PS3.6 table A-1), as far as it matters what they are.
pub mod sop_class {
    /// Standard UIDs that are services, transfer syntaxes or events: nothing that an instance of a patient can be of. With a dot at its
    /// end, all below.
    const NO_STORAGE: [&str; 17] = [
        "1.2.840.10008.1.",
        "1.2.840.10008.2.",
        "1.2.840.10008.3.",
        "1.2.840.10008.4.",
        "1.2.840.10008.5.1.1.",
        "1.2.840.10008.5.1.4.1.2.",
        "1.2.840.10008.5.1.4.31",
        "1.2.840.10008.5.1.4.32.",
        "1.2.840.10008.5.1.4.33",
        "1.2.840.10008.5.1.4.34.4.",
        "1.2.840.10008.5.1.4.34.5.",
        "1.2.840.10008.5.1.4.34.6.",
        "1.2.840.10008.5.1.4.37.",
        "1.2.840.10008.5.1.4.38.",
        "1.2.840.10008.5.1.4.39.",
        "1.2.840.10008.5.1.4.41",
        "1.2.840.10008.5.1.4.42",
    ];
    /// Stored Print and Hardcopy Image Storage, retired: among the services of printing, and yet instances.
    const PRINTS: [&str; 3] = ["1.2.840.10008.5.1.1.27", "1.2.840.10008.5.1.1.29", "1.2.840.10008.5.1.1.30"];

    /// Modality (0008,0060) that instances of a class usually are of, where the class tells.
    pub fn usual_modality(uid: &str) -> Option<&'static str> {
        let class = uid.strip_prefix("1.2.840.10008.5.1.4.1.1.")?;
        Some(match class {
            "1" => "CR",
            "1.1" | "1.1.1" => "DX",
            "1.2" | "1.2.1" | "13.1.3" => "MG",
            "1.3" | "1.3.1" => "IO",
            "2" | "2.1" | "2.2" => "CT",
            "3" | "3.1" | "6" | "6.1" | "6.2" => "US",
            "4" | "4.1" | "4.2" | "4.3" | "4.4" => "MR",
            "7" | "7.1" | "7.2" | "7.3" | "7.4" => "OT",
            "12.1" | "12.1.1" => "XA",
            "12.2" | "12.2.1" => "RF",
            "20" => "NM",
            "88.59" => "KO",
            "128" | "130" => "PT",
            "104.1" | "104.2" => "DOC",
            _ if class.starts_with("88.") => "SR",
            _ if class.starts_with("11.") => "PR",
            _ if class.starts_with("9.") => "ECG",
            _ => return None,
        })
    }

    /// Whether instances of a patient may be of this class: every composite one, private ones and those that are still to come.
    pub fn is_storage(uid: &str) -> bool {
        let below = |known: &str| if known.ends_with('.') { uid.starts_with(known) } else { uid == known };
        PRINTS.contains(&uid) || !NO_STORAGE.iter().any(|known| below(known))
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::{Uid, sop_class};

    #[test]
    fn services_and_transfer_syntaxes_are_no_storage_classes() {
        for uid in ["1.2.840.10008.1.1", "1.2.840.10008.1.2.4.50", "1.2.840.10008.1.3.10", "1.2.840.10008.5.1.4.31"] {
            assert!(!sop_class::is_storage(uid), "{uid}");
        }
        for uid in ["1.2.840.10008.5.1.4.1.1.2", "1.2.840.10008.5.1.1.30", "1.2.840.10008.5.1.4.34.7", "1.3.12.2.1107"]
        {
            assert!(sop_class::is_storage(uid), "{uid}");
        }
    }

    #[test]
    fn padding_is_dropped_and_the_rest_must_be_dotted_digits() {
        assert_eq!(Uid::parse("1.2.3\0").unwrap().as_str(), "1.2.3");
        for wrong in ["", ".", "1.", ".1", "1..2", "1.a", "../1", "1.2/3", &"1".repeat(65)] {
            assert!(Uid::parse(wrong).is_err());
        }
    }
}
