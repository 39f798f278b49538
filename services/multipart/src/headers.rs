//! The headers of one part.

use crate::Malformed;

/// Headers that one part may have.
const MOST_HEADERS: usize = 64;

/// The headers of one part: names in lower case, values without the space around them, continued lines joined.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Headers(Vec<(String, String)>);

impl Headers {
    /// The first header of this name, which is given in lower case.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// Reads a block without the blank line at its end.
    pub(crate) fn parse(block: &[u8]) -> Result<Self, Malformed> {
        let text = std::str::from_utf8(block).map_err(|_| Malformed::Headers)?;
        let mut headers: Vec<(String, String)> = Vec::new();
        for line in text.split("\r\n").filter(|line| !line.is_empty()) {
            if line.starts_with([' ', '\t']) {
                let (_, value) = headers.last_mut().ok_or(Malformed::Headers)?;
                value.push(' ');
                value.push_str(line.trim());
                continue;
            }
            let (name, value) = line.split_once(':').ok_or(Malformed::Headers)?;
            if headers.len() >= MOST_HEADERS {
                return Err(Malformed::Headers);
            }
            headers.push((name.trim().to_ascii_lowercase(), value.trim().to_owned()));
        }
        Ok(Self(headers))
    }
}

#[cfg(test)]
mod tests {
    use super::Headers;

    #[test]
    fn names_are_folded_and_continued_lines_joined() {
        let headers = Headers::parse(b"\r\nContent-TYPE : a/b;\r\n\tc=d \r\nX:\r\nx: second").unwrap_or_default();
        assert_eq!(headers.get("content-type"), Some("a/b; c=d"));
        assert_eq!((headers.get("x"), headers.get("y")), (Some(""), None));
        for wrong in [&b"no header"[..], b" continued", b"a: \xff", "a:b\r\n".repeat(65).as_bytes()] {
            assert!(Headers::parse(wrong).is_err());
        }
    }
}
