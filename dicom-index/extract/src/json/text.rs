//! Text as JSON strings.

use std::fmt::Write as _;

/// Appends a JSON string.
pub(crate) fn push_string(out: &mut String, text: &str) {
    out.push('"');
    let mut rest = text;
    while let Some(at) = rest.bytes().position(|b| b < 0x20 || b == b'"' || b == b'\\') {
        out.push_str(&rest[..at]);
        match rest.as_bytes()[at] {
            b'"' => out.push_str("\\\""),
            b'\\' => out.push_str("\\\\"),
            b'\n' => out.push_str("\\n"),
            b'\r' => out.push_str("\\r"),
            control => {
                // Writing to a String can't fail.
                let _ = write!(out, "\\u{control:04x}");
            }
        }
        rest = &rest[at + 1..];
    }
    out.push_str(rest);
    out.push('"');
}

/// Appends a person name as its component groups (PS3.18 §F.2.2); false when all are empty.
pub(crate) fn push_name(out: &mut String, name: &str) -> bool {
    let mut first = true;
    for (key, group) in ["Alphabetic", "Ideographic", "Phonetic"].into_iter().zip(name.split('=')) {
        let group = group.trim_matches([' ', '\0']);
        if !group.is_empty() {
            out.push_str(if first { "{\"" } else { ",\"" });
            out.push_str(key);
            out.push_str("\":");
            push_string(out, group);
            first = false;
        }
    }
    if !first {
        out.push('}');
    }
    !first
}
