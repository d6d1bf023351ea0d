//! The words of an expression.

/// A word and where it stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Token {
    pub(super) kind: TokenKind,
    pub(super) start: usize,
    pub(super) end: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TokenKind {
    Word,
    /// `#…`
    Name,
    /// `:…`
    Value,
    Digits,
    /// `=`, `<>`, `(` and the like; also any character that has no meaning here.
    Sign,
    End,
}

/// The last token is always `End`.
pub(super) fn tokens(text: &str) -> Vec<Token> {
    let mut found = Vec::new();
    let mut rest = text.char_indices().peekable();
    while let Some((start, first)) = rest.next() {
        if first.is_ascii_whitespace() {
            continue;
        }
        let mut end = start + first.len_utf8();
        let mut extend = |accept: fn(char) -> bool| {
            while let Some((at, next)) = rest.next_if(|(_, next)| accept(*next)) {
                end = at + next.len_utf8();
            }
        };
        let kind = match first {
            'a'..='z' | 'A'..='Z' | '_' => {
                extend(is_word);
                TokenKind::Word
            }
            '0'..='9' => {
                extend(|next| next.is_ascii_digit());
                TokenKind::Digits
            }
            '#' | ':' => {
                extend(is_word);
                match (first, end - start) {
                    (_, 1) => TokenKind::Sign,
                    ('#', _) => TokenKind::Name,
                    _ => TokenKind::Value,
                }
            }
            '<' => {
                if rest.next_if(|(_, next)| matches!(next, '>' | '=')).is_some() {
                    end += 1;
                }
                TokenKind::Sign
            }
            '>' => {
                if rest.next_if(|(_, next)| *next == '=').is_some() {
                    end += 1;
                }
                TokenKind::Sign
            }
            _ => TokenKind::Sign,
        };
        found.push(Token { kind, start, end });
    }
    found.push(Token { kind: TokenKind::End, start: text.len(), end: text.len() });
    found
}

fn is_word(next: char) -> bool {
    next.is_ascii_alphanumeric() || next == '_'
}

/// `sign` and at least one letter, digit or underscore.
pub(super) fn is_placeholder(text: &str, sign: char) -> bool {
    text.strip_prefix(sign).is_some_and(|rest| !rest.is_empty() && rest.chars().all(is_word))
}
