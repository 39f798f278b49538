//! UIDs that the services are negotiated with: PS3.4, PS3.6 annex A.

use index_model::transfer_syntax as ts;

/// Verification.
pub const VERIFICATION: &str = "1.2.840.10008.1.1";
/// Storage Commitment Push Model.
pub const STORAGE_COMMITMENT: &str = "1.2.840.10008.1.20.1";
/// Its one well-known instance (PS3.4 §J.3.5).
pub const STORAGE_COMMITMENT_INSTANCE: &str = "1.2.840.10008.1.20.1.1";
/// Patient Root query.
pub const PATIENT_ROOT_FIND: &str = "1.2.840.10008.5.1.4.1.2.1.1";
/// Patient Root retrieve by C-MOVE.
pub const PATIENT_ROOT_MOVE: &str = "1.2.840.10008.5.1.4.1.2.1.2";
/// Patient Root retrieve by C-GET.
pub const PATIENT_ROOT_GET: &str = "1.2.840.10008.5.1.4.1.2.1.3";
/// Study Root query.
pub const STUDY_ROOT_FIND: &str = "1.2.840.10008.5.1.4.1.2.2.1";
/// Study Root retrieve by C-MOVE.
pub const STUDY_ROOT_MOVE: &str = "1.2.840.10008.5.1.4.1.2.2.2";
/// Study Root retrieve by C-GET.
pub const STUDY_ROOT_GET: &str = "1.2.840.10008.5.1.4.1.2.2.3";

/// For messages without pixels: explicit first, because it says what it holds.
pub const PLAIN_TRANSFER_SYNTAXES: [&str; 2] = [ts::EXPLICIT_VR_LITTLE_ENDIAN, ts::IMPLICIT_VR_LITTLE_ENDIAN];

/// What an object may be stored in. Objects are never decoded on their way, so any syntax will do that PS3.5 gives a data set
/// encoding to; these are those with a UID in PS3.6, most usual first.
pub const OBJECT_TRANSFER_SYNTAXES: [&str; 31] = [
    ts::EXPLICIT_VR_LITTLE_ENDIAN,
    ts::IMPLICIT_VR_LITTLE_ENDIAN,
    ts::JPEG_LOSSLESS_SV1,
    ts::JPEG_2000_LOSSLESS,
    ts::JPEG_BASELINE,
    ts::JPEG_LS_LOSSLESS,
    ts::JPEG_2000,
    ts::RLE_LOSSLESS,
    ts::JPEG_EXTENDED,
    ts::HTJ2K_LOSSLESS,
    ts::HTJ2K_LOSSLESS_RPCL,
    ts::HTJ2K,
    ts::JPEG_LS_NEAR_LOSSLESS,
    ts::JPEG_LOSSLESS,
    ts::DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN,
    ts::EXPLICIT_VR_BIG_ENDIAN,
    // MPEG2, MPEG-4 AVC and HEVC, with their fragmentable forms.
    "1.2.840.10008.1.2.4.102",
    "1.2.840.10008.1.2.4.100",
    "1.2.840.10008.1.2.4.101",
    "1.2.840.10008.1.2.4.103",
    "1.2.840.10008.1.2.4.104",
    "1.2.840.10008.1.2.4.105",
    "1.2.840.10008.1.2.4.106",
    "1.2.840.10008.1.2.4.107",
    "1.2.840.10008.1.2.4.108",
    // JPEG XL: lossless, JPEG recompression, lossy.
    "1.2.840.10008.1.2.4.110",
    "1.2.840.10008.1.2.4.111",
    "1.2.840.10008.1.2.4.112",
    ts::ENCAPSULATED_UNCOMPRESSED,
    // JPEG 2000 part 2.
    "1.2.840.10008.1.2.4.92",
    "1.2.840.10008.1.2.4.93",
];

/// All UIDs of DICOM begin so.
const DICOM_ROOT: &str = "1.2.840.10008.";
/// Nearly all storage SOP classes begin so.
const STORAGE_ROOT: &str = "1.2.840.10008.5.1.4.1.1.";
/// What begins so and is no storage: protocol and inventory query/retrieve.
const NOT_STORAGE: [&str; 9] = ["200.4", "200.5", "200.6", "201.1.1", "201.2", "201.3", "201.4", "201.5", "201.6"];
/// Non-patient objects: hanging protocols, colour palettes, implant templates, beams and brachy delivery instructions.
const OTHER_STORAGE: [&str; 7] = [
    "1.2.840.10008.5.1.4.34.7",
    "1.2.840.10008.5.1.4.34.10",
    "1.2.840.10008.5.1.4.38.1",
    "1.2.840.10008.5.1.4.39.1",
    "1.2.840.10008.5.1.4.43.1",
    "1.2.840.10008.5.1.4.44.1",
    "1.2.840.10008.5.1.4.45.1",
];

/// Whether objects of this class can be stored: the storage classes of PS3.4 annex B and GG, and everything outside DICOM's own root,
/// which is a manufacturer's.
pub fn is_storage(sop_class: &str) -> bool {
    match sop_class.strip_prefix(STORAGE_ROOT) {
        Some(rest) => !NOT_STORAGE.contains(&rest),
        None => OTHER_STORAGE.contains(&sop_class) || !sop_class.starts_with(DICOM_ROOT),
    }
}

/// Storage classes below `STORAGE_ROOT` to propose for C-GET where nobody told which are needed: at most 127, usual ones first.
const USUAL: [&str; 124] = [
    "2", "2.1", "2.2", "4", "4.1", "4.2", "4.3", "4.4", "1", "1.1", "1.1.1", "1.2", "1.2.1", "1.3", "1.3.1", "13.1.3",
    "13.1.4", "13.1.5", "6.1", "6.2", "3.1", "6", "3", "7", "7.1", "7.2", "7.3", "7.4", "88.11", "88.22", "88.33",
    "88.34", "88.35", "88.40", "88.50", "88.59", "88.65", "88.67", "88.68", "88.69", "88.70", "88.71", "88.72",
    "88.73", "88.74", "88.75", "88.76", "11.1", "11.2", "11.3", "11.4", "11.5", "11.6", "11.7", "11.8", "11.9",
    "11.10", "11.11", "11.12", "12.1", "12.1.1", "12.2", "12.2.1", "12.3", "13.1.1", "13.1.2", "20", "5", "128",
    "128.1", "130", "30", "66", "66.1", "66.2", "66.3", "66.4", "66.5", "66.6", "66.7", "67", "104.1", "104.2",
    "104.3", "104.4", "104.5", "77.1.1", "77.1.1.1", "77.1.2", "77.1.2.1", "77.1.3", "77.1.4", "77.1.4.1", "77.1.5.1",
    "77.1.5.2", "77.1.5.3", "77.1.5.4", "77.1.5.5", "77.1.5.6", "77.1.5.7", "77.1.5.8", "77.1.6", "77.1.7", "481.1",
    "481.2", "481.3", "481.4", "481.5", "481.6", "481.7", "481.8", "481.9", "9.1.1", "9.1.2", "9.1.3", "9.2.1",
    "9.3.1", "9.4.1", "9.5.1", "9.6.1", "14.1", "131", "68.1", "81.1",
];

/// The usual storage classes.
pub fn usual_storage_classes() -> impl Iterator<Item = String> {
    USUAL.iter().map(|rest| format!("{STORAGE_ROOT}{rest}"))
}

#[cfg(test)]
mod tests {
    use super::{STUDY_ROOT_FIND, VERIFICATION, is_storage, usual_storage_classes};

    #[test]
    fn storage_is_told_from_query_and_from_other_services() {
        for class in ["1.2.840.10008.5.1.4.1.1.2", "1.2.840.10008.5.1.4.38.1", "1.3.12.2.1107.5.9.1"] {
            assert!(is_storage(class), "{class}");
        }
        for class in [
            VERIFICATION,
            STUDY_ROOT_FIND,
            "1.2.840.10008.5.1.4.31",
            "1.2.840.10008.1.20.1",
            "1.2.840.10008.5.1.4.1.1.201.2",
        ] {
            assert!(!is_storage(class), "{class}");
        }
    }

    #[test]
    fn usual_classes_fit_one_association_beside_the_retrieve_context() {
        let all: std::collections::HashSet<_> = usual_storage_classes().collect();
        assert_eq!(all.len(), super::USUAL.len());
        assert!(all.len() < 128);
        assert!(all.iter().all(|class| is_storage(class)));
    }
}
