//! Escape sequences, HL7 v2.5 §2.7.

use crate::message::Syntax;

/// An escape sequence longer than this is text with a stray escape character in it.
const SEQUENCE_LIMIT: usize = 64;

/// The text with its escape sequences resolved. What is no sequence stays as it is; lines end in `\n`.
pub(crate) fn unescape(text: &str, syntax: Syntax) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once(syntax.escape) {
        out.push_str(before);
        let closed = after.split_once(syntax.escape).filter(|(sequence, _)| sequence.len() <= SEQUENCE_LIMIT);
        rest = match closed {
            Some((sequence, behind)) if resolve(sequence, syntax, &mut out) => behind,
            _ => {
                out.push(syntax.escape);
                after
            }
        };
    }
    out.push_str(rest);
    out
}

/// Writes what a sequence stands for; `false` when it is none.
fn resolve(sequence: &str, syntax: Syntax, out: &mut String) -> bool {
    match sequence {
        "F" => out.push(syntax.field),
        "S" => out.push(syntax.component),
        "T" => out.push(syntax.subcomponent),
        "R" => out.push(syntax.repetition),
        "E" => out.push(syntax.escape),
        "H" | "N" => {}
        ".br" | ".ce" => out.push('\n'),
        ".fi" | ".nf" => {}
        _ => return resolve_parameter(sequence, syntax, out),
    }
    true
}

fn resolve_parameter(sequence: &str, syntax: Syntax, out: &mut String) -> bool {
    let count = |text: &str, most: usize| text.trim().parse::<usize>().unwrap_or(1).clamp(1, most);
    if let Some(lines) = sequence.strip_prefix(".sp") {
        out.extend(std::iter::repeat_n('\n', count(lines, 20)));
    } else if let Some(spaces) = sequence.strip_prefix(".sk") {
        out.extend(std::iter::repeat_n(' ', count(spaces, 80)));
    } else if sequence.starts_with(".in") || sequence.starts_with(".ti") {
        // Indentation of a typewriter's page: dropped.
    } else if let Some(digits) = sequence.strip_prefix('X') {
        return hexadecimal(digits, syntax, out);
    } else {
        // `\C..\`, `\M..\` and `\Z..\` switch sets or are private: they print nothing.
        let hex = |digits: &str| !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_hexdigit());
        return sequence.strip_prefix(['C', 'M']).is_some_and(hex) || sequence.starts_with('Z');
    }
    true
}

fn hexadecimal(digits: &str, syntax: Syntax, out: &mut String) -> bool {
    let pairs = digits.as_bytes().chunks(2);
    let byte = |pair: &[u8]| std::str::from_utf8(pair).ok().and_then(|pair| u8::from_str_radix(pair, 16).ok());
    let even = !digits.is_empty() && digits.len().is_multiple_of(2) && digits.bytes().all(|b| b.is_ascii_hexdigit());
    let Some(bytes) = even.then(|| pairs.map(byte).collect::<Option<Vec<u8>>>()).flatten() else {
        return false;
    };
    match syntax.charset.decode(&bytes) {
        Some(text) => out.push_str(&text.replace("\r\n", "\n").replace('\r', "\n")),
        None => return false,
    }
    true
}

#[cfg(test)]
mod tests {
    use super::unescape;
    use crate::charset::Charset;
    use crate::message::Syntax;
    use proptest::prelude::*;

    fn plain(text: &str) -> String {
        unescape(text, Syntax { charset: Charset::Utf8, ..Syntax::default() })
    }

    #[test]
    fn delimiters_and_line_ends_come_back() {
        assert_eq!(plain(r"a\F\b\S\c\T\d\R\e\E\f"), "a|b^c&d~e\\f");
        assert_eq!(plain(r"FINDINGS: none.\.br\IMPRESSION: normal."), "FINDINGS: none.\nIMPRESSION: normal.");
        assert_eq!(plain(r"a\.sp2\b\.sp\c"), "a\n\nb\nc");
        assert_eq!(plain(r"a\X0D0A\b\X0A\c"), "a\nb\nc");
        assert_eq!(plain(r"\H\bold\N\ \.in+4\x"), "bold x");
    }

    #[test]
    fn accents_next_to_a_sequence_are_safe() {
        assert_eq!(plain(r"GENEVIÈVE\.br\é\T\è"), "GENEVIÈVE\né&è");
        assert_eq!(plain(r"\XC3A9\"), "é");
    }

    #[test]
    fn a_stray_escape_character_stays() {
        assert_eq!(plain(r"C:\temp and 5\6 of it\.br\end"), "C:\\temp and 5\\6 of it\nend");
        assert_eq!(plain("open\\"), "open\\");
        assert_eq!(plain(r"\XZZ\"), r"\XZZ\");
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic_or_swell(text in r"[\\XHNF.brspé0-9A-F|^]{0,60}") {
            prop_assert!(plain(&text).len() <= text.len() * 20 + 20);
        }
    }
}
