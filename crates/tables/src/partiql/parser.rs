//! What all statements share: tokens, names, paths, and how errors are worded.

use super::STATEMENT_CHARS_MAX;
use super::token::{Token, malformed, tokens};
use crate::Refusal;
use crate::value::{Path, Step};

/// Conditions and values inside each other: each is a frame or more on the stack.
const DEPTH_MAX: u32 = 64;
/// An attribute's name and the levels below it.
const PATH_LEN_MAX: usize = 32;

pub(super) struct Parser<'p> {
    tokens: Vec<Token>,
    at: usize,
    /// Wire JSON of what `?` stands for, in order.
    parameters: &'p [&'p str],
    used: usize,
    depth: u32,
}

impl<'p> Parser<'p> {
    /// # Errors
    /// Validation for a text that is empty or too long.
    pub(super) fn new(text: &str, parameters: &'p [&'p str]) -> Result<Self, Refusal> {
        if text.chars().count() > STATEMENT_CHARS_MAX {
            return Err(Refusal::validation(format!(
                "1 validation error detected: Value at 'statement' failed to satisfy constraint: Member must have \
                 length less than or equal to {STATEMENT_CHARS_MAX}"
            )));
        }
        Ok(Parser { tokens: tokens(text)?, at: 0, parameters, used: 0, depth: 0 })
    }

    /// To be called when everything is read. A semicolon may end a statement.
    pub(super) fn finish(mut self) -> Result<(), Refusal> {
        self.take_sign(";");
        if *self.peek() != Token::End {
            return Err(self.unexpected());
        }
        if self.used != self.parameters.len() {
            return Err(Refusal::validation("Number of parameters in request and statement don't match."));
        }
        Ok(())
    }

    pub(super) fn peek(&self) -> &Token {
        self.ahead(0)
    }

    pub(super) fn ahead(&self, by: usize) -> &Token {
        self.tokens.get(self.at + by).unwrap_or(&Token::End)
    }

    pub(super) fn skip(&mut self) {
        self.at += 1;
    }

    pub(super) fn unexpected(&self) -> Refusal {
        malformed(match self.peek() {
            Token::End => "Unexpected end of the statement".to_owned(),
            Token::Word(text) if is_keyword(text) => format!("Unexpected keyword: {text}"),
            Token::Word(text) | Token::Number(text) | Token::Sign(text) => format!("Unexpected term: {text}"),
            Token::Quoted(text) => format!("Unexpected term: \"{text}\""),
            Token::Text(text) => format!("Unexpected term: '{text}'"),
        })
    }

    pub(super) fn is_sign(&self, sign: &str) -> bool {
        matches!(self.peek(), Token::Sign(found) if found == sign)
    }

    pub(super) fn take_sign(&mut self, sign: &str) -> bool {
        let is = self.is_sign(sign);
        self.at += usize::from(is);
        is
    }

    pub(super) fn expect_sign(&mut self, sign: &str) -> Result<(), Refusal> {
        if self.take_sign(sign) { Ok(()) } else { Err(self.unexpected()) }
    }

    pub(super) fn is_word(&self, word: &str) -> bool {
        matches!(self.peek(), Token::Word(found) if found.eq_ignore_ascii_case(word))
    }

    pub(super) fn take_word(&mut self, word: &str) -> bool {
        let is = self.is_word(word);
        self.at += usize::from(is);
        is
    }

    pub(super) fn expect_word(&mut self, word: &str) -> Result<(), Refusal> {
        if self.take_word(word) { Ok(()) } else { Err(self.unexpected()) }
    }

    /// One of `words`, if it is next.
    pub(super) fn one_of<'w>(&mut self, words: &[&'w str]) -> Option<&'w str> {
        words.iter().copied().find(|word| self.take_word(word))
    }

    /// The name of a function, in lower case, if it and its parenthesis are next; both taken.
    pub(super) fn function(&mut self) -> Option<String> {
        let name = match (self.peek(), self.ahead(1)) {
            (Token::Word(name), Token::Sign(open)) if open == "(" && !is_keyword(name) => {
                name.to_ascii_lowercase()
            }
            _ => return None,
        };
        self.at += 2;
        Some(name)
    }

    /// What the next `?` stands for.
    pub(super) fn parameter(&mut self) -> Result<&'p str, Refusal> {
        let found = self.parameters.get(self.used).copied();
        self.used += 1;
        found.ok_or_else(|| Refusal::validation("Number of parameters in request and statement don't match."))
    }

    pub(super) fn deeper<T>(
        &mut self,
        inner: impl FnOnce(&mut Self) -> Result<T, Refusal>,
    ) -> Result<T, Refusal> {
        if self.depth >= DEPTH_MAX {
            return Err(malformed("Too many levels inside each other"));
        }
        self.depth += 1;
        let outcome = inner(self);
        self.depth -= 1;
        outcome
    }

    /// Of a table, an index or an attribute.
    pub(super) fn name(&mut self) -> Result<String, Refusal> {
        let name = match self.peek() {
            Token::Quoted(name) if !name.is_empty() => name.clone(),
            Token::Word(name) if !is_keyword(name) => name.clone(),
            _ => return Err(self.unexpected()),
        };
        self.at += 1;
        Ok(name)
    }

    /// `name(.name | [number] | ['name'])*`
    pub(super) fn path(&mut self) -> Result<Path, Refusal> {
        let attribute = self.name()?;
        let mut steps = Vec::new();
        loop {
            if self.take_sign(".") {
                steps.push(Step::Name(self.name()?.into()));
            } else if self.is_sign("[") {
                let step = match self.ahead(1) {
                    Token::Number(digits) => Step::Index(digits.parse().map_err(|_| self.unexpected())?),
                    Token::Text(name) if !name.is_empty() => Step::Name(name.as_str().into()),
                    _ => return Err(self.unexpected()),
                };
                self.at += 2;
                self.expect_sign("]")?;
                steps.push(step);
            } else {
                break;
            }
        }
        if steps.len() + 1 > PATH_LEN_MAX {
            return Err(malformed("A document path has too many nesting elements"));
        }
        Ok(Path::new(attribute, steps))
    }
}

/// Words of the grammar: never taken for a name unless quoted.
fn is_keyword(word: &str) -> bool {
    const KEYWORDS: [&str; 26] = [
        "AND",
        "AS",
        "BETWEEN",
        "BY",
        "DELETE",
        "EXISTS",
        "FALSE",
        "FROM",
        "GROUP",
        "HAVING",
        "IN",
        "INSERT",
        "INTO",
        "IS",
        "MISSING",
        "NOT",
        "NULL",
        "OR",
        "ORDER",
        "REMOVE",
        "RETURNING",
        "SELECT",
        "SET",
        "TRUE",
        "UPDATE",
        "WHERE",
    ];
    KEYWORDS.iter().any(|keyword| word.eq_ignore_ascii_case(keyword))
}
