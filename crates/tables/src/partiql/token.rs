//! The words of a statement.

use crate::Refusal;

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Token {
    Word(String),
    /// `"…"`
    Quoted(String),
    /// `'…'`
    Text(String),
    Number(String),
    /// Also any character that has no meaning here.
    Sign(String),
    End,
}

const DOUBLE: [&str; 7] = ["<<", ">>", "<>", "<=", ">=", "!=", "||"];

/// The last is always `End`.
///
/// # Errors
/// Validation: a quote without its end.
pub(super) fn tokens(text: &str) -> Result<Vec<Token>, Refusal> {
    let mut found = Vec::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let length = match first {
            _ if first.is_whitespace() => {
                rest = rest.trim_start();
                continue;
            }
            '\'' | '"' => {
                let (content, length) = quoted(rest, first)?;
                found.push(if first == '"' { Token::Quoted(content) } else { Token::Text(content) });
                length
            }
            'a'..='z' | 'A'..='Z' | '_' => {
                let length = run(rest, |next| next.is_ascii_alphanumeric() || next == '_');
                found.push(Token::Word(rest.get(..length).unwrap_or_default().to_owned()));
                length
            }
            '0'..='9' => {
                let length = number(rest);
                found.push(Token::Number(rest.get(..length).unwrap_or_default().to_owned()));
                length
            }
            _ => {
                let double = DOUBLE.iter().find(|sign| rest.starts_with(**sign));
                let length = double.map_or(first.len_utf8(), |sign| sign.len());
                found.push(Token::Sign(rest.get(..length).unwrap_or_default().to_owned()));
                length
            }
        };
        rest = rest.get(length..).unwrap_or_default();
    }
    found.push(Token::End);
    Ok(found)
}

fn run(text: &str, accept: impl Fn(char) -> bool) -> usize {
    text.find(|next| !accept(next)).unwrap_or(text.len())
}

fn number(text: &str) -> usize {
    let digits = |from: usize| from + run(text.get(from..).unwrap_or_default(), |next| next.is_ascii_digit());
    let mut length = digits(0);
    if text.get(length..).is_some_and(|rest| rest.starts_with('.')) && digits(length + 1) > length + 1 {
        length = digits(length + 1);
    }
    if text.get(length..).is_some_and(|rest| rest.starts_with(['e', 'E'])) {
        let signed = text.get(length + 1..).is_some_and(|rest| rest.starts_with(['+', '-']));
        let from = length + 1 + usize::from(signed);
        if digits(from) > from {
            length = digits(from);
        }
    }
    length
}

/// What is between quotes, a doubled one standing for itself; and how long it is with them.
fn quoted(text: &str, quote: char) -> Result<(String, usize), Refusal> {
    let (mut content, mut at) = (String::new(), 1);
    loop {
        let rest = text.get(at..).unwrap_or_default();
        let end = rest.find(quote).ok_or_else(|| malformed("Unexpected end of a quoted text"))?;
        content.push_str(rest.get(..end).unwrap_or_default());
        at += end + 1;
        if !text.get(at..).is_some_and(|rest| rest.starts_with(quote)) {
            return Ok((content, at));
        }
        content.push(quote);
        at += 1;
    }
}

pub(super) fn malformed(what: impl std::fmt::Display) -> Refusal {
    Refusal::validation(format!("Statement wasn't well formed, can't be processed: {what}"))
}
