/// A text with `*` (any characters, also none) and `?` (any one character), taken apart once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Pattern {
    Any,
    Exact(Box<str>),
    /// A literal and then one `*`: the form of most patterns.
    Prefix(Box<str>),
    Glob(Box<[Atom]>),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Atom {
    Literal(Box<str>),
    One,
    Many,
}

impl Pattern {
    pub(super) fn compile(text: &str) -> Self {
        let mut atoms = Vec::new();
        push_text(&mut atoms, text);
        Pattern::from_atoms(atoms)
    }

    pub(super) fn from_atoms(mut atoms: Vec<Atom>) -> Self {
        match atoms.as_mut_slice() {
            [] => Pattern::Exact("".into()),
            [Atom::Many] => Pattern::Any,
            [Atom::Literal(text)] => Pattern::Exact(std::mem::take(text)),
            [Atom::Literal(text), Atom::Many] => Pattern::Prefix(std::mem::take(text)),
            _ => Pattern::Glob(atoms.into()),
        }
    }

    pub(super) fn matches(&self, text: &str) -> bool {
        match self {
            Pattern::Any => true,
            Pattern::Exact(exact) => **exact == *text,
            Pattern::Prefix(prefix) => text.starts_with(&**prefix),
            Pattern::Glob(atoms) => glob(atoms, Atom::part, text),
        }
    }
}

/// Adds a text in which `*` and `?` mean something.
pub(super) fn push_text(atoms: &mut Vec<Atom>, text: &str) {
    let mut rest = text;
    while let Some(at) = rest.find(['*', '?']) {
        let (literal, from_wildcard) = rest.split_at(at);
        push_literal(atoms, literal);
        if from_wildcard.starts_with('?') {
            atoms.push(Atom::One);
        } else if atoms.last() != Some(&Atom::Many) {
            atoms.push(Atom::Many);
        }
        rest = from_wildcard.get(1..).unwrap_or_default();
    }
    push_literal(atoms, rest);
}

/// Adds a text in which nothing means anything.
pub(super) fn push_literal(atoms: &mut Vec<Atom>, text: &str) {
    if text.is_empty() {
        return;
    }
    if let Some(Atom::Literal(last)) = atoms.last_mut() {
        *last = [last, text].concat().into();
    } else {
        atoms.push(Atom::Literal(text.into()));
    }
}

/// What an atom is at the moment; of a variable, its value.
#[derive(Clone, Copy)]
pub(super) enum Part<'a> {
    Literal(&'a str),
    One,
    Many,
}

impl Atom {
    pub(super) fn part(&self) -> Part<'_> {
        match self {
            Atom::Literal(text) => Part::Literal(text),
            Atom::One => Part::One,
            Atom::Many => Part::Many,
        }
    }
}

/// Whether `parts`, as `part` shows them, are `text`.
///
/// Only the latest `*` is ever tried again, so that the cost is at most the product of both lengths.
pub(super) fn glob<'a, P>(parts: &'a [P], part: impl Fn(&'a P) -> Part<'a>, text: &str) -> bool {
    // Names differ in their ends more often than in their beginnings.
    if let Some(Part::Literal(end)) = parts.last().map(&part)
        && !text.ends_with(end)
    {
        return false;
    }
    let (mut left, mut rest) = (parts, text);
    let mut latest_many: Option<(&[P], &str)> = None;
    loop {
        let matched = match left.split_first().map(|(first, after)| (part(first), after)) {
            None if rest.is_empty() => return true,
            None => None,
            Some((Part::Many, [])) => return true,
            Some((Part::Many, after)) => {
                latest_many = Some((after, rest));
                Some((after, rest))
            }
            Some((Part::One, after)) => skip_one(rest).map(|rest| (after, rest)),
            Some((Part::Literal(literal), after)) => rest.strip_prefix(literal).map(|rest| (after, rest)),
        };
        (left, rest) = match (matched, latest_many) {
            (Some(next), _) => next,
            (None, None) => return false,
            (None, Some((after, from))) => match next_start(after.first().map(&part), from) {
                Some(from) => {
                    latest_many = Some((after, from));
                    (after, from)
                }
                None => return false,
            },
        };
    }
}

/// Where what follows a `*` may begin next, if `from` was no such place.
fn next_start<'t>(first: Option<Part<'_>>, from: &'t str) -> Option<&'t str> {
    let later = skip_one(from)?;
    match first {
        Some(Part::Literal(literal)) => later.find(literal).and_then(|at| later.get(at..)),
        _ => Some(later),
    }
}

fn skip_one(text: &str) -> Option<&str> {
    let mut characters = text.chars();
    characters.next().map(|_| characters.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stars_and_question_marks() {
        for (pattern, text, expected) in [
            ("*", "", true),
            ("*", "anything:at/all", true),
            ("", "", true),
            ("", "a", false),
            ("abc", "abc", true),
            ("abc", "abcd", false),
            ("abc*", "abc", true),
            ("abc*", "ab", false),
            ("*abc", "xxabc", true),
            ("*abc", "abcabcab", false),
            ("*abc", "abcababc", true),
            ("a*b*c", "a1b2b3c", true),
            ("a*b*c", "acb", false),
            ("a?c", "abc", true),
            ("a?c", "ac", false),
            ("a?c", "aéc", true),
            ("?", "", false),
            ("??*", "a", false),
            ("*?", "a", true),
            ("*?", "", false),
            ("*?b", "ab", true),
            ("a**b", "ab", true),
            ("*a*?c", "xac", false),
            ("*a*?c", "xaxxabc", true),
        ] {
            assert_eq!(Pattern::compile(pattern).matches(text), expected, "{pattern} {text}");
        }
    }

    #[test]
    fn many_stars_take_no_longer_than_both_lengths_multiplied() {
        let pattern = Pattern::compile(&("a*".repeat(2_000) + "b"));
        assert!(!pattern.matches(&"a".repeat(20_000)));
    }
}
