//! The same objects everywhere, from a seed.

use std::collections::HashSet;

use fixtures::{Province, ProvinceOptions, Scale, SeriesPlan, StudyPlan, instance_bytes, plan};

/// The seed of every bench.
const SEED: u64 = 42;

/// One series of many instances.
pub struct Series {
    /// Whole Part 10 objects.
    pub objects: Vec<Vec<u8>>,
    /// StudyInstanceUID.
    pub study: String,
    /// SeriesInstanceUID.
    pub series: String,
    /// SOPInstanceUIDs.
    pub instances: Vec<String>,
}

impl Series {
    /// Its path below the DICOMweb root.
    pub fn path(&self) -> String {
        format!("/studies/{}/series/{}", self.study, self.series)
    }

    /// The path of something of each of its instances, such as `/frames/1`.
    pub fn of_each(&self, what: &str) -> Vec<String> {
        self.instances.iter().map(|instance| format!("{}/instances/{instance}{what}", self.path())).collect()
    }
}

fn province_plan() -> Province {
    plan(&ProvinceOptions { seed: SEED, scale: Scale::Demo })
}

fn modality(study: &StudyPlan) -> &str {
    study.series.first().map_or("", |series| series.modality)
}

/// The first object of every series of the synthetic province, cines apart.
pub fn province() -> Vec<Vec<u8>> {
    let province = province_plan();
    // A study that two regions hold counts once: both servers know one source here.
    let mut seen = HashSet::new();
    let studies = province.studies.iter().filter(|study| modality(study) != "US" && seen.insert(&study.study_uid));
    studies.flat_map(|study| study.series.iter().map(|series| instance_bytes(study, series, 0))).collect()
}

/// A CT series of `count` slices of 512 x 512 x 16 bit: a volume of the province, repeated under identifiers of their own.
pub fn large_series(count: usize) -> Series {
    let province = province_plan();
    let volumes = province.studies.iter().filter(|study| modality(study) == "CT");
    let study = volumes.max_by_key(|study| study.series[0].instances.len()).expect("the province has a CT volume");
    let series = &study.series[0];
    let slices: Vec<_> = (0..series.instances.len()).map(|index| instance_bytes(study, series, index)).collect();
    let (objects, instances) = (0..count)
        .map(|number| {
            let index = number % slices.len();
            let uid = &series.instances[index].sop_instance_uid;
            let renamed = renamed(uid, number);
            (replaced(&slices[index], uid, &renamed), renamed)
        })
        .unzip();
    Series { objects, study: study.study_uid.clone(), series: series.series_uid.clone(), instances }
}

/// Every radiograph of more than five megapixels, each of which is a series of one instance.
pub fn radiographs() -> Vec<Series> {
    let province = province_plan();
    let mut seen = HashSet::new();
    let of = |study: &StudyPlan, series: &SeriesPlan| Series {
        objects: vec![instance_bytes(study, series, 0)],
        study: study.study_uid.clone(),
        series: series.series_uid.clone(),
        instances: vec![series.instances[0].sop_instance_uid.clone()],
    };
    let films = province.studies.iter().flat_map(|study| study.series.iter().map(move |series| (study, series)));
    let films = films.filter(|(_, series)| ["CR", "DX", "MG"].contains(&series.modality));
    let films =
        films.filter(|(_, series)| seen.insert(series.series_uid.clone())).map(|(study, series)| of(study, series));
    films.filter(|film| film.objects[0].len() > 10_000_000).collect()
}

/// The same identifier with other last digits.
pub(crate) fn renamed(uid: &str, number: usize) -> String {
    format!("{}{number:05}", &uid[..uid.len() - 5])
}

pub(crate) fn replaced(object: &[u8], old: &str, new: &str) -> Vec<u8> {
    let mut object = object.to_vec();
    let mut from = 0;
    // The meta header and the data set have it, both in front of the pixels.
    let front = object.len().min(8192);
    while let Some(at) = object[from..front].windows(old.len()).position(|bytes| bytes == old.as_bytes()) {
        object[from + at..from + at + new.len()].copy_from_slice(new.as_bytes());
        from += at + new.len();
    }
    object
}

/// Studies of one object without pixels each: what an index has to find, and what a night of orders sends.
pub fn small_studies(count: usize) -> Vec<Vec<u8>> {
    (0..count).map(small_study).collect()
}

fn small_study(number: usize) -> Vec<u8> {
    const FAMILY: [&str; 8] = ["TREMBLAY", "MACDONALD", "SINGH", "NGUYEN", "SMITH", "MARTIN", "CHEN", "KOWALSKI"];
    const GIVEN: [&str; 5] = ["MARIE", "JOHN", "ANITA", "LI", "PAUL"];
    const MODALITY: [&str; 5] = ["CT", "MR", "DX", "US", "CR"];
    let study = format!("1.2.826.0.1.3680043.9.9999.1.{}", number + 1);
    let day = number % 336;
    let name = format!("{}{}^{}", FAMILY[number % 8], number / 40, GIVEN[number / 8 % 5]);
    let class = "1.2.840.10008.5.1.4.1.1.104.1";
    let mut data = Vec::new();
    for (group, element, vr, text) in [
        (0x0008, 0x0016, b"UI", class.to_owned()),
        (0x0008, 0x0018, b"UI", format!("{study}.1.1")),
        (0x0008, 0x0020, b"DA", format!("2025{:02}{:02}", day / 28 + 1, day % 28 + 1)),
        (0x0008, 0x0030, b"TM", format!("{:02}{:02}00", number % 24, number % 60)),
        (0x0008, 0x0050, b"SH", format!("A{number}")),
        (0x0008, 0x0060, b"CS", MODALITY[number % 5].to_owned()),
        (0x0008, 0x0090, b"PN", "REFERRER^ONE".to_owned()),
        (0x0008, 0x1030, b"LO", "Chest".to_owned()),
        (0x0010, 0x0010, b"PN", name),
        (0x0010, 0x0020, b"LO", format!("P{}", number / 2)),
        (0x0010, 0x0030, b"DA", format!("19{:02}0101", number / 2 % 90 + 10)),
        (0x0010, 0x0040, b"CS", "O".to_owned()),
        (0x0020, 0x000d, b"UI", study.clone()),
        (0x0020, 0x000e, b"UI", format!("{study}.1")),
        (0x0020, 0x0010, b"SH", "1".to_owned()),
        (0x0020, 0x0011, b"IS", "1".to_owned()),
        (0x0020, 0x0013, b"IS", "1".to_owned()),
    ] {
        element_of(&mut data, group, element, *vr, &text);
    }
    let mut meta = Vec::new();
    for (element, text) in [
        (0x0002, class.to_owned()),
        (0x0003, format!("{study}.1.1")),
        (0x0010, "1.2.840.10008.1.2.1".to_owned()),
        (0x0012, "1.2.826.0.1.3680043.9.9999".to_owned()),
    ] {
        element_of(&mut meta, 0x0002, element, *b"UI", &text);
    }
    let mut object = vec![0; 128];
    object.extend_from_slice(b"DICM\x02\x00\x00\x00UL\x04\x00");
    object.extend_from_slice(&(meta.len() as u32).to_le_bytes());
    [object, meta, data].concat()
}

/// An element of explicit VR little endian with a short length.
fn element_of(bytes: &mut Vec<u8>, group: u16, element: u16, vr: [u8; 2], text: &str) {
    let padding = if vr == *b"UI" { "\0" } else { " " };
    let text = format!("{text}{}", if text.len() % 2 == 1 { padding } else { "" });
    bytes.extend_from_slice(&group.to_le_bytes());
    bytes.extend_from_slice(&element.to_le_bytes());
    bytes.extend_from_slice(&vr);
    bytes.extend_from_slice(&(text.len() as u16).to_le_bytes());
    bytes.extend_from_slice(text.as_bytes());
}
