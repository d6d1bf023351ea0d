//! Update expressions: SET, REMOVE, ADD and DELETE, each at most once.

use super::check::wrong_type;
use super::parser::Parser;
use super::projection::clash;
use super::{Parameters, Role};
use crate::Refusal;
use crate::value::{Kind, OwnedValue, Path, Projection};

/// What is to be done to an item. Paths do not overlap, so the order of actions does not matter.
#[derive(Debug, Clone, Default)]
pub struct Update {
    pub(crate) set: Vec<(Path, SetTo)>,
    pub(crate) remove: Vec<Path>,
    pub(crate) add: Vec<(Path, OwnedValue)>,
    pub(crate) delete: Vec<(Path, OwnedValue)>,
    /// Of what only takes away, in the old parameters: nothing happens where there is no item.
    pub(crate) only_if_there: bool,
}

#[derive(Debug, Clone)]
pub(crate) enum SetTo {
    Value(Argument),
    Sum(Argument, Argument),
    Difference(Argument, Argument),
}

#[derive(Debug, Clone)]
pub(crate) enum Argument {
    Path(Path),
    Value(OwnedValue),
    IfNotExists(Path, Box<Argument>),
    ListAppend(Box<Argument>, Box<Argument>),
}

impl Update {
    /// # Errors
    /// Validation, worded for `UpdateExpression`.
    pub fn parse(text: &str, parameters: &mut Parameters) -> Result<Self, Refusal> {
        let mut parser = Parser::new(text, Role::Update, parameters)?;
        let mut update = Update::default();
        let mut sections: Vec<&str> = Vec::new();
        loop {
            let Some(section) =
                ["SET", "REMOVE", "ADD", "DELETE"].into_iter().find(|word| parser.take_keyword(word))
            else {
                if sections.is_empty() {
                    return Err(parser.syntax_error());
                }
                break;
            };
            if sections.contains(&section) {
                parser.wrong(format!(
                    "The \"{section}\" section can only be used once in an update expression;"
                ));
            }
            sections.push(section);
            loop {
                update.action(section, &mut parser)?;
                if !parser.take_sign(",") {
                    break;
                }
            }
        }
        let paths: Vec<Path> = update.paths().cloned().collect();
        if let Some(clash) = clash(&paths) {
            parser.wrong(clash);
        }
        parser.finish()?;
        Ok(update)
    }

    fn action(&mut self, section: &str, parser: &mut Parser) -> Result<(), Refusal> {
        let path = parser.path()?;
        match section {
            "SET" => {
                parser.expect_sign("=")?;
                let to = set_to(parser)?;
                self.set.push((path, to));
            }
            "REMOVE" => self.remove.push(path),
            "ADD" => {
                let value = operand(parser, "ADD", |kind| kind == Kind::N || kind.is_set())?;
                self.add.push((path, value));
            }
            _ => {
                let value = operand(parser, "DELETE", Kind::is_set)?;
                self.delete.push((path, value));
            }
        }
        Ok(())
    }

    pub(crate) fn paths(&self) -> impl Iterator<Item = &Path> {
        let set = self.set.iter().map(|(path, _)| path);
        set.chain(&self.remove).chain(self.add.iter().chain(&self.delete).map(|(path, _)| path))
    }

    /// Whether an item that is not there is made.
    pub fn makes_items(&self) -> bool {
        !self.only_if_there
    }

    /// Top-level attributes that it reads or writes.
    pub fn attributes(&self) -> Vec<&str> {
        fn of<'a>(argument: &'a Argument, names: &mut Vec<&'a str>) {
            match argument {
                Argument::Path(path) => names.push(path.attribute()),
                Argument::Value(_) => {}
                Argument::IfNotExists(path, otherwise) => {
                    names.push(path.attribute());
                    of(otherwise, names);
                }
                Argument::ListAppend(first, second) => {
                    of(first, names);
                    of(second, names);
                }
            }
        }
        let mut names: Vec<&str> = self.paths().map(Path::attribute).collect();
        for (_, to) in &self.set {
            match to {
                SetTo::Value(value) => of(value, &mut names),
                SetTo::Sum(left, right) | SetTo::Difference(left, right) => {
                    of(left, &mut names);
                    of(right, &mut names);
                }
            }
        }
        names
    }

    /// What `UPDATED_OLD` and `UPDATED_NEW` give of the item before and after.
    pub fn touched(&self) -> Projection {
        Projection::of(self.paths())
    }

    /// # Errors
    /// Validation, if it changes one of `keys`, the attributes that are the table's key.
    pub fn refuse_keys(&self, keys: &[&str]) -> Result<(), Refusal> {
        match self.paths().find(|path| keys.contains(&path.attribute())) {
            Some(path) => Err(Refusal::validation(format!(
                "One or more parameter values were invalid: Cannot update attribute {}. This attribute is part of the key",
                path.attribute()
            ))),
            None => Ok(()),
        }
    }
}

/// One operand, or a sum or difference of two: the grammar knows no more.
fn set_to(parser: &mut Parser) -> Result<SetTo, Refusal> {
    let left = argument(parser)?;
    let (sign, join): (_, fn(Argument, Argument) -> SetTo) = if parser.take_sign("+") {
        ("+", SetTo::Sum)
    } else if parser.take_sign("-") {
        ("-", SetTo::Difference)
    } else {
        return Ok(SetTo::Value(left));
    };
    parser.count_operator();
    let right = argument(parser)?;
    for side in [&left, &right] {
        expect(parser, sign, side, Kind::N);
    }
    Ok(join(left, right))
}

fn expect(parser: &mut Parser, name: &str, argument: &Argument, wanted: Kind) {
    let certain = match argument {
        Argument::Value(value) => Some(value.view().kind()),
        Argument::ListAppend(..) => Some(Kind::L),
        Argument::Path(_) => None,
        // Its path may be there, and of the right type; if it is not, the rest is what counts.
        Argument::IfNotExists(_, otherwise) => return expect(parser, name, otherwise, wanted),
    };
    if let Some(kind) = certain.filter(|kind| *kind != wanted) {
        wrong_type(parser, name, kind);
    }
}

fn argument(parser: &mut Parser) -> Result<Argument, Refusal> {
    if let Some(name) = parser.function() {
        return function(parser, name);
    }
    if let Some(value) = parser.value() {
        return Ok(Argument::Value(value));
    }
    Ok(Argument::Path(parser.path()?))
}

fn function(parser: &mut Parser, name: &str) -> Result<Argument, Refusal> {
    parser.count_operator();
    parser.next();
    parser.next();
    match name {
        "if_not_exists" | "list_append" => {}
        "attribute_exists"
        | "attribute_not_exists"
        | "attribute_type"
        | "begins_with"
        | "contains"
        | "size" => {
            let what = format!("The function is not allowed in an update expression; function: {name}");
            return Err(parser.role().refuse(what));
        }
        _ => return Err(parser.role().refuse(format!("Invalid function name; function: {name}"))),
    }
    let mut arguments = Vec::new();
    loop {
        arguments.push(parser.deeper(argument)?);
        if parser.take_sign(")") {
            break;
        }
        parser.expect_sign(",")?;
    }
    let count = arguments.len();
    let Ok([first, second]) = <[Argument; 2]>::try_from(arguments) else {
        return Err(parser.role().refuse(format!(
            "Incorrect number of operands for operator or function; operator or function: {name}, number of operands: {count}"
        )));
    };
    if name == "list_append" {
        for side in [&first, &second] {
            expect(parser, name, side, Kind::L);
        }
        return Ok(Argument::ListAppend(Box::new(first), Box::new(second)));
    }
    let Argument::Path(path) = first else {
        return Err(parser
            .role()
            .refuse(format!("Operator or function requires a document path; operator or function: {name}")));
    };
    Ok(Argument::IfNotExists(path, Box::new(second)))
}

fn operand(parser: &mut Parser, section: &str, allowed: fn(Kind) -> bool) -> Result<OwnedValue, Refusal> {
    let Some(value) = parser.value() else { return Err(parser.syntax_error()) };
    let kind = value.view().kind();
    if !allowed(kind) {
        let kind = kind.long_name();
        parser.wrong(format!(
            "Incorrect operand type for operator or function; operator: {section}, operand type: {kind}, \
             typeSet: ALLOWED_FOR_{section}_OPERAND"
        ));
    }
    Ok(value)
}
