//! A message as slices of its text. Nothing is split before it is asked for, so that a message of delimiters costs no more than its bytes.

use crate::charset::Charset;
use crate::escape::unescape;

/// Segments of one message that are looked at; a report has some hundreds.
const SEGMENT_LIMIT: usize = 100_000;

/// The delimiters of MSH-1 and MSH-2, and the set that `\X..\` sequences are in.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Syntax {
    pub(crate) field: char,
    pub(crate) component: char,
    pub(crate) repetition: char,
    pub(crate) escape: char,
    pub(crate) subcomponent: char,
    pub(crate) charset: Charset,
}

impl Default for Syntax {
    fn default() -> Self {
        let charset = Charset::Ascii;
        Self { field: '|', component: '^', repetition: '~', escape: '\\', subcomponent: '&', charset }
    }
}

impl Syntax {
    /// Reads the delimiters of a text that begins with `MSH`; those that MSH-2 leaves out keep their usual form.
    pub(crate) fn read(text: &str, charset: Charset) -> Option<Self> {
        let mut after = text.strip_prefix("MSH")?.chars();
        let usable = |c: &char| c.is_ascii_graphic() && !c.is_ascii_alphanumeric();
        let field = after.next().filter(usable)?;
        let mut named = after.take_while(|c| *c != field && !matches!(c, '\r' | '\n')).filter(usable);
        let usual = Self::default();
        let mut next = |or: char| named.next().unwrap_or(or);
        let (component, repetition) = (next(usual.component), next(usual.repetition));
        let (escape, subcomponent) = (next(usual.escape), next(usual.subcomponent));
        let all = [field, component, repetition, escape, subcomponent];
        let distinct = all.iter().enumerate().all(|(i, c)| !all[..i].contains(c));
        distinct.then_some(Self { field, component, repetition, escape, subcomponent, charset })
    }
}

/// A message: its segments in order.
#[derive(Debug)]
pub(crate) struct Message<'m> {
    segments: Vec<Segment<'m>>,
}

/// One segment.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Segment<'m> {
    text: &'m str,
    syntax: Syntax,
}

/// A field, repetition, component or subcomponent.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Value<'m> {
    text: &'m str,
    syntax: Syntax,
}

impl<'m> Message<'m> {
    /// Cuts a text into segments. A segment begins at the start of a line that has a segment id and the field separator; any other line
    /// continues the segment before it, because some senders put bare line ends into a report's text.
    pub(crate) fn read(text: &'m str, charset: Charset) -> Option<Self> {
        let text = text.trim_start().trim_end_matches(['\r', '\n', '\0']);
        let syntax = Syntax::read(text, charset)?;
        let mut segments = Vec::new();
        let mut start = 0;
        for (at, _) in text.match_indices(['\r', '\n']) {
            if begins_segment(&text[at + 1..], syntax.field) {
                segments.push(Segment { text: &text[start..at], syntax });
                start = at + 1;
            }
            if segments.len() >= SEGMENT_LIMIT {
                return None;
            }
        }
        segments.push(Segment { text: &text[start..], syntax });
        Some(Self { segments })
    }

    /// The segments in order.
    pub(crate) fn segments(&self) -> &[Segment<'m>] {
        &self.segments
    }

    /// The first segment of that name.
    pub(crate) fn segment(&self, name: &str) -> Option<Segment<'m>> {
        self.segments.iter().find(|segment| segment.name() == name).copied()
    }
}

fn begins_segment(line: &str, field: char) -> bool {
    let bytes = line.as_bytes();
    let id = bytes.len() >= 3
        && bytes[0].is_ascii_uppercase()
        && bytes[1..3].iter().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit());
    id && line[3..].chars().next().is_none_or(|next| next == field || matches!(next, '\r' | '\n'))
}

impl<'m> Segment<'m> {
    /// The segment id.
    pub(crate) fn name(&self) -> &'m str {
        self.text.get(..3).unwrap_or(self.text)
    }

    /// The set that the message is in.
    pub(crate) fn charset(&self) -> Charset {
        self.syntax.charset
    }

    /// A field, counted as the standard does: MSH-1 is the separator itself. Absent fields are empty.
    pub(crate) fn field(&self, number: usize) -> Value<'m> {
        let index = if self.name() == "MSH" { number.saturating_sub(1) } else { number };
        let text = self.text.split(self.syntax.field).nth(index).unwrap_or_default();
        Value { text: text.trim_end_matches(['\r', '\n']), syntax: self.syntax }
    }
}

impl<'m> Value<'m> {
    /// The repetitions of a field, in order.
    pub(crate) fn repetitions(self) -> impl Iterator<Item = Value<'m>> {
        let syntax = self.syntax;
        self.text.split(syntax.repetition).map(move |text| Value { text, syntax })
    }

    /// A component of the first repetition, from 1.
    pub(crate) fn component(self, number: usize) -> Self {
        self.part(self.syntax.repetition, 1).part(self.syntax.component, number)
    }

    /// A subcomponent, from 1.
    pub(crate) fn subcomponent(self, number: usize) -> Self {
        self.part(self.syntax.subcomponent, number)
    }

    /// Whether there is more than one subcomponent.
    pub(crate) fn has_subcomponents(self) -> bool {
        self.text.contains(self.syntax.subcomponent)
    }

    fn part(self, separator: char, number: usize) -> Self {
        let text = self.text.split(separator).nth(number.saturating_sub(1)).unwrap_or_default();
        Self { text, syntax: self.syntax }
    }

    /// The text, unescaped, without surrounding space; empty for HL7's null `""`.
    pub(crate) fn text(self) -> String {
        let text = self.text.trim();
        if text == "\"\"" { String::new() } else { unescape(text, self.syntax).trim().to_owned() }
    }

    /// The text as lines of a report: unescaped, indentation kept, line ends as `\n`.
    pub(crate) fn lines(self) -> String {
        if self.text.trim() == "\"\"" {
            return String::new();
        }
        let text = unescape(self.text, self.syntax);
        if text.contains('\r') { text.replace("\r\n", "\n").replace('\r', "\n") } else { text }
    }

    /// Whether this is HL7's null, which deletes what was told before; an empty value changes nothing (v2.5 §2.5.3).
    pub(crate) fn is_null(self) -> bool {
        self.text.trim() == "\"\""
    }

    /// Whether there is nothing but space or HL7's null.
    pub(crate) fn is_empty(self) -> bool {
        matches!(self.text.trim(), "" | "\"\"")
    }

    /// As sent, delimiters and all.
    pub(crate) fn raw(self) -> &'m str {
        self.text
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::{Message, Syntax};
    use crate::charset::Charset;
    use proptest::prelude::*;

    fn read(text: &str) -> Message<'_> {
        Message::read(text, Charset::Utf8).unwrap()
    }

    #[test]
    fn segments_end_in_any_usual_way() {
        for end in ["\r", "\n", "\r\n"] {
            let text = ["MSH|^~\\&|A", "PID|1||5^^^X", "OBX|1|TX"].join(end);
            let message = read(&text);
            let names: Vec<_> = message.segments().iter().map(|segment| segment.name()).collect();
            assert_eq!(names, ["MSH", "PID", "OBX"]);
            assert_eq!(message.segment("MSH").unwrap().field(3).text(), "A");
            assert_eq!(message.segment("PID").unwrap().field(3).component(4).text(), "X");
        }
    }

    #[test]
    fn a_bare_line_within_a_text_continues_it() {
        let message = read("MSH|^~\\&|A\rOBX|1|TX|||first\nsecond line\rOBX|2|TX|||third");
        assert_eq!(message.segments().len(), 3);
        assert_eq!(message.segments()[1].field(5).lines(), "first\nsecond line");
    }

    #[test]
    fn delimiters_are_those_of_the_message() {
        let message = read("MSH#*!?%#A\rPID#1##5*a%b!6");
        let ids: Vec<_> =
            message.segment("PID").unwrap().field(3).repetitions().map(|id| id.component(1).text()).collect();
        assert_eq!(ids, ["5", "6"]);
        assert_eq!(message.segment("PID").unwrap().field(3).component(2).subcomponent(2).text(), "b");
        assert!(Syntax::read("MSH||~\\&|", Charset::Utf8).is_some(), "an empty MSH-2 means the usual delimiters");
        assert!(Syntax::read("MSH|^^^^|", Charset::Utf8).is_none());
    }

    proptest! {
        /// An independent parser sees the same fields.
        #[test]
        fn fields_are_where_another_parser_finds_them(fields in proptest::collection::vec("[a-zA-Z0-9^&~ ]{0,8}", 1..12)) {
            let text = format!("MSH|^~\\&|X\rZZZ|{}", fields.join("|"));
            let ours = read(&text);
            let theirs = hl7_parser::Message::parse(&text).unwrap();
            let segment = theirs.segment("ZZZ").unwrap();
            for number in 1..=fields.len() {
                let expected = segment.field(number).map_or("", |field| field.raw_value());
                prop_assert_eq!(ours.segment("ZZZ").unwrap().field(number).raw(), expected);
            }
        }

        #[test]
        fn no_text_makes_it_panic(text in "MSH[|^~&\\\\#\r\nA-Z0-9éß]{0,80}") {
            if let Some(message) = Message::read(&text, Charset::Utf8) {
                for segment in message.segments() {
                    let _ = (segment.name(), segment.field(5).component(2).subcomponent(1).text(), segment.field(5).lines());
                }
            }
        }
    }
}
