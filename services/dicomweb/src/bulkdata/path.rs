//! The end of a `BulkDataURI`: tags, and item numbers between them.

use index_model::InstanceEntry;
use registry::PathStep;
use serde_json::Value;

use crate::json::DataSet;

/// Values nest no deeper than this.
const MOST_STEPS: usize = 256;

/// `54000100/1/54001010`.
pub(super) fn parse(path: &str) -> Option<Vec<PathStep>> {
    let step = |(at, text): (usize, &str)| match at % 2 {
        0 => crate::dictionary::parse(text)
            .map(|tag| PathStep::Attribute(u32::from(tag.group()) << 16 | u32::from(tag.element()))),
        _ => text.parse().ok().filter(|item| *item > 0).map(PathStep::Item),
    };
    let steps: Vec<_> =
        path.trim_matches('/').split('/').take(MOST_STEPS + 1).enumerate().map(step).collect::<Option<_>>()?;
    (steps.len() % 2 == 1 && steps.len() <= MOST_STEPS).then_some(steps)
}

/// The same as text.
pub(super) fn spelt(path: &[PathStep]) -> String {
    let step = |step: &PathStep| match step {
        PathStep::Attribute(tag) => format!("{tag:08X}"),
        PathStep::Item(number) => number.to_string(),
    };
    path.iter().map(step).collect::<Vec<_>>().join("/")
}

/// The paths of all values that an instance's metadata name by `BulkDataURI`.
pub(super) fn of_entry(entry: &InstanceEntry) -> Vec<Vec<PathStep>> {
    let header: DataSet = serde_json::from_str(entry.metadata.get()).unwrap_or_default();
    let mut found = Vec::new();
    collect(&header, &mut Vec::new(), &mut found);
    found
}

fn collect(data_set: &DataSet, path: &mut Vec<PathStep>, found: &mut Vec<Vec<PathStep>>) {
    for (tag, attribute) in data_set {
        let Some(tag) = u32::from_str_radix(tag, 16).ok().filter(|_| path.len() < MOST_STEPS) else { continue };
        path.push(PathStep::Attribute(tag));
        if attribute.get("BulkDataURI").is_some() {
            found.push(path.clone());
        }
        let items = attribute.get("Value").and_then(Value::as_array).into_iter().flatten();
        for (number, item) in (1..).zip(items) {
            if let (Some(item), Some("SQ")) = (item.as_object(), attribute.get("vr").and_then(Value::as_str)) {
                path.push(PathStep::Item(number));
                collect(item, path, found);
                path.pop();
            }
        }
        path.pop();
    }
}

#[cfg(test)]
mod tests {
    use registry::PathStep::{Attribute, Item};

    use super::{parse, spelt};

    #[test]
    fn a_path_is_tags_with_item_numbers_between() {
        let nested = vec![Attribute(0x5400_0100), Item(2), Attribute(0x5400_1010)];
        assert_eq!(parse("7FE00010"), Some(vec![Attribute(0x7fe0_0010)]));
        assert_eq!(parse("54000100/2/54001010"), Some(nested.clone()));
        assert_eq!(spelt(&nested), "54000100/2/54001010");
        for wrong in ["", "7FE0", "54000100/1", "54000100/0/54001010", "1/54000100", "54000100/x/54001010", "+FE00010"]
        {
            assert_eq!(parse(wrong), None, "{wrong}");
        }
    }
}
