//! Which studies an examination is most likely to be compared with.

use index_model::{OrderRecord, StudyRecord, fold};
use index_store::StudyRow;

/// The studies that whoever reads the examination is most likely to compare it with: of the same kind and place before others, newer before
/// older. The examination itself is none.
pub(super) fn priors(order: &OrderRecord, studies: Vec<StudyRow>, most: usize) -> Vec<StudyRow> {
    let is_itself = |study: &StudyRecord| {
        order.study_instance_uid.as_ref() == Some(&study.study_instance_uid)
            || (order.accession_number.is_some() && order.accession_number == study.accession_number)
    };
    let mut priors: Vec<StudyRow> = studies.into_iter().filter(|row| !row.conflict && !is_itself(&row.study)).collect();
    // The sort is stable: what is alike stays newest first.
    priors.sort_by_cached_key(|row| {
        std::cmp::Reverse(alike(&order.title, row.study.study_description.as_deref(), &row.modalities))
    });
    priors.truncate(most);
    priors
}

/// How much an ordered procedure has in common with a study: words of their descriptions, and the modality that the order's words tell.
fn alike(title: &str, description: Option<&str>, modalities: &[String]) -> usize {
    let words = |text: &str| -> Vec<String> {
        let folded = fold(text).to_lowercase();
        folded.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).map(str::to_owned).collect()
    };
    let (ordered, described) = (words(title), words(description.unwrap_or_default()));
    let shared = ordered.iter().filter(|word| word.len() > 2 && described.contains(word)).count();
    let told = |modality: &String| ordered.iter().any(|word| told_by(word).contains(&modality.as_str()));
    shared + usize::from(modalities.iter().any(told))
}

/// The modalities (PS3.3 §C.7.3.1.1.1) that a word of an order means.
fn told_by(word: &str) -> &'static [&'static str] {
    match word {
        "ct" | "tdm" | "scan" => &["CT"],
        "mr" | "mri" | "irm" => &["MR"],
        "us" | "ultrasound" | "echographie" => &["US"],
        "xr" | "cr" | "dx" | "xray" | "radiographie" => &["CR", "DX"],
        "mg" | "mammo" | "mammogram" | "mammography" | "mammographie" => &["MG"],
        "nm" => &["NM"],
        "pt" | "pet" | "tep" => &["PT"],
        _ => &[],
    }
}

#[cfg(test)]
mod tests {
    use super::alike;

    #[test]
    fn what_is_of_the_same_kind_and_place_is_most_alike() {
        let of = |description: &str, modality: &str| alike("CT HEAD", Some(description), &[modality.to_owned()]);
        assert!(of("CT head without contrast", "CT") > of("CT abdomen", "CT"));
        assert!(of("Tête (head)", "MR") > of("Knee", "MR"));
        assert!(of("Abdomen", "CT") > of("Abdomen", "US"));
        assert_eq!(alike("", None, &[]), 0);
        let chest = |modality: &str| alike("Radiographie thorax", Some("Thorax"), &[modality.to_owned()]);
        assert!(chest("DX") > chest("CT"));
    }
}
