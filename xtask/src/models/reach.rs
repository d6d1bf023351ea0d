//! Which shapes the chosen operations reach, and which structs contain themselves.

use std::collections::BTreeSet;

use super::{
    Result,
    services::Source,
    source::{Model, Shape},
};

pub struct Reach<'a> {
    /// Everything inputs and outputs reach: structs and tables are written for these.
    pub shapes: BTreeSet<&'a str>,
    /// Declared errors and what they reach: tables only.
    pub errors: BTreeSet<&'a str>,
    pub error_shapes: BTreeSet<&'a str>,
}

impl<'a> Reach<'a> {
    /// # Errors
    /// An operation or shape that the model does not have.
    pub fn of(service: &Source, model: &'a Model) -> Result<Self> {
        let mut reach =
            Reach { shapes: BTreeSet::new(), errors: BTreeSet::new(), error_shapes: BTreeSet::new() };
        for name in service.operations {
            let operation = model.operations.get(*name).ok_or_else(|| format!("no operation {name}"))?;
            for reference in operation.input.iter().chain(&operation.output) {
                walk(model, &reference.shape, &mut reach.shapes)?;
            }
            for reference in &operation.errors {
                reach.errors.insert(&reference.shape);
                for (_, member) in &shape(model, &reference.shape)?.members.0 {
                    walk(model, &member.shape, &mut reach.error_shapes)?;
                }
            }
        }
        Ok(reach)
    }
}

pub fn shape<'a>(model: &'a Model, name: &str) -> Result<&'a Shape> {
    model.shapes.get(name).ok_or_else(|| format!("no shape {name}").into())
}

/// Members that never enter the tree are not walked: a blob payload is bytes, an event stream too.
fn walk<'a>(model: &'a Model, name: &'a str, seen: &mut BTreeSet<&'a str>) -> Result<()> {
    if !seen.insert(name) {
        return Ok(());
    }
    let shape = shape(model, name)?;
    let members = shape.members.0.iter().map(|(_, member)| member);
    for member in members.chain(&shape.member).chain(&shape.key).chain(&shape.value) {
        walk(model, &member.shape, seen)?;
    }
    Ok(())
}

/// Whether `from` holds itself through plain members, with no list or map between.
pub fn is_recursive(model: &Model, from: &str) -> bool {
    let mut seen = BTreeSet::new();
    let mut open = vec![from];
    while let Some(name) = open.pop() {
        let Some(shape) = model.shapes.get(name) else { continue };
        if shape.kind != "structure" {
            continue;
        }
        for (_, member) in &shape.members.0 {
            if member.shape == from {
                return true;
            }
            if seen.insert(member.shape.as_str()) {
                open.push(&member.shape);
            }
        }
    }
    false
}
