//! How what several say of one thing becomes one record.

use index_model::{Demographic, PatientRecord, PersonName, SeriesRecord, StudyRecord, fold};

use super::Manner;
use index_query::text::name_group;

fn gap<T: Clone>(into: &mut Option<T>, from: &Option<T>) {
    if into.is_none() {
        into.clone_from(from);
    }
}

fn name_gap(into: &mut PersonName, from: &PersonName) {
    if into.is_empty() {
        into.clone_from(from);
    }
}

/// Fills what `into` does not say of its patient. An id is never taken from another record when there is one.
fn fill_patient(into: &mut PatientRecord, from: &PatientRecord) {
    gap(&mut into.patient_id, &from.patient_id);
    for id in &from.other_patient_ids {
        if !into.other_patient_ids.contains(id) && into.other_patient_ids.len() < 64 {
            into.other_patient_ids.push(id.clone());
        }
    }
    for what in Demographic::ALL {
        if into.tells(what) {
            into.deleted.retain(|deleted| *deleted != what);
        } else if into.deleted.contains(&what) || from.deleted.contains(&what) {
            // It stays deleted: this is no gap.
            into.deleted.retain(|deleted| *deleted != what);
            into.deleted.push(what);
        } else {
            match what {
                Demographic::Name => name_gap(&mut into.patient_name, &from.patient_name),
                Demographic::BirthDate => gap(&mut into.patient_birth_date, &from.patient_birth_date),
                Demographic::Sex => gap(&mut into.patient_sex, &from.patient_sex),
                Demographic::HealthNumber => gap(&mut into.health_number, &from.health_number),
            }
        }
    }
}

/// Fills what `into` does not say; modalities are united.
pub(super) fn fill_study(into: &mut StudyRecord, from: &StudyRecord) {
    fill_patient(&mut into.patient, &from.patient);
    gap(&mut into.study_date, &from.study_date);
    gap(&mut into.study_time, &from.study_time);
    // The first day that any object tells.
    into.known_date = match (into.known_date.take(), &from.known_date) {
        (Some(a), Some(b)) => Some(a.min(b.clone())),
        (a, b) => a.or_else(|| b.clone()),
    };
    gap(&mut into.accession_number, &from.accession_number);
    gap(&mut into.placer_order_number, &from.placer_order_number);
    gap(&mut into.admission_id, &from.admission_id);
    gap(&mut into.original_study_uid, &from.original_study_uid);
    gap(&mut into.study_id, &from.study_id);
    gap(&mut into.study_description, &from.study_description);
    name_gap(&mut into.referring_physician_name, &from.referring_physician_name);
    gap(&mut into.institution_name, &from.institution_name);
    gap(&mut into.timezone_offset_from_utc, &from.timezone_offset_from_utc);
    for modality in &from.modalities_in_study {
        if !into.modalities_in_study.contains(modality) && into.modalities_in_study.len() < 64 {
            into.modalities_in_study.push(modality.clone());
        }
    }
    into.number_of_study_related_series = into.number_of_study_related_series.max(from.number_of_study_related_series);
    into.number_of_study_related_instances =
        into.number_of_study_related_instances.max(from.number_of_study_related_instances);
}

/// Fills what `into` does not say.
pub(super) fn fill_series(into: &mut SeriesRecord, from: &SeriesRecord) {
    gap(&mut into.modality, &from.modality);
    gap(&mut into.series_number, &from.series_number);
    gap(&mut into.series_description, &from.series_description);
    gap(&mut into.body_part_examined, &from.body_part_examined);
    gap(&mut into.performed_procedure_step_start_date, &from.performed_procedure_step_start_date);
    gap(&mut into.performed_procedure_step_start_time, &from.performed_procedure_step_start_time);
    into.add_requests(from.requests());
    into.number_of_series_related_instances =
        into.number_of_series_related_instances.max(from.number_of_series_related_instances);
}

/// What is newly said of a patient over what was known.
pub(super) fn renew_patient(known: &PatientRecord, said: &PatientRecord) -> PatientRecord {
    let mut out = said.clone();
    fill_patient(&mut out, known);
    out
}

/// What a copy is after its repository spoke again.
///
/// A declaration is newer than what was known and its gaps are filled; of an instance only what was not known is taken.
pub(super) fn renew_study(known: &StudyRecord, said: &StudyRecord, manner: Manner) -> StudyRecord {
    if manner == Manner::Held {
        let mut out = known.clone();
        fill_study(&mut out, said);
        return out;
    }
    let mut out = said.clone();
    fill_study(&mut out, known);
    if known.patient.patient_id != said.patient.patient_id {
        out.patient = said.patient.clone();
    }
    if !said.modalities_in_study.is_empty() {
        out.modalities_in_study.clone_from(&said.modalities_in_study);
    }
    let newer = |said: Option<u32>, known: Option<u32>| said.or(known);
    out.number_of_study_related_series =
        newer(said.number_of_study_related_series, known.number_of_study_related_series);
    out.number_of_study_related_instances =
        newer(said.number_of_study_related_instances, known.number_of_study_related_instances);
    out
}

/// The same for a series.
pub(super) fn renew_series(known: &SeriesRecord, said: &SeriesRecord, manner: Manner) -> SeriesRecord {
    if manner == Manner::Held {
        let mut out = known.clone();
        fill_series(&mut out, said);
        return out;
    }
    let mut out = said.clone();
    fill_series(&mut out, known);
    out.number_of_series_related_instances =
        said.number_of_series_related_instances.or(known.number_of_series_related_instances);
    out
}

/// Whether two records can be of one patient, as far as they tell: not when both have a health number and it differs; not under two
/// numbers of one issuer, unless name and birth date are the same and nothing differs (twins share a birth date); else not when
/// everything that both tell (name, birth date) differs, or only the birth date is shared and the sex is not.
pub(crate) fn agree(a: &PatientRecord, b: &PatientRecord) -> bool {
    if let (Some(a), Some(b)) = (&a.health_number, &b.health_number)
        && a.number != b.number
    {
        return false;
    }
    let names = both(&name_key(&a.patient_name), &name_key(&b.patient_name));
    let dates = a.patient_birth_date.as_ref().zip(b.patient_birth_date.as_ref()).map(|(a, b)| a == b);
    let sexes = a.patient_sex.as_ref().zip(b.patient_sex.as_ref()).map(|(a, b)| a == b);
    if two_numbers_of_one_issuer(a, b) {
        return (names, dates) == (Some(true), Some(true)) && sexes != Some(false);
    }
    match (names, dates) {
        (None, None) => true,
        (names, dates) => names == Some(true) || (dates == Some(true) && sexes != Some(false)),
    }
}

/// Whether two records tell the same name and birth date, and nothing speaks against it.
pub(crate) fn are_alike(a: &PatientRecord, b: &PatientRecord) -> bool {
    let names = both(&name_key(&a.patient_name), &name_key(&b.patient_name));
    let dates = a.patient_birth_date.is_some() && a.patient_birth_date == b.patient_birth_date;
    names == Some(true) && dates && agree(a, b)
}

/// Whether one issuer gave them two numbers.
pub(crate) fn two_numbers_of_one_issuer(a: &PatientRecord, b: &PatientRecord) -> bool {
    let usable = |p: &PatientRecord| p.patient_id.clone().filter(|id| super::patient::is_usable(Some(id)));
    usable(a).zip(usable(b)).is_some_and(|(a, b)| a.issuer == b.issuer && a.value != b.value)
}

fn both(a: &str, b: &str) -> Option<bool> {
    (!a.is_empty() && !b.is_empty()).then(|| a == b)
}

/// Family and given name, folded: middle names, prefixes and suffixes come and go between systems.
fn name_key(name: &PersonName) -> String {
    let group = [&name.alphabetic, &name.ideographic, &name.phonetic].into_iter().find(|group| !group.is_empty());
    let folded = name_group(group.map_or("", |group| group));
    folded.splitn(3, '^').take(2).collect::<Vec<_>>().join("^")
}

/// Whether a shared health number makes two source patients one person: the birth date must be equal, and the family name or the sex.
pub(super) fn one_person(a: &PatientRecord, b: &PatientRecord) -> bool {
    let number = |p: &PatientRecord| p.health_number.as_ref().map(|h| h.number.clone());
    let same_number = number(a).is_some() && number(a) == number(b);
    let same_birth = a.patient_birth_date.is_some() && a.patient_birth_date == b.patient_birth_date;
    let family =
        |p: &PatientRecord| fold(p.patient_name.alphabetic.split('^').next().unwrap_or_default()).trim().to_owned();
    let same_family = !family(a).is_empty() && family(a) == family(b);
    let same_sex = a.patient_sex.is_some() && a.patient_sex == b.patient_sex;
    same_number && same_birth && (same_family || same_sex)
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use index_model::{HealthNumber, IssuedId, PatientRecord, PersonName, Phi};

    use super::{agree, one_person};

    fn patient(name: &str, birth: &str, sex: &str, number: &str) -> PatientRecord {
        PatientRecord {
            patient_name: PersonName::parse(name),
            patient_birth_date: (!birth.is_empty()).then(|| Phi::new(birth.into())),
            patient_sex: (!sex.is_empty()).then(|| sex.into()),
            health_number: (!number.is_empty()).then(|| HealthNumber::parse(number, "").unwrap()),
            ..PatientRecord::default()
        }
    }

    #[test]
    fn patients_disagree_when_all_that_both_tell_differs() {
        let jane = patient("DOE^JANE", "19700101", "F", "");
        assert!(agree(&jane, &patient("Doe^Jane^A", "19700101", "F", "")));
        assert!(agree(&jane, &patient("DOE^JANET", "19700101", "", "")));
        assert!(agree(&jane, &patient("", "", "", "")));
        assert!(!agree(&jane, &patient("ROE^RICHARD", "19500505", "M", "")));
        assert!(!agree(&jane, &patient("ROE^RICHARD", "", "", "")));
        assert!(agree(&jane, &patient("ROE^JANE", "19700101", "F", "")), "a name may change");
        assert!(!agree(&jane, &patient("ROE^JOHN", "19700101", "M", "")));
        assert!(!agree(
            &patient("DOE^JANE", "19700101", "F", "9876543217"),
            &patient("DOE^JANE", "19700101", "F", "1234567897")
        ));
    }

    #[test]
    fn two_numbers_of_one_issuer_are_one_patient_only_when_name_and_birth_date_are_the_same() {
        let numbered = |name: &str, sex: &str, number: &str, issuer: &str| PatientRecord {
            patient_id: Some(IssuedId { value: Phi::new(number.into()), issuer: issuer.into() }),
            ..patient(name, "20260101", sex, "")
        };
        let twin = numbered("DOE^BABY A", "F", "1", "NORTH");
        assert!(!agree(&twin, &numbered("DOE^BABY B", "F", "2", "NORTH")));
        assert!(!agree(&twin, &numbered("DOE^BABY A", "M", "2", "NORTH")));
        assert!(agree(&twin, &numbered("DOE^BABY A", "F", "2", "NORTH")), "registered twice");
        assert!(agree(&twin, &numbered("DOE^BABY B", "F", "1", "NORTH")), "one number");
        assert!(agree(&twin, &numbered("DOE^ANN", "F", "2", "SOUTH")), "named later, elsewhere");
    }

    #[test]
    fn a_health_number_links_only_with_birth_date_and_name_or_sex() {
        let jane = patient("DOE^JANE", "19700101", "F", "9876543217");
        assert!(one_person(&jane, &patient("DOE^J", "19700101", "", "9876543217")));
        assert!(one_person(&jane, &patient("SMITH^JANE", "19700101", "F", "9876543217")));
        assert!(!one_person(&jane, &patient("SMITH^JOHN", "19700101", "M", "9876543217")));
        assert!(!one_person(&jane, &patient("DOE^BABY", "20260101", "F", "9876543217")));
        assert!(!one_person(&jane, &patient("DOE^JANE", "19700101", "F", "")));
    }
}
