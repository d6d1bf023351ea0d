use super::Line;

pub(super) const LINES: &[Line] = &[];
