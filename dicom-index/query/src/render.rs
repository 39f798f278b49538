//! Writes a query as search parameters again, for a peer.

use crate::{Attribute, Query, Rule};

/// The parameters of PS3.18 §8.3.4 that ask for the same; what is not the default is written.
///
/// `limit` and `offset` are always among them. [`parse`](crate::parse) reads the same query from them.
pub fn render(query: &Query) -> Vec<(String, String)> {
    let mut out = Vec::with_capacity(query.matches.len() + 4);
    let mut push = |name: String, value: String| out.push((name, value));
    for condition in &query.matches {
        push(name(&condition.attribute), value(&condition.rule, condition.attribute.vr == dicom_core::VR::UI));
    }
    if query.matches.iter().any(|condition| condition.rule == Rule::Empty) {
        push("emptyvaluematching".into(), "true".into());
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

fn value(rule: &Rule, is_uid: bool) -> String {
    match rule {
        Rule::Universal => String::new(),
        Rule::Equals(value) | Rule::Like(value) => value.clone(),
        Rule::AnyOf(values) => values.join(if is_uid { "," } else { "\\" }),
        Rule::Range(from, to) => format!("{}-{}", from.as_deref().unwrap_or(""), to.as_deref().unwrap_or("")),
        Rule::Empty => "\"\"".into(),
    }
}
