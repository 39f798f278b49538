//! The same objects everywhere: a synthetic province from a seed, and of it one large CT series.

use fixtures::{ProvinceOptions, Scale, StudyPlan, instance_bytes, plan};

/// The seed of every bench.
const SEED: u64 = 42;

/// What both servers hold.
pub struct Corpus {
    /// Whole Part 10 objects.
    pub objects: Vec<Vec<u8>>,
    /// StudyInstanceUID of the large series.
    pub study: String,
    /// Its SeriesInstanceUID.
    pub series: String,
    /// Its SOPInstanceUIDs.
    pub instances: Vec<String>,
}

/// One CT volume of 512 x 512 whole, and the first object of every series of every other study.
pub fn corpus() -> Corpus {
    let province = plan(&ProvinceOptions { seed: SEED, scale: Scale::Demo });
    let large = province
        .studies
        .iter()
        .filter(|study| modality(study) == "CT")
        .max_by_key(|study| study.series[0].instances.len());
    let large = large.expect("the province has a CT volume");
    let series = &large.series[0];
    let mut objects: Vec<Vec<u8>> =
        (0..series.instances.len()).map(|index| instance_bytes(large, series, index)).collect();
    // A study that two regions hold counts once: both servers know one source here.
    let mut seen = std::collections::HashSet::new();
    for study in province.studies.iter().filter(|study| study.study_uid != large.study_uid && modality(study) != "US") {
        if !seen.insert(&study.study_uid) {
            continue;
        }
        objects.extend(study.series.iter().map(|series| instance_bytes(study, series, 0)));
    }
    Corpus {
        study: large.study_uid.clone(),
        series: series.series_uid.clone(),
        instances: series.instances.iter().map(|instance| instance.sop_instance_uid.clone()).collect(),
        objects,
    }
}

fn modality(study: &StudyPlan) -> &str {
    study.series.first().map_or("", |series| series.modality)
}
