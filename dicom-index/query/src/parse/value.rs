//! Values of matching keys: which rule they ask for, by value representation (PS3.4 §C.2.2.2, PS3.5 §6.2).

use chrono::NaiveDate;
use dicom_core::VR;
use index_model::Uid;

use super::MAX_VALUE;
use crate::Rule;

/// UIDs of one list.
const MAX_LIST: usize = 5_000;

type Reason = &'static str;

/// PS3.4 §C.2.2.2.5: a range's first value is not after its last.
pub(super) const BACKWARD: Reason = "is a range that ends before it begins";

/// What a request turned on; without it, two quotes are two quotes, and of several values one is enough.
#[derive(Debug, Clone, Copy)]
pub(super) struct Asked {
    /// `emptyvaluematching`, PS3.18 §8.3.4.5.
    pub(super) empty: bool,
    /// `multiplevaluematching`, PS3.18 §8.3.4.6.
    pub(super) multiple: bool,
}

/// The rule that a value asks for.
pub(super) fn rule(vr: VR, value: &str, asked: Asked) -> Result<Rule, Reason> {
    let value = bare(value);
    if is_universal(value) {
        return Ok(Rule::Universal);
    }
    if vr != VR::UI && value.chars().count() > MAX_VALUE {
        return Err("is too long");
    }
    if asked.empty && value == "\"\"" {
        return Ok(Rule::Empty); // PS3.4 §C.2.2.2.7
    }
    let rule = of_value(vr, value)?;
    let takes_several =
        matches!(vr, VR::AE | VR::AS | VR::AT | VR::CS | VR::LO | VR::PN | VR::SH | VR::UC) && asked.multiple;
    Ok(match rule {
        Rule::AnyOf(values) if takes_several => Rule::AllOf(values), // PS3.4 §C.2.2.2.8
        rule => rule,
    })
}

/// Whether a key of this value is met by everything: it has none, or nothing but `*`. PS3.4 §C.2.2.2.4 gives wild cards to text alone, where a
/// lone one means just this; who sends it for a date means nothing else, over the web and over DIMSE.
pub fn is_universal(value: &str) -> bool {
    bare(value).bytes().all(|b| b == b'*')
}

/// A value without its padding, the same for one that stands alone and one of a list (PS3.5 §6.2).
fn bare(value: &str) -> &str {
    value.trim_matches(|c: char| c.is_whitespace() || c == '\0')
}

fn of_value(vr: VR, value: &str) -> Result<Rule, Reason> {
    match vr {
        VR::UI => uids(value),
        VR::DA => range(value, date).and_then(forward),
        VR::TM => range(value, time),
        VR::DT => date_time(value),
        VR::AE | VR::CS | VR::LO | VR::LT | VR::PN | VR::SH | VR::ST | VR::UC | VR::UR | VR::UT | VR::UN => {
            text(vr, value)
        }
        VR::AS => list(value, "is an age of three digits and D, W, M or Y", is_age),
        VR::IS | VR::US | VR::SS | VR::UL | VR::SL | VR::UV | VR::SV => {
            list(value, "is a whole number", |one| one.parse::<i128>().is_ok())
        }
        VR::DS | VR::FL | VR::FD => list(value, "is a number", |one| one.parse::<f64>().is_ok_and(f64::is_finite)),
        VR::AT => {
            let is_tag = |one: &str| one.len() == 8 && one.bytes().all(|b| b.is_ascii_hexdigit());
            list(value, "is a tag of eight hexadecimal digits", is_tag)
        }
        VR::SQ => Err("is a sequence; name an attribute within it"),
        VR::OB | VR::OD | VR::OF | VR::OL | VR::OV | VR::OW => Err("has a value that can't be matched"),
    }
}

/// One or several UIDs, by comma or backslash.
fn uids(value: &str) -> Result<Rule, Reason> {
    let mut uids = Vec::new();
    for one in value.split([',', '\\']).map(bare).filter(|one| !one.is_empty()) {
        if uids.len() == MAX_LIST {
            return Err("names too many UIDs");
        }
        uids.push(Uid::parse(one).map_err(|_| "is a UID or a list of UIDs")?.as_str().to_owned());
    }
    one_or_any(uids)
}

fn one_or_any(mut values: Vec<String>) -> Result<Rule, Reason> {
    match values.len() {
        0 => Ok(Rule::Universal),
        1 => Ok(Rule::Equals(values.remove(0))),
        _ => Ok(Rule::AnyOf(values)),
    }
}

/// Text: wild cards, and several values by backslash, which no value has; of a code string also by comma, which no code has.
fn text(vr: VR, value: &str) -> Result<Rule, Reason> {
    let is_long = matches!(vr, VR::LT | VR::ST | VR::UR | VR::UT);
    let delimiters: &[char] = match vr {
        _ if is_long => &[],
        VR::CS => &['\\', ','],
        _ => &['\\'],
    };
    let values: Vec<String> =
        value.split(delimiters).map(bare).filter(|one| !one.is_empty()).map(str::to_owned).collect();
    // Also a name of which no component is given.
    let is_bare = |one: &str| vr == VR::PN && one.bytes().all(|b| matches!(b, b'^' | b'=' | b' '));
    if matches!(values.as_slice(), [one] if is_universal(one) || is_bare(one)) {
        return Ok(Rule::Universal);
    }
    if values.len() > 1 {
        if values.iter().any(|one| one.contains(['*', '?'])) {
            return Err("is a list, which has no wild cards");
        }
        return Ok(Rule::AnyOf(values));
    }
    if value.contains(['*', '?']) { Ok(Rule::Like(values.concat())) } else { one_or_any(values) }
}

fn list(value: &str, reason: Reason, fits: impl Fn(&str) -> bool) -> Result<Rule, Reason> {
    let values: Vec<String> = value.split(['\\', ',']).map(|one| bare(one).to_owned()).collect();
    if values.iter().all(|one| fits(one)) { one_or_any(values) } else { Err(reason) }
}

/// `nnnD`, `nnnW`, `nnnM` or `nnnY` (PS3.5 §6.2).
fn is_age(text: &str) -> bool {
    let digits = text.strip_suffix(['D', 'W', 'M', 'Y']);
    digits.is_some_and(|digits| digits.len() == 3 && digits.bytes().all(|b| b.is_ascii_digit()))
}

/// A value, `from-to`, `from-` or `-to`.
fn range(value: &str, parse: impl Fn(&str) -> Result<String, Reason>) -> Result<Rule, Reason> {
    let Some((from, to)) = value.split_once('-') else { return parse(value).map(Rule::Equals) };
    let end = |text: &str| if text.trim().is_empty() { Ok(None) } else { parse(text.trim()).map(Some) };
    match (end(from)?, end(to)?) {
        (None, None) => Err("is a range without ends"),
        (from, to) => Ok(Rule::Range(from, to)),
    }
}

fn forward(rule: Rule) -> Result<Rule, Reason> {
    if is_backward(&rule) { Err(BACKWARD) } else { Ok(rule) }
}

/// A range that ends before it begins; of times only when they do not go with dates, see [`pair`](super::pair).
pub(super) fn is_backward(rule: &Rule) -> bool {
    matches!(rule, Rule::Range(Some(from), Some(to)) if to < from && !to.starts_with(from.as_str()))
}

/// `YYYYMMDD`, a day that there is.
fn date(text: &str) -> Result<String, Reason> {
    let number = |range| text.get(range).and_then(|digits: &str| digits.parse().ok());
    let fits = text.len() == 8 && text.bytes().all(|b| b.is_ascii_digit());
    let day = number(0..4).zip(number(4..6)).zip(number(6..8));
    day.filter(|_| fits)
        .and_then(|((year, month), day): ((u32, u32), u32)| NaiveDate::from_ymd_opt(year.cast_signed(), month, day))
        .map(|_| text.to_owned())
        .ok_or("is a date YYYYMMDD or a range of dates")
}

/// `HH`, `HHMM`, `HHMMSS` or `HHMMSS.F` with one to six digits; 60 seconds are a leap second.
fn time(text: &str) -> Result<String, Reason> {
    let wrong = "is a time HHMMSS.FFFFFF or a range of times";
    let (whole, fraction) = text.split_once('.').map_or((text, None), |(whole, fraction)| (whole, Some(fraction)));
    let digits = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
    let below = |at: usize, max: u32| whole.get(at..at + 2).is_none_or(|two| two.parse().is_ok_and(|n: u32| n <= max));
    let fits = matches!(whole.len(), 2 | 4 | 6) && digits(whole) && below(0, 23) && below(2, 59) && below(4, 60);
    let fraction_fits = fraction.is_none_or(|f| whole.len() == 6 && (1..=6).contains(&f.len()) && digits(f));
    if fits && fraction_fits { Ok(text.to_owned()) } else { Err(wrong) }
}

/// A date and time, or a range. A hyphen may also begin an offset from UTC, which is the nearer meaning.
fn date_time(value: &str) -> Result<Rule, Reason> {
    let wrong = "is a date and time YYYYMMDDHHMMSS.FFFFFF&ZZXX or a range of them";
    if is_date_time(value) {
        return Ok(Rule::Equals(value.to_owned()));
    }
    let fits = |text: &str| text.is_empty() || is_date_time(text);
    let end = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    value
        .match_indices('-')
        .map(|(at, _)| (value.get(..at).unwrap_or_default(), value.get(at + 1..).unwrap_or_default()))
        .find(|(from, to)| !(from.is_empty() && to.is_empty()) && fits(from) && fits(to))
        .map(|(from, to)| Rule::Range(end(from), end(to)))
        .ok_or(wrong)
}

/// `+ZZXX` or `-ZZXX`, at most 14 hours (PS3.5 §6.2).
pub(super) fn is_offset(text: &str) -> bool {
    let Some(digits) = text.strip_prefix(['+', '-']) else { return false };
    let number = |range| digits.get(range).and_then(|two: &str| two.parse::<u32>().ok());
    digits.len() == 4
        && digits.bytes().all(|b| b.is_ascii_digit())
        && number(0..2).is_some_and(|hours| hours <= 14)
        && number(2..4).is_some_and(|minutes| minutes < 60)
}

fn is_date_time(text: &str) -> bool {
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    let (local, offset) = match text.rfind(['+', '-']) {
        Some(at) => (text.get(..at).unwrap_or_default(), text.get(at..)),
        None => (text, None),
    };
    if !offset.is_none_or(is_offset) {
        return false;
    }
    if !local.is_ascii() {
        return false;
    }
    let (day, clock) = local.split_at(local.len().min(8));
    let day_fits = match day.len() {
        4 => digits(day),
        6 => date(&format!("{day}01")).is_ok(),
        8 => date(day).is_ok(),
        _ => false,
    };
    day_fits && (clock.is_empty() || time(clock).is_ok())
}
