//! Where a walk stands, as text that the caller keeps between walks.

use std::fmt;

/// How far an archive is known.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Mark {
    /// What changed up to here has been given, Unix milliseconds.
    pub(crate) since_ms: i64,
    /// A walk that is not over.
    pub(crate) walk: Option<Walk>,
}

/// A walk under way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Walk {
    /// When it began, Unix milliseconds.
    pub(crate) started_ms: i64,
    /// Everything up to and including this key has been given.
    pub(crate) key: String,
}

impl Mark {
    /// Reads a mark; one that can't be read means to begin at the beginning, which costs time and loses nothing.
    pub(crate) fn read(text: Option<&str>) -> Self {
        text.and_then(Self::parse).unwrap_or_else(|| {
            if text.is_some() {
                tracing::warn!("an archive's mark can't be read: it is walked from the beginning");
            }
            Self::default()
        })
    }

    fn parse(text: &str) -> Option<Self> {
        let mut parts = text.strip_prefix("1;")?.splitn(3, ';');
        let since_ms = parts.next()?.parse().ok()?;
        let walk = match parts.next() {
            None => None,
            Some(started) => Some(Walk { started_ms: started.parse().ok()?, key: parts.next()?.to_owned() }),
        };
        Some(Self { since_ms, walk })
    }
}

impl fmt::Display for Mark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "1;{}", self.since_ms)?;
        match &self.walk {
            None => Ok(()),
            Some(walk) => write!(f, ";{};{}", walk.started_ms, walk.key),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Mark, Walk};

    #[test]
    fn a_mark_is_read_as_it_was_written() {
        for walk in [None, Some(Walk { started_ms: 9, key: "a;b/c d.dcm".into() })] {
            let mark = Mark { since_ms: -5, walk };
            assert_eq!(Mark::read(Some(&mark.to_string())), mark);
        }
        for unreadable in [None, Some(""), Some("1;x"), Some("2;5"), Some("1;5;7")] {
            assert_eq!(Mark::read(unreadable), Mark::default());
        }
    }
}
