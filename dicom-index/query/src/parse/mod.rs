//! Search parameters of PS3.18 §8.3.4.

mod attribute;
mod value;

use std::num::NonZeroU32;

pub use self::attribute::attribute;
#[cfg(test)]
use crate::Rule;
use crate::{Include, Level, Match, Page, Query};

/// Parameters of one request.
const MAX_PARAMETERS: usize = 256;
/// Characters of one value, lists of UIDs excepted.
const MAX_VALUE: usize = 1_024;
/// Attributes of `includefield`.
const MAX_INCLUDED: usize = 512;

/// A parameter that can't be used: its name, never its value, and the rule that it breaks.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{parameter}: {reason}")]
pub struct QueryError {
    /// Name of the parameter; what is no letter, digit or dot is left out.
    pub parameter: String,
    /// The rule, lower case, no full stop.
    pub reason: &'static str,
}

impl QueryError {
    fn new(parameter: &str, reason: &'static str) -> Self {
        let parameter = parameter.chars().filter(|c| c.is_ascii_alphanumeric() || *c == '.').take(64).collect();
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
            page: Page { limit: limits.default, offset: 0 },
            fuzzy: false,
        },
        warnings: Vec::new(),
        limits,
    };
    parser.query.fuzzy = flag(pairs, "fuzzymatching")?;
    // Both are always on: what they allow has no other meaning.
    flag(pairs, "emptyvaluematching")?;
    flag(pairs, "multiplevaluematching")?;
    for (name, value) in pairs {
        parser.parameter(name, value)?;
    }
    Ok(Parsed { query: parser.query, warnings: parser.warnings })
}

/// `true` or `false`; the last one counts.
fn flag(pairs: &[(String, String)], wanted: &str) -> Result<bool, QueryError> {
    let mut on = false;
    for (name, value) in pairs.iter().filter(|(name, _)| name == wanted) {
        on = match value.trim().to_ascii_lowercase().as_str() {
            "true" => true,
            "false" => false,
            _ => return Err(QueryError::new(name, "is true or false")),
        };
    }
    Ok(on)
}

struct Parser {
    query: Query,
    warnings: Vec<String>,
    limits: Limits,
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
        let limit = NonZeroU32::new(number(name, value)?).ok_or_else(|| QueryError::new(name, "is at least 1"))?;
        if limit > self.limits.max {
            self.warnings.push(format!("The limit was lowered to {}.", self.limits.max));
        }
        self.query.page.limit = limit.min(self.limits.max);
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
        let rule = value::rule(attribute.vr, value).map_err(|reason| QueryError::new(name, reason))?;
        self.query.matches.push(Match { attribute, rule });
        Ok(())
    }
}

fn number(name: &str, value: &str) -> Result<u32, QueryError> {
    value.trim().parse().map_err(|_| QueryError::new(name, "is a whole number"))
}

#[cfg(test)]
mod tests;
