//! WHERE.

use super::parser::Parser;
use super::token::{Token, malformed};
use crate::Refusal;
use crate::expression::{Comparator, Operand, Test};
use crate::value::{Kind, Path};

/// Operands of `IN`.
const IN_OPERANDS_MAX: usize = 100;

impl Parser<'_> {
    pub(super) fn condition(&mut self) -> Result<Test, Refusal> {
        self.deeper(|parser| {
            let mut tests = vec![parser.conjunction()?];
            while parser.take_word("OR") {
                tests.push(parser.conjunction()?);
            }
            Ok(joined(tests, Test::Any))
        })
    }

    fn conjunction(&mut self) -> Result<Test, Refusal> {
        let mut tests = vec![self.negation()?];
        while self.take_word("AND") {
            tests.push(self.negation()?);
        }
        Ok(joined(tests, Test::All))
    }

    fn negation(&mut self) -> Result<Test, Refusal> {
        if self.take_word("NOT") {
            return self.deeper(|parser| Ok(Test::Not(Box::new(parser.negation()?))));
        }
        if self.take_sign("(") {
            let test = self.condition()?;
            self.expect_sign(")")?;
            return Ok(test);
        }
        self.predicate()
    }

    fn predicate(&mut self) -> Result<Test, Refusal> {
        let operand = match self.function() {
            Some(name) if name == "size" => self.size()?,
            Some(name) => return self.test(&name),
            None => self.operand()?,
        };
        if let Some(comparator) = self.comparator() {
            return Ok(Test::Compare(comparator, operand, self.operand()?));
        }
        let negated = self.take_word("NOT");
        let not = |test: Test| if negated { Test::Not(Box::new(test)) } else { test };
        if self.take_word("BETWEEN") {
            let lower = self.operand()?;
            self.expect_word("AND")?;
            return Ok(not(Test::Between(operand, lower, self.operand()?)));
        }
        if self.take_word("IN") {
            return Ok(not(Test::In(operand, self.choices()?)));
        }
        match (negated, self.take_word("IS"), operand) {
            (false, true, Operand::Path(path)) => self.is(path),
            _ => Err(self.unexpected()),
        }
    }

    /// After `IS`.
    fn is(&mut self, path: Path) -> Result<Test, Refusal> {
        let negated = self.take_word("NOT");
        let test = match self.one_of(&["MISSING", "NULL"]) {
            Some("MISSING") => return Ok(if negated { Test::Exists(path) } else { Test::NotExists(path) }),
            Some(_) => Test::HasType(path, Kind::Null),
            None => return Err(self.unexpected()),
        };
        Ok(if negated { Test::Not(Box::new(test)) } else { test })
    }

    fn comparator(&mut self) -> Option<Comparator> {
        let known = [
            ("=", Comparator::Equal),
            ("<>", Comparator::NotEqual),
            ("!=", Comparator::NotEqual),
            ("<", Comparator::Less),
            ("<=", Comparator::LessOrEqual),
            (">", Comparator::Greater),
            (">=", Comparator::GreaterOrEqual),
        ];
        known.into_iter().find(|(sign, _)| self.take_sign(sign)).map(|(_, comparator)| comparator)
    }

    fn operand(&mut self) -> Result<Operand, Refusal> {
        match self.function() {
            Some(name) if name == "size" => return self.size(),
            Some(name) => return Err(malformed(format!("Unexpected function: {name}"))),
            None => {}
        }
        if self.is_value() {
            return self.value().map(Operand::Value);
        }
        self.path().map(Operand::Path)
    }

    /// `[a, b]` or `(a, b)`.
    fn choices(&mut self) -> Result<Vec<Operand>, Refusal> {
        let end = if self.take_sign("[") {
            "]"
        } else {
            self.expect_sign("(")?;
            ")"
        };
        let mut choices = Vec::new();
        loop {
            choices.push(self.operand()?);
            if choices.len() > IN_OPERANDS_MAX {
                return Err(Refusal::validation(format!(
                    "The IN operator is provided with too many operands; number of operands: {}",
                    choices.len()
                )));
            }
            if self.take_sign(end) {
                return Ok(choices);
            }
            self.expect_sign(",")?;
        }
    }

    fn size(&mut self) -> Result<Operand, Refusal> {
        let operand = self.path().map(Operand::Path)?;
        self.expect_sign(")")?;
        Ok(Operand::Size(Box::new(operand)))
    }

    /// A function that is a condition, after its parenthesis.
    fn test(&mut self, name: &str) -> Result<Test, Refusal> {
        if !["attribute_type", "begins_with", "contains"].contains(&name) {
            return Err(malformed(format!("Unexpected function: {name}")));
        }
        let path = self.path()?;
        self.expect_sign(",")?;
        let test = match name {
            "attribute_type" => Test::HasType(path, self.kind()?),
            "begins_with" => Test::BeginsWith(Operand::Path(path), self.operand()?),
            _ => Test::Contains(Operand::Path(path), self.operand()?),
        };
        self.expect_sign(")")?;
        Ok(test)
    }

    /// The name of a type.
    fn kind(&mut self) -> Result<Kind, Refusal> {
        let given = match self.peek() {
            Token::Text(_) | Token::Sign(_) => self.value()?,
            _ => return Err(self.unexpected()),
        };
        let name = given.view().as_str().unwrap_or_default();
        Kind::from_wire_name(name).ok_or_else(|| {
            let valid = Kind::ALL.map(Kind::wire_name).join(",");
            Refusal::validation(format!(
                "Invalid attribute type name found; type: {name}, valid types: {{{valid}}}"
            ))
        })
    }
}

fn joined(mut tests: Vec<Test>, join: fn(Vec<Test>) -> Test) -> Test {
    match tests.pop() {
        Some(only) if tests.is_empty() => only,
        last => {
            tests.extend(last);
            join(tests)
        }
    }
}
