//! From the model's names to Rust's.

/// `SSEKMSKeyId` becomes `ssekms_key_id`, `ETag` becomes `e_tag`, `VpcConfig` becomes `vpc_config`.
pub fn snake(name: &str) -> String {
    let letters: Vec<char> = name.chars().collect();
    let mut out = String::new();
    for (index, letter) in letters.iter().enumerate() {
        let before = index.checked_sub(1).map(|before| letters[before]);
        let begins_word = letter.is_uppercase()
            && before.is_some_and(|before| {
                before.is_lowercase()
                    || before.is_ascii_digit()
                    || (before.is_uppercase()
                        && letters.get(index + 1).is_some_and(|after| after.is_lowercase()))
            });
        if begins_word && !out.ends_with('_') {
            out.push('_');
        }
        out.extend(if letter.is_alphanumeric() { letter.to_lowercase().next() } else { Some('_') });
    }
    out
}

/// A field's identifier: keywords become raw.
pub fn field(name: &str) -> String {
    let name = snake(name);
    match name.as_str() {
        "type" | "match" | "enum" | "ref" | "move" | "use" | "static" | "const" | "final" | "override"
        | "in" | "for" | "where" | "mod" | "async" | "await" | "abstract" | "virtual" | "yield" => {
            format!("r#{name}")
        }
        "self" | "super" | "crate" => format!("{name}_"),
        _ => name,
    }
}

/// A static's identifier.
pub fn constant(name: &str) -> String {
    snake(name).to_uppercase()
}
