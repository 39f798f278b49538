//! Which information entity an attribute belongs to (PS3.3 §A.1.2, §C.7): what a search at a level returns and matches.

use dicom_core::Tag;

use crate::{Attribute, Level};

/// Of the Study: General Study, Patient Study and Clinical Trial Study (PS3.3 §C.7.2), what a query model adds (PS3.4 §C.3.4), and
/// the institution, which Ontario's registries know of a study. All of group 0010 is of the Patient or the Patient Study.
const STUDY: &[(u16, &[u16])] = &[
    (0x0008, &[0x0020, 0x0030, 0x0050, 0x0051, 0x0054, 0x0056, 0x0061, 0x0062, 0x0063, 0x0080, 0x0090, 0x0092, 0x0096]),
    (0x0008, &[0x009C, 0x009D, 0x0201, 0x1030, 0x1032, 0x1048, 0x1049, 0x1060, 0x1062, 0x1080, 0x1084, 0x1110, 0x1120]),
    (0x0008, &[0x0005, 0x1190]),
    (0x0012, &[0x0010, 0x0020, 0x0021, 0x0030, 0x0031, 0x0040, 0x0042, 0x0050, 0x0051, 0x0052, 0x0053, 0x0062, 0x0063]),
    (0x0012, &[0x0064, 0x0081, 0x0082, 0x0083, 0x0084, 0x0085]),
    (0x0020, &[0x000D, 0x0010, 0x1070, 0x1200, 0x1202, 0x1204, 0x1206, 0x1208]),
    (0x0032, &[0x1031, 0x1032, 0x1033, 0x1034, 0x1066, 0x1067]),
    (0x0038, &[0x0010, 0x0014, 0x0060, 0x0062, 0x0064, 0x0500]),
    (0x0040, &[0x1012, 0xE011]),
];

/// Of the Series, the Frame of Reference and the Equipment (PS3.3 §C.7.3 to §C.7.5).
const SERIES: &[(u16, &[u16])] = &[
    (0x0008, &[0x0021, 0x0031, 0x0060, 0x0064, 0x0068, 0x0070, 0x0081, 0x0082, 0x1010, 0x103E, 0x103F, 0x1040, 0x1041]),
    (0x0008, &[0x1050, 0x1052, 0x1070, 0x1072, 0x1090, 0x1111, 0x1250]),
    (0x0012, &[0x0060, 0x0071, 0x0072, 0x0073]),
    (0x0018, &[0x0015, 0x1000, 0x1002, 0x1020, 0x1030, 0x100A, 0x1050, 0x1200, 0x1201, 0x5100]),
    (0x0020, &[0x000E, 0x0011, 0x0052, 0x0060, 0x1040, 0x1209]),
    (0x0028, &[0x0108, 0x0109]),
    (0x0040, &[0x0244, 0x0245, 0x0250, 0x0251, 0x0253, 0x0254, 0x0260, 0x0275, 0x0280]),
];

/// Attributes of group 0010 that modules of the Series or the Image have nevertheless.
const BELOW_PATIENT: &[u16] = &[0x2210, 0x9431];

/// The level of an attribute, by the outermost tag of its path. What PS3.3 has in no module above the image is of the instance.
pub fn level_of(attribute: &Attribute) -> Level {
    let Some(&Tag(group, element)) = attribute.path.first() else { return Level::Instance };
    let is_in =
        |table: &[(u16, &[u16])]| table.iter().any(|(of, elements)| *of == group && elements.contains(&element));
    if (group == 0x0010 && !BELOW_PATIENT.contains(&element)) || is_in(STUDY) {
        Level::Study
    } else if is_in(SERIES) || (group == 0x0010 && element == 0x2210) {
        Level::Series
    } else {
        Level::Instance
    }
}

/// Attributes that a query model has and no object does (PS3.4 §C.3.4, PS3.3 §C.4.23): no header can answer them.
const OF_QUERIES: &[Tag] = &[
    Tag(0x0008, 0x0054),
    Tag(0x0008, 0x0056),
    Tag(0x0008, 0x0061),
    Tag(0x0008, 0x0062),
    Tag(0x0008, 0x0063),
    Tag(0x0008, 0x1190),
    Tag(0x0020, 0x1200),
    Tag(0x0020, 0x1202),
    Tag(0x0020, 0x1204),
    Tag(0x0020, 0x1206),
    Tag(0x0020, 0x1208),
    Tag(0x0020, 0x1209),
    Tag(0x0040, 0xE011),
];

/// Whether the header of an object may have an attribute.
pub fn is_of_objects(attribute: &Attribute) -> bool {
    attribute.path.first().is_some_and(|tag| !OF_QUERIES.contains(tag))
}

#[cfg(test)]
mod tests {
    use super::{is_of_objects, level_of};
    use crate::{Level, attribute};

    #[test]
    fn an_attribute_is_of_the_level_whose_module_has_it() {
        let level = |name: &str| attribute(name).map(|attribute| level_of(&attribute));
        for name in
            ["PatientName", "OtherPatientIDsSequence.PatientID", "StudyDescription", "PatientAge", "InstitutionName"]
        {
            assert_eq!(level(name), Some(Level::Study), "{name}");
        }
        for name in ["Modality", "SeriesDate", "ProtocolName", "Manufacturer", "RequestAttributesSequence.00401001"] {
            assert_eq!(level(name), Some(Level::Series), "{name}");
        }
        for name in ["SOPClassUID", "InstanceNumber", "Rows", "ContentDate", "ImageType", "00091001"] {
            assert_eq!(level(name), Some(Level::Instance), "{name}");
        }
    }

    #[test]
    fn what_is_counted_or_known_of_repositories_is_in_no_object() {
        let is = |name: &str| attribute(name).is_some_and(|attribute| is_of_objects(&attribute));
        assert!(is("PatientAge") && is("00091001"));
        assert!(!is("InstanceAvailability") && !is("NumberOfPatientRelatedStudies"));
    }
}
