use std::collections::VecDeque;

/// Keeps the last 4 KiB that were pushed: what `LogType=Tail` answers.
#[derive(Debug, Default)]
pub struct Tail {
    bytes: VecDeque<u8>,
}

impl Tail {
    pub const BYTES_MAX: usize = 4096;

    /// Adds `line` and a newline; the oldest bytes beyond the bound are forgotten.
    pub fn push(&mut self, line: &str) {
        let kept = &line.as_bytes()[line.len().saturating_sub(Self::BYTES_MAX)..];
        self.bytes.extend(kept);
        self.bytes.push_back(b'\n');
        let excess = self.bytes.len().saturating_sub(Self::BYTES_MAX);
        self.bytes.drain(..excess);
    }

    /// Takes what was kept and leaves the tail empty. A character cut in half at the start is dropped.
    pub fn take(&mut self) -> String {
        let bytes: Vec<u8> = std::mem::take(&mut self.bytes).into();
        let is_continuation = |byte: &u8| byte & 0b1100_0000 == 0b1000_0000;
        let start = bytes.iter().take_while(|byte| is_continuation(byte)).count();
        String::from_utf8_lossy(bytes.get(start..).unwrap_or_default()).into_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_last_bytes_are_kept_and_they_are_text() {
        let mut tail = Tail::default();
        tail.push("first");
        tail.push(&"é".repeat(3000));
        let text = tail.take();
        assert!(text.len() <= Tail::BYTES_MAX && text.len() >= Tail::BYTES_MAX - 1, "{}", text.len());
        assert!(text.starts_with('é') && text.ends_with("é\n"));
        assert_eq!(tail.take(), "");
        tail.push("a");
        tail.push("b");
        assert_eq!(tail.take(), "a\nb\n");
    }
}
