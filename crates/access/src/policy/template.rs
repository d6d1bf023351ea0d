use super::Context;
use super::pattern::{Atom, Part, Pattern, glob, push_literal, push_text};

/// A text that may have policy variables in it: `${aws:username}`, `${aws:PrincipalTag/team, 'none'}`,
/// `${*}`, `${?}`, `${$}`.
///
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html>
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Template {
    pub(super) text: Box<str>,
    body: Body,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Body {
    Fixed(Pattern),
    Variable(Box<[Piece]>),
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Piece {
    Atom(Atom),
    /// What is put in stands for itself, wildcards too.
    Key {
        lower: Box<str>,
        default: Option<Box<str>>,
    },
}

/// A variable without its end, without a name, or with something else than a default behind it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct BadVariable;

/// Whether `*` and `?` in a text are wildcards.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wildcards {
    Yes,
    No,
}

impl Template {
    /// Without `variables` (policies before version 2012-10-17), `${` is a text like any other.
    pub(super) fn compile(text: &str, wildcards: Wildcards, variables: bool) -> Result<Self, BadVariable> {
        Template::compile_from(text, text, wildcards, variables)
    }

    /// As `compile`, of a `text` that was written as `shown`.
    pub(super) fn compile_from(
        shown: &str,
        text: &str,
        wildcards: Wildcards,
        variables: bool,
    ) -> Result<Self, BadVariable> {
        let pieces = if variables { pieces(text, wildcards)? } else { fixed(text, wildcards) };
        let is_fixed = !pieces.iter().any(|piece| matches!(piece, Piece::Key { .. }));
        let body = if is_fixed {
            Body::Fixed(Pattern::from_atoms(atoms(&pieces, &Context::default()).unwrap_or_default()))
        } else {
            Body::Variable(pieces.into())
        };
        Ok(Template { text: shown.into(), body })
    }

    /// Whether `text` matches, with the variables' values out of `context`. A variable without a value
    /// matches nothing.
    pub(super) fn matches(&self, text: &str, context: &Context) -> bool {
        match &self.body {
            Body::Fixed(pattern) => pattern.matches(text),
            Body::Variable(pieces) => {
                // What can be told without looking up a value is told first.
                let starts = match pieces.first() {
                    Some(Piece::Atom(Atom::Literal(start))) => text.starts_with(&**start),
                    _ => true,
                };
                starts && self.is_resolved(context) && glob(pieces, |piece| piece.part(context), text)
            }
        }
    }

    /// Whether every variable has a value.
    pub(super) fn is_resolved(&self, context: &Context) -> bool {
        match &self.body {
            Body::Fixed(_) => true,
            Body::Variable(pieces) => pieces.iter().all(|piece| piece.is_resolved(context)),
        }
    }

    /// As `matches`, with the variables' values lower-cased, for a lower-cased template and text.
    pub(super) fn matches_lower(&self, text: &str, context: &Context) -> bool {
        match &self.body {
            Body::Fixed(pattern) => pattern.matches(text),
            Body::Variable(pieces) => {
                let lower = |atom| match atom {
                    Atom::Literal(text) => Atom::Literal(text.to_lowercase().into()),
                    other => other,
                };
                atoms(pieces, context).is_some_and(|atoms| {
                    Pattern::from_atoms(atoms.into_iter().map(lower).collect()).matches(text)
                })
            }
        }
    }

    /// Lower-cased names of the keys that the text depends on.
    pub(super) fn keys(&self) -> impl Iterator<Item = &str> {
        let pieces = match &self.body {
            Body::Fixed(_) => &[],
            Body::Variable(pieces) => &**pieces,
        };
        pieces.iter().filter_map(|piece| match piece {
            Piece::Key { lower, .. } => Some(&**lower),
            Piece::Atom(_) => None,
        })
    }

    /// The text with its variables filled in, as atoms; `None` if one of them has no value.
    pub(super) fn atoms(&self, context: &Context) -> Option<Vec<Atom>> {
        match &self.body {
            Body::Fixed(pattern) => Some(match pattern {
                Pattern::Any => vec![Atom::Many],
                Pattern::Exact(text) => vec![Atom::Literal(text.clone())],
                Pattern::Prefix(text) => vec![Atom::Literal(text.clone()), Atom::Many],
                Pattern::Glob(atoms) => atoms.to_vec(),
            }),
            Body::Variable(pieces) => atoms(pieces, context),
        }
    }
}

impl Piece {
    fn is_resolved(&self, context: &Context) -> bool {
        match self {
            Piece::Atom(_) => true,
            Piece::Key { lower, default } => value(lower, default.as_deref(), context).is_some(),
        }
    }

    /// Only asked of what is resolved.
    fn part<'a>(&'a self, context: &'a Context) -> Part<'a> {
        match self {
            Piece::Atom(atom) => atom.part(),
            Piece::Key { lower, default } => {
                Part::Literal(value(lower, default.as_deref(), context).unwrap_or_default())
            }
        }
    }
}

/// A key with several values is no variable.
fn value<'a>(lower: &str, default: Option<&'a str>, context: &'a Context) -> Option<&'a str> {
    match context.get_lower(lower) {
        Some([value]) => Some(value),
        _ => default,
    }
}

fn atoms(pieces: &[Piece], context: &Context) -> Option<Vec<Atom>> {
    let mut atoms = Vec::new();
    for piece in pieces {
        match piece {
            Piece::Atom(Atom::Literal(text)) => push_literal(&mut atoms, text),
            Piece::Atom(wildcard) => atoms.push(wildcard.clone()),
            Piece::Key { lower, default } => {
                push_literal(&mut atoms, value(lower, default.as_deref(), context)?);
            }
        }
    }
    Some(atoms)
}

/// A text without variables.
fn fixed(text: &str, wildcards: Wildcards) -> Vec<Piece> {
    let mut atoms = Vec::new();
    match wildcards {
        Wildcards::Yes => push_text(&mut atoms, text),
        Wildcards::No => push_literal(&mut atoms, text),
    }
    atoms.into_iter().map(Piece::Atom).collect()
}

fn pieces(text: &str, wildcards: Wildcards) -> Result<Vec<Piece>, BadVariable> {
    let (mut pieces, mut rest) = (Vec::new(), text);
    while let Some((before, after)) = rest.split_once("${") {
        pieces.extend(fixed(before, wildcards));
        let (piece, after) = variable(after)?;
        pieces.push(piece);
        rest = after;
    }
    pieces.extend(fixed(rest, wildcards));
    Ok(pieces)
}

/// What stands between `${` and `}`, and what follows.
fn variable(text: &str) -> Result<(Piece, &str), BadVariable> {
    let end = text.find(['}', ',']).ok_or(BadVariable)?;
    let (key, after) = text.split_at(end);
    let key = key.trim_matches(' ');
    if key.is_empty() || key.contains(['$', '{', '\'', '"', ' ']) && key != "$" {
        return Err(BadVariable);
    }
    if let Some(after) = after.strip_prefix('}') {
        let piece = match key {
            "*" | "?" | "$" => Piece::Atom(Atom::Literal(key.into())),
            _ => Piece::Key { lower: key.to_lowercase().into(), default: None },
        };
        return Ok((piece, after));
    }
    // A comma, and then the default in single quotes.
    let quoted = after.get(1..).unwrap_or_default().trim_start_matches(' ');
    let (default, after) =
        quoted.strip_prefix('\'').and_then(|text| text.split_once('\'')).ok_or(BadVariable)?;
    let after = after.trim_start_matches(' ').strip_prefix('}').ok_or(BadVariable)?;
    let default = Some(default.into());
    Ok((Piece::Key { lower: key.to_lowercase().into(), default }, after))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(template: &str, text: &str, expected: bool) {
        let mut context = Context::default();
        context.set("aws:username", "ann");
        context.set("aws:PrincipalTag/odd", "a*b");
        context.set_all("aws:TagKeys", ["a", "b"]);
        let template = Template::compile(template, Wildcards::Yes, true).unwrap();
        assert_eq!(template.matches(text, &context), expected, "{template:?} {text}");
    }

    #[test]
    fn variables_are_filled_in() {
        check("home/${aws:username}/*", "home/ann/x", true);
        check("home/${AWS:UserName}/*", "home/ann/x", true);
        check("home/${aws:username}/*", "home/bob/x", false);
        check("${aws:userid}", "", false);
        check("${aws:userid, 'nobody'}", "nobody", true);
        check("${aws:userid,'no}body'}", "no}body", true);
        check("${aws:username, 'nobody'}", "ann", true);
        check("${aws:TagKeys}", "a", false);
    }

    #[test]
    fn what_is_filled_in_stands_for_itself() {
        check("${aws:PrincipalTag/odd}", "a*b", true);
        check("${aws:PrincipalTag/odd}", "axb", false);
        check("a${*}b${?}c${$}{d}", "a*b?c${d}", true);
        check("a${*}b", "axb", false);
    }

    #[test]
    fn what_is_no_variable_is_refused() {
        for text in ["${", "${}", "${a", "${a,}", "${a,b}", "${a,'b}", "${a,'b' c}", "${a${b}}"] {
            assert_eq!(Template::compile(text, Wildcards::Yes, true), Err(BadVariable), "{text}");
            assert!(Template::compile(text, Wildcards::Yes, false).is_ok());
        }
    }
}
