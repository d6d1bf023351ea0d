//! What somebody else chose must not drive the terminal that shows it.

/// The text with a mark in the place of each control character.
pub fn plain(text: &str) -> String {
    text.chars().map(|char| if char.is_control() { '\u{fffd}' } else { char }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_drives_the_terminal() {
        assert_eq!(plain("ä\u{1b}[31m\n\u{9b}"), "ä\u{fffd}[31m\u{fffd}\u{fffd}");
    }
}
