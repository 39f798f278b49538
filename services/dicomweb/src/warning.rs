//! `Warning: 299` headers: what an answer leaves out, PS3.18 §8.3.4.6 and §8.5.

use http::{HeaderMap, HeaderName, HeaderValue};
use index_query::{Attribute, Level, is_of_objects, level_of};
use registry::{MOST_DESCRIBED, MOST_EXAMINED, Missing, OutOfReach};

const WARNING: HeaderName = http::header::WARNING;
/// More matching keys than this are not named one by one.
const MOST_NAMED: usize = 16;

/// Warnings of one answer.
#[derive(Debug)]
pub(crate) struct Warnings {
    service: String,
    texts: Vec<String>,
}

impl Warnings {
    /// None yet; `service` is the base URL that names us.
    pub(crate) fn of(service: &str) -> Self {
        Self { service: service.to_owned(), texts: Vec::new() }
    }

    /// Whether there is none.
    pub(crate) fn is_empty(&self) -> bool {
        self.texts.is_empty()
    }

    /// Adds one, a sentence.
    pub(crate) fn add(&mut self, text: impl Into<String>) {
        self.texts.push(text.into());
    }

    /// Matches remain after this page.
    pub(crate) fn remaining(&mut self, remaining: u64) {
        if remaining > 0 {
            self.add(format!("There are {remaining} additional results that can be requested."));
        }
    }

    /// Matching keys were ignored, in a search at this level.
    pub(crate) fn unsupported(&mut self, attributes: &[Attribute], level: Level) {
        for attribute in attributes.iter().take(MOST_NAMED) {
            let name = index_query::keyword(attribute);
            self.add(if level_of(attribute) <= level && is_of_objects(attribute) {
                format!(
                    "The matching key {name} was ignored; it is matched where other keys leave {MOST_EXAMINED} results or fewer."
                )
            } else {
                format!("The matching key {name} is not supported and was ignored.")
            });
        }
    }

    /// Studies without a date match otherwise.
    pub(crate) fn undated(&mut self, studies: u64) {
        if studies > 0 {
            self.add(format!("{studies} studies without a Study Date match otherwise and are not shown."));
        }
    }

    /// Rows did not get all the attributes that were asked for.
    pub(crate) fn undescribed(&mut self, rows: usize) {
        if rows > 0 {
            self.add(format!(
                "{rows} results lack attributes that were asked for; a limit of {MOST_DESCRIBED} or fewer gives them to all."
            ));
        }
    }

    /// Series whose instances are not known.
    pub(crate) fn unread(&mut self, series: usize) {
        if series > 0 {
            self.add(format!("The instances of {series} series are not known yet; results may be incomplete."));
        }
    }

    /// Repositories are behind or do not answer.
    pub(crate) fn missing(&mut self, missing: &[Missing]) {
        for missing in missing {
            self.add(format!("Repository {} did not answer; results may be incomplete.", missing.repository));
        }
    }

    /// Fewer instances of a series could be had than its repositories declare.
    pub(crate) fn shortfall(&mut self, shortfall: Option<(u32, u32)>) {
        if let Some((known, declared)) = shortfall {
            self.add(format!("{known} of {declared} instances of a series could be retrieved; the rest is missing."));
        }
    }

    /// Instances are left out, because nobody who has them answers now.
    pub(crate) fn out_of_reach(&mut self, left_out: &OutOfReach) {
        if left_out.is_empty() {
            return;
        }
        let count = left_out.instances.len();
        let from: Vec<_> = left_out.repositories.iter().map(ToString::to_string).collect();
        self.add(format!("{count} instances are left out: {} did not answer.", from.join(", ")));
    }

    /// Writes them.
    pub(crate) fn write(self, headers: &mut HeaderMap) {
        for text in self.texts {
            let line: String = format!("299 {}: {text}", self.service)
                .chars()
                .map(|c| if (' '..='~').contains(&c) { c } else { '?' })
                .collect();
            if let Ok(value) = HeaderValue::from_str(&line) {
                headers.append(WARNING, value);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Warnings;

    #[test]
    fn a_warning_is_one_printable_line_that_names_the_service() {
        let mut warnings = Warnings::of("http://here/dicom-web");
        warnings.remaining(0);
        warnings.remaining(7);
        warnings.add("Dépôt\r\nX: y");
        let mut headers = http::HeaderMap::new();
        warnings.write(&mut headers);
        let lines: Vec<_> = headers.get_all("warning").iter().map(|value| value.to_str().expect("ASCII")).collect();
        assert_eq!(
            lines,
            [
                "299 http://here/dicom-web: There are 7 additional results that can be requested.",
                "299 http://here/dicom-web: D?p?t??X: y",
            ]
        );
    }
}
