//! What all expressions share: tokens, paths, placeholders, limits, and how errors are worded.
//!
//! Errors of syntax come first. What else is wrong (an undefined placeholder, a reserved word) is kept until the whole
//! text is known to be well formed, and then the first of it is answered.

use super::reserved::is_reserved;
use super::token::{Token, TokenKind, tokens};
use super::{EXPRESSION_LEN_MAX, OPERATORS_MAX, Parameters, Role};
use crate::Refusal;
use crate::value::{OwnedValue, Path, Step};

/// Functions inside each other: each is a frame on the stack.
const DEPTH_MAX: u32 = 64;
/// An attribute's name and the levels below it.
const PATH_LEN_MAX: usize = 32;
/// The greatest place in a list that a path may name.
const INDEX_MAX: u32 = i32::MAX as u32;

pub(super) struct Parser<'t, 'p> {
    text: &'t str,
    tokens: Vec<Token>,
    at: usize,
    role: Role,
    parameters: &'p mut Parameters,
    operators: u32,
    depth: u32,
    wrong: Option<Refusal>,
}

impl<'t, 'p> Parser<'t, 'p> {
    /// # Errors
    /// Validation for an empty text, or one above 4 KB.
    pub(super) fn new(text: &'t str, role: Role, parameters: &'p mut Parameters) -> Result<Self, Refusal> {
        if text.len() > EXPRESSION_LEN_MAX {
            let size = text.len();
            return Err(role.refuse(format!(
                "Expression size has exceeded the maximum allowed size; expression size: {size}"
            )));
        }
        let tokens = tokens(text);
        if tokens.len() == 1 {
            return Err(role.refuse("The expression can not be empty;"));
        }
        Ok(Parser { text, tokens, at: 0, role, parameters, operators: 0, depth: 0, wrong: None })
    }

    /// To be called when everything is read.
    pub(super) fn finish(self) -> Result<(), Refusal> {
        if self.peek().kind != TokenKind::End {
            return Err(self.syntax_error());
        }
        if self.operators > OPERATORS_MAX {
            let count = self.operators;
            return Err(self
                .role
                .refuse(format!("The expression contains too many operators; operator count: {count}")));
        }
        self.wrong.map_or(Ok(()), Err)
    }

    pub(super) fn role(&self) -> Role {
        self.role
    }

    fn token(&self, at: usize) -> Token {
        let end = Token { kind: TokenKind::End, start: self.text.len(), end: self.text.len() };
        self.tokens.get(at).copied().unwrap_or(end)
    }

    pub(super) fn peek(&self) -> Token {
        self.token(self.at)
    }

    pub(super) fn text_of(&self, token: Token) -> &'t str {
        self.text.get(token.start..token.end).unwrap_or_default()
    }

    pub(super) fn next(&mut self) -> Token {
        let token = self.peek();
        self.at += 1;
        token
    }

    /// Whether the next token is this sign.
    pub(super) fn is_sign(&self, sign: &str) -> bool {
        self.peek().kind == TokenKind::Sign && self.text_of(self.peek()) == sign
    }

    pub(super) fn take_sign(&mut self, sign: &str) -> bool {
        let is = self.is_sign(sign);
        self.at += usize::from(is);
        is
    }

    pub(super) fn expect_sign(&mut self, sign: &str) -> Result<(), Refusal> {
        if self.take_sign(sign) { Ok(()) } else { Err(self.syntax_error()) }
    }

    /// Whether the next token is a word of the grammar, in whatever case.
    pub(super) fn is_keyword(&self, keyword: &str) -> bool {
        let token = self.peek();
        token.kind == TokenKind::Word && self.text_of(token).eq_ignore_ascii_case(keyword)
    }

    pub(super) fn take_keyword(&mut self, keyword: &str) -> bool {
        let is = self.is_keyword(keyword);
        self.at += usize::from(is);
        is
    }

    /// The name before a parenthesis.
    pub(super) fn function(&self) -> Option<&'t str> {
        let (name, open) = (self.peek(), self.token(self.at + 1));
        let text = self.text_of(name);
        (name.kind == TokenKind::Word && !is_keyword(text) && self.text_of(open) == "(").then_some(text)
    }

    /// Names the next token, and what stands around it.
    pub(super) fn syntax_error(&self) -> Refusal {
        let token = self.peek();
        let before = if self.at > 0 { self.token(self.at - 1) } else { token };
        let after = self.token(self.at + 1);
        let near = self.text.get(before.start..after.end).unwrap_or_default().trim_end();
        let word = if token.kind == TokenKind::End { "<EOF>" } else { self.text_of(token) };
        self.role.refuse(format!("Syntax error; token: \"{word}\", near: \"{near}\""))
    }

    /// Keeps what is wrong, unless something before it was.
    pub(super) fn wrong(&mut self, what: impl std::fmt::Display) {
        let refusal = self.role.refuse(what);
        self.wrong.get_or_insert(refusal);
    }

    pub(super) fn count_operator(&mut self) {
        self.operators += 1;
    }

    /// Runs `inner` one level deeper: functions inside each other, which are read by recursion.
    pub(super) fn deeper<T>(
        &mut self,
        inner: impl FnOnce(&mut Self) -> Result<T, Refusal>,
    ) -> Result<T, Refusal> {
        if self.depth >= DEPTH_MAX {
            return Err(self.role.refuse("The expression has too many functions inside each other"));
        }
        self.depth += 1;
        let outcome = inner(self);
        self.depth -= 1;
        outcome
    }

    /// `name(.name | [index])*`
    pub(super) fn path(&mut self) -> Result<Path, Refusal> {
        let attribute = self.path_name()?;
        let mut steps = Vec::new();
        loop {
            if self.take_sign(".") {
                steps.push(Step::Name(self.path_name()?));
            } else if self.take_sign("[") {
                let token = self.peek();
                if token.kind != TokenKind::Digits {
                    return Err(self.syntax_error());
                }
                self.at += 1;
                let digits = self.text_of(token);
                let index = digits.parse().ok().filter(|index| *index <= INDEX_MAX).unwrap_or_else(|| {
                    self.wrong(format!("List index is not within the allowable range; index: [{digits}]"));
                    0
                });
                steps.push(Step::Index(index));
                self.expect_sign("]")?;
            } else {
                break;
            }
        }
        if steps.len() + 1 > PATH_LEN_MAX {
            let levels = steps.len() + 1;
            self.wrong(format!("The document path has too many nesting elements; nesting levels: {levels}"));
        }
        Ok(Path::new(attribute, steps))
    }

    fn path_name(&mut self) -> Result<Box<str>, Refusal> {
        let token = self.peek();
        let text = self.text_of(token);
        match token.kind {
            TokenKind::Name => {
                self.at += 1;
                Ok(self.parameters.name(text).unwrap_or_else(|| {
                    self.wrong(format!(
                        "An expression attribute name used in the document path is not defined; attribute name: {text}"
                    ));
                    text.into()
                }))
            }
            TokenKind::Word if !is_keyword(text) && self.function().is_none() => {
                self.at += 1;
                if is_reserved(text) {
                    self.wrong(format!("Attribute name is a reserved keyword; reserved keyword: {text}"));
                }
                Ok(text.into())
            }
            _ => Err(self.syntax_error()),
        }
    }

    /// `:value`, if it is next.
    pub(super) fn value(&mut self) -> Option<OwnedValue> {
        let token = self.peek();
        if token.kind != TokenKind::Value {
            return None;
        }
        self.at += 1;
        let text = self.text_of(token);
        Some(match self.parameters.value(text) {
            Some(value) => value,
            None => {
                self.wrong(format!(
                    "An expression attribute value used in expression is not defined; attribute value: {text}"
                ));
                // Stands in until the refusal is answered.
                OwnedValue::null()
            }
        })
    }
}

/// Words of the grammar: never taken for a name.
fn is_keyword(word: &str) -> bool {
    ["AND", "OR", "NOT", "BETWEEN", "IN", "SET", "REMOVE", "ADD", "DELETE"]
        .iter()
        .any(|keyword| word.eq_ignore_ascii_case(keyword))
}
