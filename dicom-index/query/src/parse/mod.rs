//! Search parameters of PS3.18 §8.3.4.

mod attribute;
mod pair;
mod value;

use std::num::NonZeroU32;

use dicom_core::{Tag, VR};

pub use self::attribute::attribute;
use self::value::Asked;
pub use self::value::is_universal;
use crate::sound::fuzzy_words;
use crate::{Attribute, Include, Level, Match, Page, Query, Rule};

/// Parameters of one request.
const MAX_PARAMETERS: usize = 256;
/// Characters of one value, lists of UIDs excepted.
const MAX_VALUE: usize = 1_024;
/// Attributes of `includefield`.
const MAX_INCLUDED: usize = 512;
/// TimezoneOffsetFromUTC, which says how the request's times are meant and is never matched (PS3.18 §8.3.4.1.1).
const TIMEZONE_OFFSET_FROM_UTC: Tag = Tag(0x0008, 0x0201);
/// SpecificCharacterSet, which is never matched (PS3.4 §C.2.2.2): parameters are UTF-8.
const SPECIFIC_CHARACTER_SET: Tag = Tag(0x0008, 0x0005);

/// A parameter that can't be used: its name, never its value, and the rule that it breaks.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{parameter}: {reason}")]
pub struct QueryError {
    /// Name of the parameter; what is in no name, such as an angle bracket, is left out.
    pub parameter: String,
    /// The rule, lower case, no full stop.
    pub reason: &'static str,
}

impl QueryError {
    fn new(parameter: &str, reason: &'static str) -> Self {
        let parameter =
            parameter.chars().filter(|c| c.is_ascii_alphanumeric() || "._,-".contains(*c)).take(64).collect();
        Self { parameter, reason }
    }
}

/// A query, and what was not done as it was asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parsed {
    /// What is asked.
    pub query: Query,
    /// Sentences for the `Warning` header; no values in them.
    pub warnings: Vec<String>,
}

/// How many rows a page has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Where `limit` is not given.
    pub default: NonZeroU32,
    /// At most; a larger `limit` counts as this one.
    pub max: NonZeroU32,
}

const fn rows(count: u32) -> NonZeroU32 {
    match NonZeroU32::new(count) {
        Some(count) => count,
        None => NonZeroU32::MIN,
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self { default: rows(100), max: rows(5_000) }
    }
}

/// Parses decoded query parameters, with 100 rows by default and 5,000 at most.
///
/// # Errors
/// [`QueryError`] naming the parameter that is not known or whose value is malformed.
pub fn parse(level: Level, pairs: &[(String, String)]) -> Result<Parsed, QueryError> {
    parse_with(level, pairs, Limits::default())
}

/// Parses decoded query parameters.
///
/// # Errors
/// [`QueryError`] naming the parameter that is not known or whose value is malformed.
pub fn parse_with(level: Level, pairs: &[(String, String)], limits: Limits) -> Result<Parsed, QueryError> {
    if let Some((name, _)) = pairs.get(MAX_PARAMETERS) {
        return Err(QueryError::new(name, "there are too many parameters"));
    }
    let mut parser = Parser {
        query: Query {
            level,
            matches: Vec::new(),
            include: Include::default(),
            page: Page::first(limits.default.get()),
            fuzzy: false,
        },
        warnings: Vec::new(),
        limits,
        asked: Asked { empty: flag(pairs, "emptyvaluematching")?, multiple: flag(pairs, "multiplevaluematching")? },
    };
    parser.query.fuzzy = flag(pairs, "fuzzymatching")?;
    for (at, (name, value)) in pairs.iter().enumerate() {
        if name != "includefield" && pairs.iter().take(at).any(|(earlier, _)| earlier == name) {
            return Err(QueryError::new(name, TWICE));
        }
        parser.parameter(name, value)?;
    }
    pair::combine(&mut parser.query.matches);
    let mut times = parser.query.matches.iter().filter(|one| one.attribute.vr == VR::TM);
    if let Some(backward) = times.find(|one| value::is_backward(&one.rule)) {
        return Err(QueryError::new(&crate::keyword(&backward.attribute), value::BACKWARD));
    }
    Ok(Parsed { query: parser.query, warnings: parser.warnings })
}

/// PS3.18 §8.3.4.1: only `includefield` is repeated.
const TWICE: &str = "is given twice";

/// `true` or `false`.
fn flag(pairs: &[(String, String)], wanted: &str) -> Result<bool, QueryError> {
    let Some((name, value)) = pairs.iter().find(|(name, _)| name == wanted) else { return Ok(false) };
    match value.trim().to_ascii_lowercase().as_str() {
        "true" => Ok(true),
        "false" => Ok(false),
        _ => Err(QueryError::new(name, "is true or false")),
    }
}

struct Parser {
    query: Query,
    warnings: Vec<String>,
    limits: Limits,
    asked: Asked,
}

impl Parser {
    fn parameter(&mut self, name: &str, value: &str) -> Result<(), QueryError> {
        match name {
            "limit" => self.limit(name, value),
            "offset" => {
                self.query.page.offset = number(name, value)?;
                Ok(())
            }
            "includefield" => self.include(value),
            // Read before the others, or of no matter to a search (PS3.18 §8.3.3).
            "fuzzymatching"
            | "emptyvaluematching"
            | "multiplevaluematching"
            | "accept"
            | "accept-charset"
            | "charset" => Ok(()),
            _ => self.condition(name, value),
        }
    }

    fn limit(&mut self, name: &str, value: &str) -> Result<(), QueryError> {
        let (limit, max) = (number(name, value)?, self.limits.max.get());
        if limit > max {
            self.warnings.push(format!("The limit was lowered to {max}."));
        }
        self.query.page.limit = limit.min(max);
        Ok(())
    }

    fn include(&mut self, value: &str) -> Result<(), QueryError> {
        for name in value.split(',').map(str::trim).filter(|name| !name.is_empty()) {
            if name == "all" {
                self.query.include.all = true;
                continue;
            }
            let wrong = |reason| QueryError::new("includefield", reason);
            let attribute = attribute(name).ok_or_else(|| wrong("names what is no attribute"))?;
            let included = &mut self.query.include.attributes;
            if included.len() >= MAX_INCLUDED {
                return Err(wrong("names too many attributes"));
            }
            if !included.contains(&attribute) {
                included.push(attribute);
            }
        }
        Ok(())
    }

    fn condition(&mut self, name: &str, value: &str) -> Result<(), QueryError> {
        let attribute =
            attribute(name).ok_or_else(|| QueryError::new(name, "is neither a parameter nor an attribute"))?;
        match attribute.path[..] {
            [SPECIFIC_CHARACTER_SET] => return Ok(()),
            [TIMEZONE_OFFSET_FROM_UTC] => return self.offset_from_utc(name, value),
            _ => {}
        }
        // The same attribute by its keyword and by its tag.
        if self.query.matches.iter().any(|earlier| earlier.attribute == attribute) {
            return Err(QueryError::new(name, TWICE));
        }
        let rule = value::rule(attribute.vr, value, self.asked).map_err(|reason| QueryError::new(name, reason))?;
        let rule = if self.query.fuzzy { fuzzy(&attribute, rule) } else { rule };
        self.query.matches.push(Match { attribute, rule });
        Ok(())
    }
}

impl Parser {
    /// Most studies don't say in which zone their times are, so that they can't be moved to another.
    fn offset_from_utc(&mut self, name: &str, value: &str) -> Result<(), QueryError> {
        let value = value.trim();
        if !value.is_empty() {
            if !value::is_offset(value) {
                return Err(QueryError::new(name, "is an offset from UTC, a sign and four digits"));
            }
            let told = "TimezoneOffsetFromUTC was not applied; dates and times are compared as the studies state them.";
            self.warnings.push(told.to_owned());
        }
        Ok(())
    }
}

/// Of a person name with at least one word, what sounds like it.
fn fuzzy(attribute: &Attribute, rule: Rule) -> Rule {
    match rule {
        Rule::Equals(name) | Rule::Like(name) if attribute.vr == VR::PN && !fuzzy_words(&name).is_empty() => {
            Rule::Fuzzy(name)
        }
        rule => rule,
    }
}

/// A whole number; one that is too large is the largest.
fn number(name: &str, value: &str) -> Result<u32, QueryError> {
    let digits = value.trim();
    match !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit()) {
        true => Ok(digits.parse().unwrap_or(u32::MAX)),
        false => Err(QueryError::new(name, "is a whole number")),
    }
}

#[cfg(test)]
mod tests;
