//! Projection expressions: paths, none inside another.

use super::parser::Parser;
use super::{Parameters, Role};
use crate::Refusal;
use crate::value::{Clash, Path, Projection};

/// Reads `path, path, …`.
///
/// # Errors
/// Validation, also for paths that overlap.
pub fn parse_projection(text: &str, parameters: &mut Parameters) -> Result<Projection, Refusal> {
    let mut parser = Parser::new(text, Role::Projection, parameters)?;
    let mut paths = vec![parser.path()?];
    while parser.take_sign(",") {
        paths.push(parser.path()?);
    }
    if let Some(clash) = clash(&paths) {
        parser.wrong(clash);
    }
    parser.finish()?;
    Ok(Projection::of(&paths))
}

/// What is wrong with paths of which one lies in another, or that disagree about what a value is.
///
/// Sorts them: an expression of 4 KB has up to two thousand.
pub(crate) fn clash(paths: &[Path]) -> Option<String> {
    let mut sorted: Vec<(usize, &Path)> = paths.iter().enumerate().collect();
    // A path sorts directly before those inside it; and of what is in one value, the last name before the first place.
    sorted.sort_by_key(|(_, path)| *path);
    sorted.iter().zip(sorted.iter().skip(1)).find_map(|(one, two)| found(one, two))
}

fn found(one: &(usize, &Path), two: &(usize, &Path)) -> Option<String> {
    let (one, two) = if one.0 <= two.0 { (one.1, two.1) } else { (two.1, one.1) };
    let how = match one.clash(two)? {
        Clash::Overlap => "overlap",
        Clash::Conflict => "conflict",
    };
    Some(format!(
        "Two document paths {how} with each other; must remove or rewrite one of these paths; \
         path one: {one}, path two: {two}"
    ))
}
