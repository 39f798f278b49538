//! How values are written before they are compared, so that a column, a header and a query's value meet.

use index_model::{PersonName, fold};

/// A folded value with single spaces and none at its ends.
pub fn folded(text: &str) -> String {
    single_spaces(&fold(text))
}

fn single_spaces(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// One group of a person name: folded, its components without padding, without empty components at the end.
pub fn name_group(group: &str) -> String {
    let components: Vec<String> = fold(group).split('^').map(single_spaces).collect();
    components.join("^").trim_end_matches('^').to_owned()
}

/// [`name_group`] with a closing `^`, so that whole components are the beginning of it; `None` when there is nothing.
pub fn closed_group(group: &str) -> Option<String> {
    let mut closed = name_group(group);
    if closed.is_empty() {
        return None;
    }
    closed.push('^');
    Some(closed)
}

/// What a query's person name asks of the [closed groups](closed_group) of a value: for each of its groups a pattern with `*` and
/// `?`, `None` for one that is not given.
///
/// Whole components compare; those that are empty or not given match anything: `DOE` is `doe^*`, `DOE*` is `doe*`, `^JANE` is
/// `*^jane^*`, so that an empty component stands for any run of components. A query of one group asks it of any group of the value.
pub fn name_patterns(value: &str) -> Vec<Option<String>> {
    value.split('=').take(3).map(|group| name_pattern(&name_group(group))).collect()
}

fn name_pattern(group: &str) -> Option<String> {
    if group.is_empty() {
        return None;
    }
    let components: Vec<&str> = group.split('^').map(|part| if part.is_empty() { "*" } else { part }).collect();
    let mut pattern = components.join("^");
    pattern.push_str(if pattern.ends_with('*') { "" } else { "^*" });
    Some(pattern)
}

/// All words of all groups of a name, each with a space before and after it.
pub fn name_words(name: &PersonName) -> String {
    words(&name.to_dicom())
}

/// The words of folded text, each with a space before and after it; empty when there is none.
pub fn words(text: &str) -> String {
    let folded = fold(text);
    let mut out = String::with_capacity(folded.len() + 2);
    for word in folded.split(|c: char| c.is_whitespace() || matches!(c, '^' | '=' | ',')).filter(|w| !w.is_empty()) {
        out.push(' ');
        out.push_str(word);
    }
    if !out.is_empty() {
        out.push(' ');
    }
    out
}

/// A time as twelve digits, `HHMMSSFFFFFF`: the first moment that a time with this precision can mean. `None` when it is no time.
pub fn time_begin(text: &str) -> Option<String> {
    filled(text, "000000000000")
}

/// The last moment that a time with this precision can mean.
pub fn time_end(text: &str) -> Option<String> {
    filled(text, "235959999999")
}

/// The digits of a time or date with those of `rest` for what is not given.
pub(crate) fn filled(text: &str, rest: &str) -> Option<String> {
    let digits: String = text.trim_end().chars().filter(|c| !matches!(c, '.' | ':')).collect();
    let fits = (2..=rest.len()).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit());
    fits.then(|| format!("{digits}{}", rest.get(digits.len()..).unwrap_or_default()))
}

/// Whether folded text matches a folded pattern with `*` (any run) and `?` (any one character); PS3.4 §C.2.2.2.4.
///
/// Takes time in proportion to the product of both lengths at most, and no memory beyond them.
pub fn is_like(pattern: &str, text: &str) -> bool {
    let (pattern, text): (Vec<char>, Vec<char>) = (pattern.chars().collect(), text.chars().collect());
    let (mut p, mut t) = (0, 0);
    let mut retry: Option<(usize, usize)> = None;
    while let Some(&c) = text.get(t) {
        match pattern.get(p) {
            Some('*') => {
                retry = Some((p + 1, t));
                p += 1;
            }
            Some(&q) if q == '?' || q == c => {
                p += 1;
                t += 1;
            }
            _ => {
                let Some((after, from)) = retry else { return false };
                retry = Some((after, from + 1));
                (p, t) = (after, from + 1);
            }
        }
    }
    pattern.get(p..).is_none_or(|rest| rest.iter().all(|c| *c == '*'))
}

#[cfg(test)]
mod tests {
    use index_model::PersonName;

    use super::{closed_group, is_like, name_patterns, name_words, time_begin, time_end};

    #[test]
    fn a_closed_group_ends_each_component_with_its_delimiter() {
        assert_eq!(closed_group(" DOE ^Jané^^").as_deref(), Some("doe^jane^"));
        assert_eq!(closed_group("^^"), None);
    }

    #[test]
    fn components_that_are_not_given_match_anything() {
        let patterns = |name| name_patterns(name).into_iter().map(Option::unwrap_or_default).collect::<Vec<_>>();
        assert_eq!(patterns("DOE"), ["doe^*"]);
        assert_eq!(patterns("DOE^J*"), ["doe^j*"]);
        assert_eq!(patterns("^JANE"), ["*^jane^*"]);
        assert_eq!(patterns("=山田"), ["", "山田^*"]);
    }

    #[test]
    fn words_stand_between_single_spaces() {
        assert_eq!(name_words(&PersonName::parse("Yamada^Tarou=山田^太郎")), " yamada tarou 山田 太郎 ");
        assert_eq!(name_words(&PersonName::default()), "");
    }

    #[test]
    fn a_time_is_compared_digit_by_digit() {
        assert_eq!(time_begin("1030").as_deref(), Some("103000000000"));
        assert_eq!(time_end("1030").as_deref(), Some("103059999999"));
        assert_eq!(time_begin("103015.25").as_deref(), Some("103015250000"));
        assert_eq!(time_begin("never"), None);
    }

    #[test]
    fn wild_cards_match_runs_and_single_characters() {
        for (pattern, text) in [("*", ""), ("a*c", "abc"), ("a*c", "ac"), ("a?c", "abc"), ("*b*", "abc"), ("*é", "aé")]
        {
            assert!(is_like(pattern, text), "{pattern} matches {text}");
        }
        for (pattern, text) in [("", "a"), ("a?c", "ac"), ("a*c", "abd"), ("*b", "abc"), ("?", "")] {
            assert!(!is_like(pattern, text), "{pattern} does not match {text}");
        }
    }

    #[test]
    fn a_hostile_pattern_takes_bounded_time() {
        assert!(!is_like(&"*a".repeat(500), &"a".repeat(499)));
    }
}
