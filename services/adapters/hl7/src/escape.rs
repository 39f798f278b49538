//! Escape sequences, HL7 v2.5 §2.7.

use crate::charset::Charset;
use crate::message::Syntax;

/// An escape sequence longer than this is text with a stray escape character in it.
const SEQUENCE_LIMIT: usize = 64;

/// The text with its escape sequences resolved. What is no sequence stays as it is; lines end in `\n`.
pub(crate) fn unescape(text: &str, syntax: Syntax) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once(syntax.escape) {
        out.push_str(before);
        if let Some((run, behind)) = hexadecimal_run(after, syntax) {
            write_run(&run, syntax, &mut out);
            rest = behind;
            continue;
        }
        rest = match closed(after, syntax) {
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

/// A sequence and what is behind it.
fn closed(after: &str, syntax: Syntax) -> Option<(&str, &str)> {
    after.split_once(syntax.escape).filter(|(sequence, _)| sequence.len() <= SEQUENCE_LIMIT)
}

/// Sequences of bytes as they are written, and the bytes.
type Run<'t> = Vec<(&'t str, Vec<u8>)>;

/// Sequences of bytes (`\Xdd…\`) that follow one another: some senders write a letter of two bytes as two of them.
fn hexadecimal_run<'t>(after: &'t str, syntax: Syntax) -> Option<(Run<'t>, &'t str)> {
    let (mut run, mut rest) = (Run::new(), after);
    while let Some((sequence, behind)) = closed(rest, syntax) {
        let Some(bytes) = sequence.strip_prefix('X').and_then(pairs) else { break };
        run.push((sequence, bytes));
        rest = behind;
        match rest.strip_prefix(syntax.escape) {
            Some(next)
                if closed(next, syntax).is_some_and(|(next, _)| next.strip_prefix('X').and_then(pairs).is_some()) =>
            {
                rest = next;
            }
            _ => break,
        }
    }
    (!run.is_empty()).then_some((run, rest))
}

/// Bytes are of the message's character set (HL7 v2.5 §2.7). Senders who escape what their set can't say write ISO 8859-1 instead, so that
/// a sequence without meaning in the declared set is read by that; one that means nothing in either stays as it was written.
fn write_run(run: &[(&str, Vec<u8>)], syntax: Syntax, out: &mut String) {
    let whole: Vec<u8> = run.iter().flat_map(|(_, bytes)| bytes.iter().copied()).collect();
    if let Some(text) = syntax.charset.decode(&whole) {
        out.push_str(&lines(&text));
        return;
    }
    for (sequence, bytes) in run {
        match syntax.charset.decode(bytes).or_else(|| Charset::Latin1.decode(bytes)) {
            Some(text) => out.push_str(&lines(&text)),
            None => {
                out.push(syntax.escape);
                out.push_str(sequence);
                out.push(syntax.escape);
            }
        }
    }
}

fn lines(text: &str) -> String {
    text.replace("\r\n", "\n").replace('\r', "\n")
}

/// Pairs of hexadecimal digits.
fn pairs(digits: &str) -> Option<Vec<u8>> {
    let even = !digits.is_empty() && digits.len().is_multiple_of(2) && digits.bytes().all(|b| b.is_ascii_hexdigit());
    let byte = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok();
    even.then(|| digits.as_bytes().chunks(2).map(byte).collect()).flatten()
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
        _ => return resolve_parameter(sequence, out),
    }
    true
}

fn resolve_parameter(sequence: &str, out: &mut String) -> bool {
    let count = |text: &str, most: usize| text.trim().parse::<usize>().unwrap_or(1).clamp(1, most);
    if let Some(lines) = sequence.strip_prefix(".sp") {
        out.extend(std::iter::repeat_n('\n', count(lines, 20)));
    } else if let Some(spaces) = sequence.strip_prefix(".sk") {
        out.extend(std::iter::repeat_n(' ', count(spaces, 80)));
    } else if sequence.starts_with(".in") || sequence.starts_with(".ti") {
        // Indentation of a typewriter's page: dropped.
    } else {
        // `\C..\`, `\M..\` and `\Z..\` switch sets or are private: they print nothing.
        let hex = |digits: &str| !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_hexdigit());
        return sequence.strip_prefix(['C', 'M']).is_some_and(hex) || sequence.starts_with('Z');
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
    fn bytes_are_of_the_declared_set_else_latin_and_no_letter_is_lost() {
        let read = |charset, text: &str| unescape(text, Syntax { charset, ..Syntax::default() });
        for (charset, text, meant) in [
            (Charset::Utf8, r"Genevi\XE8\ve", "Geneviève".to_owned()),
            (Charset::Ascii, r"\Xe9\tude", "étude".to_owned()),
            (Charset::Utf8, r"\XC3\\XA9\tude", "étude".to_owned()),
            (Charset::Utf8, r"\XC3A9\\XE9\", "éé".to_owned()),
            (Charset::Latin1, r"\XC3A9\", "Ã©".to_owned()),
            (Charset::Utf8, r"a\X81\b", r"a\X81\b".to_owned()),
            (Charset::Utf8, r"a\X9\b\X41\", r"a\X9\bA".to_owned()),
        ] {
            assert_eq!(read(charset, text), meant, "{text}");
        }
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
