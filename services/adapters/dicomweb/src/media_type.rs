//! Media types, RFC 9110 §8.3.1.

/// A media type and one of its parameters at a time.
#[derive(Debug, Clone, Copy)]
pub(crate) struct MediaType<'t>(&'t str);

impl<'t> MediaType<'t> {
    pub(crate) fn new(text: &'t str) -> Self {
        Self(text)
    }

    /// Whether this is the type, whatever its parameters.
    pub(crate) fn is(self, essence: &str) -> bool {
        self.0.split(';').next().unwrap_or_default().trim().eq_ignore_ascii_case(essence)
    }

    /// A parameter's value, quotes and backslashes removed.
    pub(crate) fn parameter(self, name: &str) -> Option<String> {
        let mut rest = self.0.split_once(';')?.1;
        loop {
            let (key, after) = rest.split_once('=')?;
            let (value, behind) = value(after);
            if key.trim_matches([' ', '\t', ';']).eq_ignore_ascii_case(name) {
                return Some(value);
            }
            rest = behind;
        }
    }
}

/// A token or quoted string, and what follows it.
fn value(text: &str) -> (String, &str) {
    let Some(quoted) = text.trim_start().strip_prefix('"') else {
        let end = text.find(';').unwrap_or(text.len());
        return (text[..end].trim().to_owned(), text.get(end + 1..).unwrap_or_default());
    };
    let mut out = String::new();
    let mut chars = quoted.char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            '"' => return (out, quoted[at + 1..].trim_start().trim_start_matches(';')),
            '\\' => out.extend(chars.next().map(|(_, c)| c)),
            c => out.push(c),
        }
    }
    (out, "")
}

#[cfg(test)]
mod tests {
    use super::MediaType;

    #[test]
    fn parameters_are_found_quoted_or_not_in_any_order() {
        let text = r#"multipart/related; type="application/dicom"; Boundary="a;b\"c"; start=x"#;
        let media = MediaType::new(text);
        assert!(media.is("Multipart/Related"));
        assert_eq!(media.parameter("boundary").as_deref(), Some("a;b\"c"));
        assert_eq!(media.parameter("type").as_deref(), Some("application/dicom"));
        assert_eq!(media.parameter("start").as_deref(), Some("x"));
        assert_eq!(media.parameter("none"), None);
        assert_eq!(MediaType::new("multipart/related;boundary=b").parameter("boundary").as_deref(), Some("b"));
        assert_eq!(MediaType::new("text/html").parameter("boundary"), None);
    }
}
