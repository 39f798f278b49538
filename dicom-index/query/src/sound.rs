//! Person names by their sound, for fuzzy matching (PS3.18 §8.3.4.2, PS3.4 §C.2.2.2.1.1).
//!
//! A word's sound is its first consonant, whether its first vowel is a bright one (`a e i y`) or a dark one (`o u`), and its other
//! consonants by class: `Smith` and `Smyth` are `SEMT`, `Tremblay` and `Trembley` are `TERMBL`, `John` and `Jon` are `JON`, `Jane` is
//! not. English and French spellings meet: `ph` is `f`, `eau` is `o`, an `h` is not heard. An index holds the sounds of names; a query
//! asks for the sound of each of its words and for those one slip away, so that looking is as quick as for a word.

use std::collections::BTreeSet;

use index_model::PersonName;

use crate::text::{is_like, words};

/// Words of a query's name that are looked at.
const MAX_WORDS: usize = 8;
/// Classes of a sound; what follows is not heard.
const MAX_CLASSES: usize = 8;
/// From so many classes on, a slip still leaves something to go by.
const SLIP_FROM: usize = 5;
/// All classes of consonants.
const CONSONANTS: &str = "BFJKLMNPRST";

/// One word of a query: a name has it when one of its words begins like it, or sounds like it.
#[derive(Clone, PartialEq, Eq)]
pub struct FuzzyWord {
    /// A pattern with `*` and `?` over the [words] of a name.
    pub pattern: String,
    /// Sounds that are near enough; none for what has no sound, such as an ideograph or an initial.
    pub sounds: Vec<String>,
}

impl FuzzyWord {
    /// Whether a name with these words and sounds has it.
    pub fn is_in(&self, words: &str, sounds: &BTreeSet<String>) -> bool {
        is_like(&self.pattern, words) || self.sounds.iter().any(|sound| sounds.contains(sound))
    }
}

/// The words of a query's name, in no order; `*` before a word lets it be within another.
pub fn fuzzy_words(value: &str) -> Vec<FuzzyWord> {
    let folded = words(&joined(value));
    let has_letters = |word: &&str| word.chars().any(|c| !matches!(c, '*' | '?'));
    folded.split_whitespace().filter(has_letters).take(MAX_WORDS).map(fuzzy_word).collect()
}

/// A word with a mark within, `O'Brien` or `Mary-Ann`, is asked for as one: so it is heard in names of either spelling.
fn joined(value: &str) -> String {
    const MARKS: [char; 5] = ['\'', '\u{2019}', '\u{2018}', '-', '\u{2010}'];
    value.chars().filter(|c| !MARKS.contains(c)).collect()
}

fn fuzzy_word(word: &str) -> FuzzyWord {
    let plain: String = word.chars().filter(|c| !matches!(c, '*' | '?')).collect();
    let begin = if word.starts_with('*') { "*" } else { "* " };
    let pattern = format!("{begin}{}*", word.trim_matches('*'));
    FuzzyWord { pattern, sounds: sound(&plain).map(|sound| near(&sound)).unwrap_or_default() }
}

/// The sounds of all words of a name, and of words that others write as one: `O'Brien` is heard as `OBRIEN` too, `Van der Berg` as
/// `VANDERBERG`. Sources take marks and gaps out of names at will.
pub fn sounds(name: &PersonName) -> BTreeSet<String> {
    let dicom = name.to_dicom();
    let components = dicom.split(['^', '=', ',']).map(words);
    let mut out = BTreeSet::new();
    for component in components {
        let spoken: Vec<&str> = component.split_whitespace().take(MAX_WORDS).collect();
        out.extend(spoken.iter().filter_map(|word| sound(word)));
        if let [_, _, ..] = spoken[..] {
            out.extend(
                spoken.windows(2).map(<[&str]>::concat).chain([spoken.concat()]).filter_map(|joined| sound(&joined)),
            );
        }
    }
    out
}

/// The sound of a folded word of Latin letters; `None` for initials and other scripts.
pub fn sound(word: &str) -> Option<String> {
    let letters: Vec<u8> = word.bytes().filter(u8::is_ascii_lowercase).collect();
    if letters.len() < 2 || !word.is_ascii() {
        return None;
    }
    let heard = heard(&letters);
    let mut out = String::with_capacity(MAX_CLASSES);
    let mut last = 0;
    let mut has_vowel = false;
    for class in heard {
        let is_vowel = matches!(class, b'E' | b'O');
        if is_vowel && out.is_empty() {
            (has_vowel, last) = (true, b'A');
            out.push('A'); // vowels at the beginning are heard as one
            continue;
        }
        let is_silent = if is_vowel { has_vowel } else { class == last };
        has_vowel |= is_vowel;
        last = class;
        if !is_silent && out.len() < MAX_CLASSES {
            out.push(char::from(class));
        }
    }
    Some(out)
}

/// Spellings, longest first, and what is heard of them: classes of consonants, `E` and `O` for vowels.
const SPELLINGS: &[(&str, &str)] = &[
    ("eault", "O"),
    ("eaux", "O"),
    ("ault", "O"),
    ("auld", "O"),
    ("eau", "O"),
    ("aux", "O"),
    ("tch", "S"),
    ("sch", "S"),
    ("dge", "J"),
    ("chr", "KR"),
    ("chl", "KL"),
    ("ph", "F"),
    ("bv", "F"),
    ("ch", "S"),
    ("sh", "S"),
    ("ck", "K"),
    ("gh", ""),
    ("au", "O"),
    ("aw", "O"),
    ("ou", "O"),
    ("qu", "K"),
    ("ce", "SE"),
    ("ci", "SE"),
    ("cy", "SE"),
    ("ge", "JE"),
    ("gi", "JE"),
    ("gy", "JE"),
    ("gn", "N"),
    ("kn", "N"),
    ("wr", "R"),
];

/// The classes of a word, letter by letter.
fn heard(letters: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(letters.len());
    let mut rest = letters;
    while let Some((letter, after)) = rest.split_first() {
        let spelling = SPELLINGS.iter().find(|(spelling, _)| rest.starts_with(spelling.as_bytes()));
        if let Some((spelling, classes)) = spelling {
            out.extend_from_slice(classes.as_bytes());
            rest = rest.get(spelling.len()..).unwrap_or_default();
            continue;
        }
        out.extend_from_slice(match letter {
            b'a' | b'e' | b'i' | b'y' => b"E",
            b'o' | b'u' => b"O",
            b'b' => b"B",
            b'f' | b'v' => b"F",
            b'j' => b"J",
            b'c' | b'k' | b'q' | b'g' => b"K",
            b'l' => b"L",
            b'm' => b"M",
            b'n' => b"N",
            b'p' => b"P",
            b'r' => b"R",
            b's' | b'z' => b"S",
            b'd' | b't' => b"T",
            b'x' => b"KS",
            _ => b"", // h, w
        });
        rest = after;
    }
    out
}

/// A sound and those one slip away: a class too many, too few, another one, or two in the wrong order. The first stays.
fn near(sound: &str) -> Vec<String> {
    let classes: Vec<char> = sound.chars().collect();
    let mut out = BTreeSet::from([sound.to_owned()]);
    if classes.len() >= SLIP_FROM {
        for at in 2..classes.len() {
            let (before, after) = classes.split_at(at);
            let mut add =
                |middle: &[char], rest: &[char]| out.insert(before.iter().chain(middle).chain(rest).collect());
            let rest = after.get(1..).unwrap_or_default();
            add(&[], rest);
            if let [first, second, rest @ ..] = after {
                add(&[*second, *first], rest);
            }
            for class in CONSONANTS.chars() {
                add(&[class], rest);
                add(&[class], after);
            }
        }
        for class in CONSONANTS.chars().filter(|_| classes.len() < MAX_CLASSES) {
            out.insert(format!("{sound}{class}"));
        }
    }
    out.into_iter().collect()
}

#[cfg(test)]
mod tests {
    use index_model::PersonName;

    use super::{fuzzy_words, near, sound, sounds};

    #[test]
    fn names_that_are_said_alike_sound_alike() {
        for (one, other) in [
            ("smith", "smyth"),
            ("smith", "schmidt"),
            ("john", "jon"),
            ("tremblay", "trembley"),
            ("thibault", "thibeau"),
            ("stephen", "steven"),
            ("catherine", "kathryn"),
            ("lefebvre", "lefevre"),
            ("helene", "elene"),
            ("mohammed", "muhamad"),
            ("christine", "kristin"),
        ] {
            assert_eq!(sound(one), sound(other), "{one} and {other}");
        }
        for (one, other) in [("john", "jane"), ("smith", "small"), ("doe", "roy"), ("martin", "morton")] {
            assert_ne!(sound(one), sound(other), "{one} and {other}");
        }
    }

    #[test]
    fn initials_and_other_scripts_have_no_sound() {
        assert_eq!((sound("j"), sound("山田"), sound("")), (None, None, None));
    }

    #[test]
    fn one_slip_in_a_long_word_is_forgiven() {
        let is_near = |typed: &str, name: &str| {
            near(&sound(typed).unwrap_or_default()).contains(&sound(name).unwrap_or_default())
        };
        for typed in ["tremlay", "trembaly", "trembplay", "trembray"] {
            assert!(is_near(typed, "tremblay"), "{typed}");
        }
        assert!(!is_near("lee", "smith"));
        assert!(near("TERMBLSK").len() < 200, "what is asked of an index is bounded");
    }

    #[test]
    fn the_words_of_a_query_are_in_no_order() {
        let name = PersonName::parse("SMITH^JOHN^Q");
        let is = |query: &str| {
            let words = crate::text::name_words(&name);
            fuzzy_words(query).iter().all(|word| word.is_in(&words, &sounds(&name)))
        };
        for query in ["Jon Smyth", "smyth, jon", "SMI", "q smith", "*mit*", "s?ith", "SMITH^JOHN", "smith^j*"] {
            assert!(is(query), "{query}");
        }
        for query in ["jane smith", "mit", "ohn", "smith k"] {
            assert!(!is(query), "{query}");
        }
    }

    #[test]
    fn a_name_is_found_with_its_marks_and_gaps_and_without() {
        let is = |name: &str, query: &str| {
            let name = PersonName::parse(name);
            let words = crate::text::name_words(&name);
            fuzzy_words(query).iter().all(|word| word.is_in(&words, &sounds(&name)))
        };
        for (name, query) in [
            ("O'Brien^Mary-Ann", "obrien"),
            ("O'Brien^Mary-Ann", "o'brien maryann"),
            ("OBRIEN^MARYANN", "O\u{2019}Brien^Mary-Ann"),
            ("O'Brien^Mary-Ann", "o brien mary"),
            ("Van der Berg^Jan", "vanderberg"),
            ("ST-PIERRE^LUC", "stpierre luc"),
            ("STPIERRE^LUC", "St-Pierre"),
        ] {
            assert!(is(name, query), "{name} by {query}");
        }
        assert!(!is("O'Brien^Mary-Ann", "obrian^joan"));
        assert!(!is("Berg^Jan", "vanderberg"));
    }

    #[test]
    fn a_hostile_query_has_few_words() {
        assert_eq!(fuzzy_words(&"ab ".repeat(400)).len(), 8);
        assert!(fuzzy_words("* ?*  ^=").is_empty());
    }
}
