//! The matching rules of PS3.4 §C.2.2.2 on a DICOM JSON object (PS3.18 Annex F): for what the registry's columns don't have.

use dicom_core::{Tag, VR};
use dicom_dictionary_std::tags;
use index_model::PersonName;
use serde_json::{Map, Value};

use crate::sound::{fuzzy_words, sounds};
use crate::text::{closed_group, filled, folded, is_like, name_patterns, name_words, time_begin, time_end};
use crate::{Match, Rule, Span};

mod date_times;

/// Items of one sequence that are looked at.
const MAX_ITEMS: usize = 10_000;

/// Identifiers and codes, which are compared character by character although they are text.
const IDENTIFIERS: [Tag; 26] = [
    tags::ACCESSION_NUMBER,
    tags::CODE_VALUE,
    tags::CODING_SCHEME_DESIGNATOR,
    tags::CODING_SCHEME_VERSION,
    tags::LONG_CODE_VALUE,
    tags::PATIENT_ID,
    tags::ISSUER_OF_PATIENT_ID,
    // OtherPatientIDs, retired.
    Tag(0x0010, 0x1000),
    tags::DEVICE_SERIAL_NUMBER,
    tags::STUDY_ID,
    tags::ADMISSION_ID,
    tags::SERVICE_EPISODE_ID,
    tags::SCHEDULED_PROCEDURE_STEP_ID,
    tags::PERFORMED_PROCEDURE_STEP_ID,
    tags::REQUESTED_PROCEDURE_ID,
    tags::PLACER_ORDER_NUMBER_IMAGING_SERVICE_REQUEST,
    tags::FILLER_ORDER_NUMBER_IMAGING_SERVICE_REQUEST,
    tags::LOCAL_NAMESPACE_ENTITY_ID,
    tags::UNIVERSAL_ENTITY_ID,
    tags::SPECIMEN_IDENTIFIER,
    tags::CONTAINER_IDENTIFIER,
    tags::CLINICAL_TRIAL_PROTOCOL_ID,
    tags::CLINICAL_TRIAL_SITE_ID,
    tags::CLINICAL_TRIAL_SUBJECT_ID,
    tags::CLINICAL_TRIAL_SUBJECT_READING_ID,
    tags::CLINICAL_TRIAL_TIME_POINT_ID,
];

/// Whether a data set meets every condition. Of several values one must meet it; of several items one must meet all that is asked of its
/// sequence (PS3.4 §C.2.2.2.6).
pub fn matches<'a>(conditions: impl IntoIterator<Item = &'a Match>, dataset: &Map<String, Value>) -> bool {
    let asked = conditions.into_iter().filter(|one| one.rule != Rule::Universal);
    all_within(&asked.map(|one| (one.attribute.path.as_slice(), one)).collect::<Vec<_>>(), dataset)
}

/// Conditions with what is left of their paths at this depth.
fn all_within(conditions: &[(&[Tag], &Match)], dataset: &Map<String, Value>) -> bool {
    let mut done: Vec<Tag> = Vec::new();
    conditions.iter().all(|(path, condition)| match path.split_first() {
        None => false,
        Some((tag, [])) => of_value(*tag, condition, dataset),
        Some((tag, _)) if done.contains(tag) => true,
        Some((tag, _)) => {
            done.push(*tag);
            let of_items: Vec<_> = conditions
                .iter()
                .filter_map(|(path, one)| path.strip_prefix(&[*tag]).map(|rest| (rest, *one)))
                .filter(|(rest, _)| !rest.is_empty())
                .collect();
            let values = values_of(*tag, dataset).1;
            // No item is nothing within it.
            if values.is_empty() {
                return of_items.iter().all(|(_, one)| one.rule == Rule::Empty);
            }
            values.iter().take(MAX_ITEMS).filter_map(Value::as_object).any(|item| all_within(&of_items, item))
        }
    })
}

fn values_of(tag: Tag, dataset: &Map<String, Value>) -> (Option<&Value>, &[Value]) {
    let element = dataset.get(&format!("{:04X}{:04X}", tag.group(), tag.element()));
    let values = element.and_then(|element| element.get("Value")).and_then(Value::as_array);
    (element, values.map_or(&[][..], Vec::as_slice))
}

fn of_value(tag: Tag, condition: &Match, dataset: &Map<String, Value>) -> bool {
    let (element, values) = values_of(tag, dataset);
    if condition.rule == Rule::Empty {
        let bulk = element.is_some_and(|e| e.get("BulkDataURI").is_some() || e.get("InlineBinary").is_some());
        return !bulk && values.iter().all(is_empty);
    }
    let has =
        |rule: &Rule| values.iter().any(|value| !is_empty(value) && one(tag, condition.attribute.vr, rule, value));
    match &condition.rule {
        Rule::AllOf(wanted) => wanted.iter().all(|wanted| has(&Rule::Equals(wanted.clone()))),
        Rule::Span(span) => values.first().and_then(Value::as_str).is_some_and(|day| spans(span, day.trim(), dataset)),
        rule => has(rule),
    }
}

/// Whether a day and the time beside it lie within a span.
fn spans(span: &Span, day: &str, dataset: &Map<String, Value>) -> bool {
    let element = dataset.get(&format!("{:04X}{:04X}", span.time.group(), span.time.element()));
    let time = element.and_then(|element| element.get("Value")?.get(0)?.as_str()).and_then(time_begin);
    let begins = |first: &str, from: &str| {
        time.as_ref().is_some_and(|time| day == first && Some(time) >= time_begin(from).as_ref())
    };
    let ends =
        |last: &str, to: &str| time.as_ref().is_some_and(|time| day == last && Some(time) <= time_end(to).as_ref());
    let is_after = match span.from() {
        Some((first, Some(from))) => day > first || begins(first, from),
        Some((first, None)) => day >= first,
        None => true,
    };
    let is_before = match span.to() {
        Some((last, Some(to))) => day < last || ends(last, to),
        Some((last, None)) => day <= last,
        None => true,
    };
    date(day).is_some() && is_after && is_before
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.trim().is_empty(),
        Value::Object(members) => members.values().all(is_empty),
        Value::Array(items) => items.is_empty(),
        Value::Bool(_) | Value::Number(_) => false,
    }
}

fn one(tag: Tag, vr: VR, rule: &Rule, value: &Value) -> bool {
    if vr == VR::PN {
        return name(rule, value);
    }
    let text = match value {
        Value::String(text) => text.trim_matches([' ', '\0']).to_owned(),
        Value::Number(number) => number.to_string(),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => return false,
    };
    match vr {
        VR::TM => moments(rule, &text, time_begin, time_end),
        VR::DT => date_times::matches(rule, &text),
        VR::DA => moments(rule, &text, date, date),
        VR::IS | VR::US | VR::SS | VR::UL | VR::SL | VR::UV | VR::SV | VR::DS | VR::FL | VR::FD => numbers(rule, &text),
        VR::LO | VR::SH | VR::LT | VR::ST | VR::UT | VR::UC if !IDENTIFIERS.contains(&tag) => {
            characters(rule, &folded(&text), folded)
        }
        VR::AT => characters(rule, &text.to_ascii_uppercase(), |text| text.to_ascii_uppercase()),
        _ => characters(rule, &text, str::to_owned),
    }
}

/// Single value, list and wild card matching of text that `prepare` makes comparable.
fn characters(rule: &Rule, text: &str, prepare: impl Fn(&str) -> String) -> bool {
    match rule {
        Rule::Universal => true,
        Rule::Equals(wanted) => prepare(wanted) == text,
        Rule::AnyOf(wanted) => wanted.iter().any(|wanted| prepare(wanted) == text),
        Rule::Like(wanted) => is_like(&prepare(wanted), text),
        Rule::Range(..) | Rule::AllOf(_) | Rule::Span(_) | Rule::Fuzzy(_) | Rule::Empty => false,
    }
}

/// Dates and times: a value counts from its first moment, a wanted one stands for all moments that it does not tell apart.
fn moments(
    rule: &Rule,
    text: &str,
    begin: impl Fn(&str) -> Option<String>,
    end: impl Fn(&str) -> Option<String>,
) -> bool {
    let Some(at) = begin(text) else { return false };
    let is_in = |from: Option<&str>, to: Option<&str>| {
        let from = from.map_or(Some(true), |from| begin(from).map(|from| from <= at));
        let to = to.map_or(Some(true), |to| end(to).map(|to| at <= to));
        from == Some(true) && to == Some(true)
    };
    match rule {
        Rule::Universal => true,
        Rule::Equals(wanted) => is_in(Some(wanted), Some(wanted)),
        Rule::AnyOf(wanted) => wanted.iter().any(|wanted| is_in(Some(wanted), Some(wanted))),
        Rule::Range(from, to) => is_in(from.as_deref(), to.as_deref()),
        Rule::Like(_) | Rule::AllOf(_) | Rule::Span(_) | Rule::Fuzzy(_) | Rule::Empty => false,
    }
}

fn date(text: &str) -> Option<String> {
    filled(text, "00000000").filter(|_| text.trim_end().len() == 8)
}

fn numbers(rule: &Rule, text: &str) -> bool {
    let Ok(value) = text.trim().parse::<f64>() else { return false };
    let is = |wanted: &str| wanted.trim().parse::<f64>().is_ok_and(|wanted| wanted == value);
    match rule {
        Rule::Universal => true,
        Rule::Equals(wanted) => is(wanted),
        Rule::AnyOf(wanted) => wanted.iter().any(|wanted| is(wanted)),
        Rule::Like(_) | Rule::Range(..) | Rule::AllOf(_) | Rule::Span(_) | Rule::Fuzzy(_) | Rule::Empty => false,
    }
}

/// Component groups of a person name; a plain string counts as in a file.
fn name(rule: &Rule, value: &Value) -> bool {
    let group = |key| value.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
    let name = match value.as_str() {
        Some(text) => PersonName::parse(text),
        None => PersonName {
            alphabetic: group("Alphabetic"),
            ideographic: group("Ideographic"),
            phonetic: group("Phonetic"),
        },
    };
    let groups =
        [&name.alphabetic, &name.ideographic, &name.phonetic].map(|text| closed_group(text).unwrap_or_default());
    let is = |wanted: &str| match name_patterns(wanted).as_slice() {
        [Some(pattern)] => groups.iter().any(|group| is_like(pattern, group)),
        patterns => patterns
            .iter()
            .zip(&groups)
            .all(|(pattern, group)| pattern.as_ref().is_none_or(|pattern| is_like(pattern, group))),
    };
    match rule {
        Rule::Universal => true,
        Rule::Equals(wanted) | Rule::Like(wanted) => is(wanted),
        Rule::AnyOf(wanted) => wanted.iter().any(|wanted| is(wanted)),
        Rule::Fuzzy(wanted) => {
            let (words, sounds) = (name_words(&name), sounds(&name));
            fuzzy_words(wanted).iter().all(|word| word.is_in(&words, &sounds))
        }
        Rule::Range(..) | Rule::AllOf(_) | Rule::Span(_) | Rule::Empty => false,
    }
}

#[cfg(test)]
mod tests;
