//! Statements.

use super::parser::Parser;
use super::token::malformed;
use crate::Refusal;
use crate::expression::{Argument, SetTo, Test, Update, clash};
use crate::value::{Item, ItemRef, ItemWriter, Path, Projection, Step};

/// What one statement asks for.
#[derive(Debug, Clone)]
pub enum Statement {
    Select(Select),
    /// Of a transaction: whether there is such an item.
    Exists(Select),
    Insert {
        table: String,
        item: Item,
    },
    Update(Change),
    Delete(Change),
}

#[derive(Debug, Clone)]
pub struct Select {
    pub table: String,
    pub index: Option<String>,
    /// What of the items, and how it is called; all if empty.
    pub(super) attributes: Vec<(Box<str>, Path)>,
    pub(super) test: Option<Test>,
    /// Attributes, and whether they descend.
    pub(super) order: Vec<(String, bool)>,
}

#[derive(Debug, Clone)]
pub struct Change {
    pub table: String,
    /// Empty for DELETE.
    pub update: Update,
    pub(super) test: Test,
    pub returning: Option<Returning>,
}

/// Which image of the item is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Returning {
    AllOld,
    ModifiedOld,
    AllNew,
    ModifiedNew,
}

impl Statement {
    /// Reads a statement. `parameters`: wire JSON of what each `?` stands for, in order.
    ///
    /// # Errors
    /// Validation; serialization for parameters that are no JSON.
    pub fn parse(text: &str, parameters: &[&str]) -> Result<Self, Refusal> {
        let mut parser = Parser::new(text, parameters)?;
        let statement = match parser.one_of(&["SELECT", "INSERT", "UPDATE", "DELETE", "EXISTS"]) {
            Some("SELECT") => Statement::Select(parser.select()?),
            Some("INSERT") => parser.insert()?,
            Some("UPDATE") => Statement::Update(parser.update()?),
            Some("DELETE") => Statement::Delete(parser.delete()?),
            Some(_) => {
                parser.expect_sign("(")?;
                parser.expect_word("SELECT")?;
                let select = parser.select()?;
                parser.expect_sign(")")?;
                Statement::Exists(select)
            }
            None => return Err(parser.unexpected()),
        };
        parser.finish()?;
        Ok(statement)
    }

    pub fn table(&self) -> &str {
        match self {
            Statement::Select(Select { table, .. })
            | Statement::Exists(Select { table, .. })
            | Statement::Insert { table, .. }
            | Statement::Update(Change { table, .. })
            | Statement::Delete(Change { table, .. }) => table,
        }
    }

    /// Whether nothing is changed.
    pub fn reads(&self) -> bool {
        matches!(self, Statement::Select(_))
    }
}

impl Select {
    /// Attributes to read; `None`: all.
    pub fn projection(&self) -> Option<Projection> {
        let whole = |(_, path): &(Box<str>, Path)| Path::new(path.attribute(), Vec::new());
        let paths: Vec<Path> = self.attributes.iter().map(whole).collect();
        (!paths.is_empty()).then(|| Projection::of(&paths))
    }

    /// What is told of an item: each path by its last name.
    pub fn pick(&self, item: ItemRef<'_>) -> Item {
        if self.attributes.is_empty() {
            return item.to_item();
        }
        let mut writer = ItemWriter::with_capacity(64);
        for (name, path) in &self.attributes {
            if let Some(value) = path.find(item) {
                writer.put(name, value);
            }
        }
        writer.finish()
    }
}

impl Parser<'_> {
    fn select(&mut self) -> Result<Select, Refusal> {
        let mut attributes = Vec::new();
        if !self.take_sign("*") {
            loop {
                let path = self.path()?;
                let name = last_name(&path);
                if attributes.iter().any(|(known, _)| *known == name) {
                    return Err(malformed(format!("{name} is selected twice")));
                }
                attributes.push((name, path));
                if !self.take_sign(",") {
                    break;
                }
            }
        }
        self.expect_word("FROM")?;
        let table = self.name()?;
        let index = if self.take_sign(".") { Some(self.name()?) } else { None };
        let test = if self.take_word("WHERE") { Some(self.condition()?) } else { None };
        let mut order = Vec::new();
        if self.take_word("ORDER") {
            self.expect_word("BY")?;
            loop {
                let name = self.name()?;
                order.push((name, self.one_of(&["ASC", "DESC"]) == Some("DESC")));
                if !self.take_sign(",") {
                    break;
                }
            }
        }
        Ok(Select { table, index, attributes, test, order })
    }

    fn insert(&mut self) -> Result<Statement, Refusal> {
        self.expect_word("INTO")?;
        let table = self.name()?;
        self.expect_word("VALUE")?;
        Ok(Statement::Insert { table, item: self.item()? })
    }

    fn update(&mut self) -> Result<Change, Refusal> {
        let table = self.name()?;
        let mut update = Update::default();
        while let Some(section) = self.one_of(&["SET", "REMOVE"]) {
            loop {
                let path = self.path()?;
                if section == "SET" {
                    self.expect_sign("=")?;
                    self.set_to(path, &mut update)?;
                } else {
                    update.remove.push(path);
                }
                if !self.take_sign(",") {
                    break;
                }
            }
        }
        let paths: Vec<Path> = update.paths().cloned().collect();
        if paths.is_empty() {
            return Err(self.unexpected());
        }
        if let Some(clash) = clash(&paths) {
            return Err(Refusal::validation(clash));
        }
        self.changed(table, update)
    }

    fn delete(&mut self) -> Result<Change, Refusal> {
        self.expect_word("FROM")?;
        let table = self.name()?;
        let change = self.changed(table, Update::default())?;
        match change.returning {
            None | Some(Returning::AllOld) => Ok(change),
            Some(_) => Err(Refusal::validation("DELETE statements can only return ALL OLD *")),
        }
    }

    /// `WHERE …` and `RETURNING …`.
    fn changed(&mut self, table: String, update: Update) -> Result<Change, Refusal> {
        if !self.take_word("WHERE") {
            return Err(super::plan::no_key());
        }
        let test = self.condition()?;
        let returning = if self.take_word("RETURNING") { Some(self.returning()?) } else { None };
        Ok(Change { table, update, test, returning })
    }

    fn returning(&mut self) -> Result<Returning, Refusal> {
        let words = (self.one_of(&["ALL", "MODIFIED"]), self.one_of(&["OLD", "NEW"]));
        let returning = match words {
            (Some("ALL"), Some("OLD")) => Returning::AllOld,
            (Some("ALL"), Some("NEW")) => Returning::AllNew,
            (Some("MODIFIED"), Some("OLD")) => Returning::ModifiedOld,
            (Some("MODIFIED"), Some("NEW")) => Returning::ModifiedNew,
            _ => return Err(self.unexpected()),
        };
        self.expect_sign("*")?;
        Ok(returning)
    }

    /// What stands behind `path =`.
    fn set_to(&mut self, path: Path, update: &mut Update) -> Result<(), Refusal> {
        if let Some(name) = self.function() {
            let source =
                if self.is_value() { Argument::Value(self.value()?) } else { Argument::Path(self.path()?) };
            self.expect_sign(",")?;
            let second =
                if self.is_value() { Argument::Value(self.value()?) } else { Argument::Path(self.path()?) };
            self.expect_sign(")")?;
            return match (name.as_str(), source, second) {
                ("list_append", first, second) => {
                    update
                        .set
                        .push((path, SetTo::Value(Argument::ListAppend(Box::new(first), Box::new(second)))));
                    Ok(())
                }
                ("set_add", Argument::Path(source), Argument::Value(value)) if source == path => {
                    expect_set(&name, value.view().kind().is_set())?;
                    update.add.push((path, value));
                    Ok(())
                }
                ("set_delete", Argument::Path(source), Argument::Value(value)) if source == path => {
                    expect_set(&name, value.view().kind().is_set())?;
                    update.delete.push((path, value));
                    Ok(())
                }
                ("set_add" | "set_delete", ..) => Err(Refusal::validation(format!(
                    "The function {name} takes the path that is set, and a set"
                ))),
                _ => Err(malformed(format!("Unexpected function: {name}"))),
            };
        }
        let left = self.argument()?;
        let join: fn(Argument, Argument) -> SetTo = if self.take_sign("+") {
            SetTo::Sum
        } else if self.take_sign("-") {
            SetTo::Difference
        } else {
            update.set.push((path, SetTo::Value(left)));
            return Ok(());
        };
        let right = self.argument()?;
        update.set.push((path, join(left, right)));
        Ok(())
    }

    fn argument(&mut self) -> Result<Argument, Refusal> {
        if self.is_value() { self.value().map(Argument::Value) } else { self.path().map(Argument::Path) }
    }
}

fn expect_set(function: &str, is_set: bool) -> Result<(), Refusal> {
    if is_set {
        return Ok(());
    }
    Err(Refusal::validation(format!("Incorrect operand type for operator or function; function: {function}")))
}

fn last_name(path: &Path) -> Box<str> {
    let name = path.steps().iter().rev().find_map(|step| match step {
        Step::Name(name) => Some(name.clone()),
        Step::Index(_) => None,
    });
    name.unwrap_or_else(|| path.attribute().into())
}
