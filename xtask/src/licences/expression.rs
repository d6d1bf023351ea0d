//! SPDX licence expressions: `OR` takes either side, `AND` needs both and binds tighter, parentheses group.

use std::collections::BTreeSet;

/// Nesting in published crates is two levels at most.
const DEPTH_MAX: u32 = 16;

/// Whether the allowed licences are enough to use something under `expression`.
///
/// # Errors
/// Not an expression; `/` as in `MIT/Apache-2.0` is read as `OR`, as cargo once did.
pub fn permits(expression: &str, allowed: &BTreeSet<String>) -> Result<bool, String> {
    let spaced = expression.replace('/', " OR ").replace('(', " ( ").replace(')', " ) ");
    let words: Vec<&str> = spaced.split_whitespace().collect();
    let mut reader = Reader { words: &words, allowed };
    let permitted = reader.either(0)?;
    if let Some(word) = reader.words.first() {
        return Err(format!("unexpected {word:?}"));
    }
    Ok(permitted)
}

struct Reader<'a> {
    words: &'a [&'a str],
    allowed: &'a BTreeSet<String>,
}

impl<'a> Reader<'a> {
    fn either(&mut self, depth: u32) -> Result<bool, String> {
        let mut permitted = self.both(depth)?;
        while self.take("OR") {
            // Both sides are always read: a short circuit would leave words behind.
            permitted |= self.both(depth)?;
        }
        Ok(permitted)
    }

    fn both(&mut self, depth: u32) -> Result<bool, String> {
        let mut permitted = self.one(depth)?;
        while self.take("AND") {
            permitted &= self.one(depth)?;
        }
        Ok(permitted)
    }

    fn one(&mut self, depth: u32) -> Result<bool, String> {
        if depth > DEPTH_MAX {
            return Err("nested too deep".into());
        }
        if self.take("(") {
            let permitted = self.either(depth + 1)?;
            return if self.take(")") { Ok(permitted) } else { Err("a parenthesis is not closed".into()) };
        }
        let licence = self.next()?;
        if self.take("WITH") {
            let exception = self.next()?;
            // An exception only ever grants more, so the bare licence is enough too.
            let whole = format!("{licence} WITH {exception}");
            return Ok(self.allowed.contains(&whole) || self.allowed.contains(licence));
        }
        Ok(self.allowed.contains(licence))
    }

    fn take(&mut self, wanted: &str) -> bool {
        let taken = self.words.first() == Some(&wanted);
        if taken {
            self.words = &self.words[1..];
        }
        taken
    }

    fn next(&mut self) -> Result<&'a str, String> {
        let (first, rest) = self.words.split_first().ok_or("it ends too early")?;
        self.words = rest;
        match *first {
            "OR" | "AND" | "WITH" | "(" | ")" => Err(format!("unexpected {first:?}")),
            licence => Ok(licence),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::permits;

    #[test]
    fn reads_expressions() {
        let allowed = ["MIT", "Apache-2.0", "Unicode-3.0"].map(String::from).into();
        for (expression, expected) in [
            ("MIT", Ok(true)),
            ("GPL-3.0-only", Ok(false)),
            ("MIT OR GPL-3.0-only", Ok(true)),
            ("GPL-3.0-only OR MIT", Ok(true)),
            ("MIT/Apache-2.0", Ok(true)),
            ("MIT AND GPL-3.0-only", Ok(false)),
            ("GPL-3.0-only AND MIT OR MIT", Ok(true)),
            ("MIT AND (GPL-3.0-only OR Apache-2.0)", Ok(true)),
            ("(MIT OR Apache-2.0) AND Unicode-3.0", Ok(true)),
            ("Apache-2.0 WITH LLVM-exception", Ok(true)),
            ("GPL-3.0-only WITH Classpath-exception-2.0", Ok(false)),
            ("", Err(())),
            ("MIT OR", Err(())),
            ("(MIT", Err(())),
            ("MIT MIT", Err(())),
            ("MIT )", Err(())),
        ] {
            assert_eq!(permits(expression, &allowed).map_err(drop), expected, "{expression}");
        }
    }
}
