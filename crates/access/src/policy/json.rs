use super::{POLICY_BYTES_MAX, POLICY_DEPTH_MAX};
use serde::de::{DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use std::cell::Cell;
use std::collections::HashSet;
use std::fmt;

/// A policy's text as a tree, with the order of its members kept. `serde_json::Value` would let the last
/// of two equal keys win, and so show a reviewer another policy than the one that is in force.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Json {
    Null,
    Bool(bool),
    Number(serde_json::Number),
    Text(String),
    List(Vec<Json>),
    Object(Vec<(String, Json)>),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum JsonFault {
    TooLong,
    TooDeep,
    DuplicateKey,
    Syntax,
}

/// Reads one JSON value, and nothing after it.
pub(super) fn read(text: &str) -> Result<Json, JsonFault> {
    if text.len() > POLICY_BYTES_MAX {
        return Err(JsonFault::TooLong);
    }
    let fault = Cell::new(JsonFault::Syntax);
    let mut deserializer = serde_json::Deserializer::from_str(text);
    let json = Level { left: POLICY_DEPTH_MAX, fault: &fault }.deserialize(&mut deserializer);
    let json = json.map_err(|_| fault.get())?;
    deserializer.end().map_err(|_| JsonFault::Syntax)?;
    Ok(json)
}

#[derive(Clone, Copy)]
struct Level<'a> {
    left: usize,
    fault: &'a Cell<JsonFault>,
}

impl Level<'_> {
    fn deeper<E: serde::de::Error>(self) -> Result<Self, E> {
        match self.left.checked_sub(1) {
            Some(left) => Ok(Level { left, ..self }),
            None => Err(self.because(JsonFault::TooDeep)),
        }
    }

    fn because<E: serde::de::Error>(self, fault: JsonFault) -> E {
        self.fault.set(fault);
        E::custom("refused")
    }
}

impl<'de> DeserializeSeed<'de> for Level<'_> {
    type Value = Json;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Json, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Level<'_> {
    type Value = Json;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Json, E> {
        Ok(Json::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Json, E> {
        Ok(Json::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Json, E> {
        Ok(Json::Number(value.into()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Json, E> {
        Ok(Json::Number(value.into()))
    }

    fn visit_f64<E: serde::de::Error>(self, value: f64) -> Result<Json, E> {
        serde_json::Number::from_f64(value).map(Json::Number).ok_or_else(|| E::custom("not a number"))
    }

    fn visit_str<E>(self, value: &str) -> Result<Json, E> {
        Ok(Json::Text(value.to_owned()))
    }

    fn visit_string<E>(self, value: String) -> Result<Json, E> {
        Ok(Json::Text(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Json, A::Error> {
        let inner = self.deeper::<A::Error>()?;
        let mut list = Vec::new();
        while let Some(item) = items.next_element_seed(inner)? {
            list.push(item);
        }
        Ok(Json::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Json, A::Error> {
        let inner = self.deeper::<A::Error>()?;
        let (mut object, mut seen) = (Vec::new(), HashSet::new());
        while let Some(key) = members.next_key::<String>()? {
            if !seen.insert(key.clone()) {
                return Err(self.because(JsonFault::DuplicateKey));
            }
            object.push((key, members.next_value_seed(inner)?));
        }
        Ok(Json::Object(object))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: JsonFault) {
        assert_eq!(read(text), Err(expected), "{text:.80}");
    }

    #[test]
    fn what_is_no_json_is_refused() {
        for text in ["", "{", "{}}", "{'a':1}", "{\"a\":1,}", "nul", "\u{feff}{}", "{\"a\":1e999}"] {
            check(text, JsonFault::Syntax);
        }
    }

    #[test]
    fn a_key_stands_once_in_each_object() {
        check(r#"{"a":1,"a":1}"#, JsonFault::DuplicateKey);
        check(r#"{"b":[{"a":1,"\u0061":2}]}"#, JsonFault::DuplicateKey);
        assert!(read(r#"{"a":{"a":1},"A":2}"#).is_ok());
    }

    #[test]
    fn depth_and_length_are_bounded() {
        let nested = |depth: usize| "[".repeat(depth) + &"]".repeat(depth);
        assert!(read(&nested(POLICY_DEPTH_MAX)).is_ok());
        check(&nested(POLICY_DEPTH_MAX + 1), JsonFault::TooDeep);
        check(&nested(50_000), JsonFault::TooDeep);
        let long = |length: usize| format!("\"{}\"", "a".repeat(length - 2));
        assert!(read(&long(POLICY_BYTES_MAX)).is_ok());
        check(&long(POLICY_BYTES_MAX + 1), JsonFault::TooLong);
    }
}
