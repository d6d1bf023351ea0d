/// Writes a document element by element; the caller keeps opens and closes in balance.
pub struct Writer {
    out: String,
}

impl Writer {
    /// Begins with the declaration that AWS writes.
    pub fn document() -> Writer {
        Writer { out: "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n".to_owned() }
    }

    pub fn open(&mut self, name: &str) {
        self.open_with(name, None);
    }

    pub fn open_with<'a>(&mut self, name: &str, attributes: impl IntoIterator<Item = (&'a str, &'a str)>) {
        self.out.push('<');
        self.out.push_str(name);
        for (key, value) in attributes {
            self.out.push(' ');
            self.out.push_str(key);
            self.out.push_str("=\"");
            self.text(value);
            self.out.push('"');
        }
        self.out.push('>');
    }

    pub fn close(&mut self, name: &str) {
        self.out.push_str("</");
        self.out.push_str(name);
        self.out.push('>');
    }

    pub fn leaf(&mut self, name: &str, text: &str) {
        self.open(name);
        self.text(text);
        self.close(name);
    }

    /// Escapes what would end the text, and what a parser would normalise away: line ends become
    /// character references. Characters that XML 1.0 cannot carry are written as references too, as S3
    /// does, which strict parsers refuse: `EncodingType=url` is the caller's way around it.
    pub fn text(&mut self, text: &str) {
        for character in text.chars() {
            match character {
                '&' => self.out.push_str("&amp;"),
                '<' => self.out.push_str("&lt;"),
                '>' => self.out.push_str("&gt;"),
                '"' => self.out.push_str("&quot;"),
                '\t' | ' ' => self.out.push(character),
                '\u{85}' | '\u{2028}' => self.reference(character),
                control if control.is_ascii_control() => self.reference(control),
                other => self.out.push(other),
            }
        }
    }

    fn reference(&mut self, character: char) {
        self.out.push_str(&format!("&#x{:X};", u32::from(character)));
    }

    pub fn finish(self) -> Vec<u8> {
        self.out.into_bytes()
    }
}
