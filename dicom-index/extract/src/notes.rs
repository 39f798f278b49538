//! Findings on the way, bounded and each told once.

use dicom_core::Tag;
use index_guard::attribute_name;
use index_model::Finding;

/// An object with more than this many oddities is described well enough.
const MOST: usize = 32;

#[derive(Debug, Default)]
pub(crate) struct Notes(Vec<Finding>);

impl Notes {
    pub(crate) fn note(&mut self, tag: Tag, rule: &'static str) {
        self.note_named(&attribute_name(tag), rule);
    }

    pub(crate) fn note_named(&mut self, attribute: &str, rule: &str) {
        let told = |f: &Finding| f.attribute == attribute && f.rule == rule;
        if self.0.len() < MOST && !self.0.iter().any(told) {
            self.0.push(Finding::note(attribute, rule));
        }
    }

    pub(crate) fn into_findings(self) -> Vec<Finding> {
        self.0
    }
}

/// The reason to keep an object aside.
pub(crate) fn quarantine(tag: Tag, rule: &str) -> Finding {
    Finding::quarantine(attribute_name(tag), rule)
}
