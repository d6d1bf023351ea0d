//! Sets: their members in order, none twice, at least one.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::Decoder;
use crate::Refusal;
use crate::value::tag;
use crate::value::write::{begin, counted, end};

impl Decoder<'_> {
    /// Members are put in order, which finds those that are there twice.
    pub(super) fn set(&mut self, out: &mut Vec<u8>, tag: u8) -> Result<usize, Refusal> {
        let (body, mut size) = (begin(out, tag), 0);
        // Where each member begins, where its bytes do, and where it ends.
        let mut members: Vec<(usize, usize, usize)> = Vec::new();
        self.reader.begin_list()?;
        while self.reader.another(members.is_empty())? {
            let start = out.len();
            size += match tag {
                tag::NS => {
                    let number = self.read_number()?;
                    out.extend_from_slice(number.encode().as_bytes());
                    members.push((start, start, out.len()));
                    number.size() as usize
                }
                tag::BS => {
                    let bytes = self.read_binary()?;
                    counted(out, &bytes);
                    members.push((start, out.len() - bytes.len(), out.len()));
                    bytes.len()
                }
                _ => {
                    let text = self.reader.string()?;
                    counted(out, text.as_bytes());
                    members.push((start, out.len() - text.len(), out.len()));
                    text.len()
                }
            };
        }
        if members.is_empty() {
            return Err(empty_set(tag));
        }
        let bytes_of = |&(_, at, end): &(usize, usize, usize)| out.get(at..end).unwrap_or_default();
        let given = members.clone();
        if !members.is_sorted_by(|a, b| bytes_of(a) < bytes_of(b)) {
            members.sort_by(|a, b| bytes_of(a).cmp(bytes_of(b)));
            if members.windows(2).any(|pair| pair.first().map(bytes_of) == pair.last().map(bytes_of)) {
                return Err(duplicates(tag, given.iter().map(bytes_of)));
            }
            let sorted: Vec<u8> = members
                .iter()
                .flat_map(|&(start, _, end)| out.get(start..end).unwrap_or_default())
                .copied()
                .collect();
            out.truncate(body);
            out.extend_from_slice(&sorted);
        }
        end(out, body, members.len() as u32);
        Ok(size)
    }
}

fn empty_set(tag: u8) -> Refusal {
    Refusal::validation(match tag {
        // Two spaces: so is DynamoDB's text.
        tag::SS => "One or more parameter values were invalid: An string set  may not be empty",
        tag::NS => "One or more parameter values were invalid: An number set  may not be empty",
        _ => "One or more parameter values were invalid: Binary sets should not be empty",
    })
}

/// The longest list of members that a refusal repeats, in bytes.
const REPEATED_MAX: usize = 2048;

fn duplicates<'m>(tag: u8, members: impl Iterator<Item = &'m [u8]>) -> Refusal {
    if tag == tag::NS {
        return Refusal::validation("Input collection contains duplicates");
    }
    let mut text = String::new();
    for member in members {
        if text.len() > REPEATED_MAX {
            text.push_str(", …");
            break;
        }
        if !text.is_empty() {
            text.push_str(", ");
        }
        match tag {
            tag::BS => text.push_str(&STANDARD.encode(member)),
            _ => text.push_str(&String::from_utf8_lossy(member)),
        }
    }
    let end = if tag == tag::BS { "of type BS contains duplicates." } else { " contains duplicates." };
    Refusal::validation(format!("One or more parameter values were invalid: Input collection [{text}]{end}"))
}
