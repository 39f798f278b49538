//! Dates and the times that belong to them (PS3.18 §8.3.4.1.1: combined date-time matching).

use dicom_core::Tag;

use crate::{Match, Rule, Span};

/// A date and the time beside it, wherever PS3.3 has such a pair.
const PAIRS: &[(Tag, Tag)] = &[
    (Tag(0x0008, 0x0012), Tag(0x0008, 0x0013)), // Instance Creation
    (Tag(0x0008, 0x0020), Tag(0x0008, 0x0030)), // Study
    (Tag(0x0008, 0x0021), Tag(0x0008, 0x0031)), // Series
    (Tag(0x0008, 0x0022), Tag(0x0008, 0x0032)), // Acquisition
    (Tag(0x0008, 0x0023), Tag(0x0008, 0x0033)), // Content
    (Tag(0x0018, 0x1012), Tag(0x0018, 0x1014)), // Secondary Capture
    (Tag(0x0040, 0x0002), Tag(0x0040, 0x0003)), // Scheduled Procedure Step Start
    (Tag(0x0040, 0x0004), Tag(0x0040, 0x0005)), // Scheduled Procedure Step End
    (Tag(0x0040, 0x0244), Tag(0x0040, 0x0245)), // Performed Procedure Step Start
    (Tag(0x0040, 0x0250), Tag(0x0040, 0x0251)), // Performed Procedure Step End
];

/// Makes one condition of a range of dates and a range of the times that belong to them.
///
/// A single date, or a single time, stays a condition of its own: `20240115` with `10-12` means the same either way.
pub(super) fn combine(matches: &mut Vec<Match>) {
    for (date, time) in PAIRS {
        while let Some((at, beside)) = find(matches, *date, *time) {
            let times = matches.remove(beside).rule;
            let at = if beside < at { at - 1 } else { at };
            let Some(condition) = matches.get_mut(at) else { return };
            if let (Rule::Range(first, last), Rule::Range(from, to)) = (condition.rule.clone(), times) {
                condition.rule = Rule::Span(Span { time: *time, days: (first, last), times: (from, to) });
            }
        }
    }
}

/// Where a range of this date is, and a range of the time in the same item.
fn find(matches: &[Match], date: Tag, time: Tag) -> Option<(usize, usize)> {
    let is_range = |one: &&Match| matches!(one.rule, Rule::Range(..));
    let of = |tag: Tag| matches.iter().enumerate().filter(move |(_, one)| one.attribute.tag() == tag);
    of(date).filter(|(_, one)| is_range(one)).find_map(|(at, day)| {
        let within = day.attribute.path.split_last().map(|(_, within)| within);
        let is_beside = |one: &Match| one.attribute.path.split_last().map(|(_, within)| within) == within;
        let beside = of(time).find(|(_, one)| is_range(one) && is_beside(one))?;
        Some((at, beside.0))
    })
}
