//! Writes a query as search parameters again, for a peer.

use dicom_core::dictionary::{DataDictionary, DataDictionaryEntry};
use dicom_dictionary_std::StandardDataDictionary;

use crate::{Attribute, Query, Rule};

/// The parameters of PS3.18 §8.3.4 that ask for the same; what is not the default is written.
///
/// `limit` and `offset` are always among them. [`parse`](crate::parse) reads the same query from them.
pub fn render(query: &Query) -> Vec<(String, String)> {
    let mut out = Vec::with_capacity(query.matches.len() + 4);
    let mut push = |name: String, value: String| out.push((name, value));
    for condition in &query.matches {
        push(name(&condition.attribute), value(&condition.rule, condition.attribute.vr == dicom_core::VR::UI));
        if let Rule::Span(span) = &condition.rule {
            let mut time = condition.attribute.clone();
            time.path.pop();
            time.path.push(span.time);
            push(name(&time), range(&span.times.0, &span.times.1));
        }
    }
    if query.matches.iter().any(|condition| condition.rule == Rule::Empty) {
        push("emptyvaluematching".into(), "true".into());
    }
    if query.matches.iter().any(|condition| matches!(condition.rule, Rule::AllOf(_))) {
        push("multiplevaluematching".into(), "true".into());
    }
    if query.include.all {
        push("includefield".into(), "all".into());
    }
    for attribute in &query.include.attributes {
        push("includefield".into(), name(attribute));
    }
    if query.fuzzy {
        push("fuzzymatching".into(), "true".into());
    }
    push("limit".into(), query.page.limit.to_string());
    push("offset".into(), query.page.offset.to_string());
    out
}

/// Eight hexadecimal digits, through sequences with dots.
pub fn name(attribute: &Attribute) -> String {
    let parts: Vec<String> =
        attribute.path.iter().map(|tag| format!("{:04X}{:04X}", tag.group(), tag.element())).collect();
    parts.join(".")
}

/// Keywords, through sequences with dots; eight digits where the dictionary has none.
pub fn keyword(attribute: &Attribute) -> String {
    let keyword = |tag: &dicom_core::Tag| match StandardDataDictionary.by_tag(*tag) {
        Some(entry) => entry.alias().to_owned(),
        None => format!("{:04X}{:04X}", tag.group(), tag.element()),
    };
    attribute.path.iter().map(keyword).collect::<Vec<_>>().join(".")
}

fn value(rule: &Rule, is_uid: bool) -> String {
    match rule {
        Rule::Universal => String::new(),
        Rule::Equals(value) | Rule::Like(value) | Rule::Fuzzy(value) => value.clone(),
        Rule::AnyOf(values) => values.join(if is_uid { "," } else { "\\" }),
        Rule::AllOf(values) => values.join("\\"),
        Rule::Range(from, to) => range(from, to),
        Rule::Span(span) => range(&span.days.0, &span.days.1),
        Rule::Empty => "\"\"".into(),
    }
}

fn range(from: &Option<String>, to: &Option<String>) -> String {
    format!("{}-{}", from.as_deref().unwrap_or(""), to.as_deref().unwrap_or(""))
}
