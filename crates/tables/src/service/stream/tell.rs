//! A change as readers of streams are told of it: by the streams' API, and by events for functions.

use super::entry::{Actor, Change, Event};
use crate::table::{StreamId, StreamView};
use crate::value::write_item;
use aws_lc_rs::digest;
use std::fmt::Write as _;

const BASE: u128 = 100_000_000_000_000_000_000;
/// Bytes of an event's id, which is written in hexadecimal.
const ID_BYTES: usize = 16;

/// A change's place as it is written: 21 digits, which none of ours outgrows.
pub fn sequence_number(sequence: u64) -> String {
    (BASE + u128::from(sequence)).to_string()
}

/// `None` for what [`sequence_number`] never wrote.
pub fn read_sequence_number(text: &str) -> Option<u64> {
    let number = text.parse::<u128>().ok().filter(|_| text.bytes().all(|byte| byte.is_ascii_digit()));
    number.and_then(|number| number.checked_sub(BASE)).and_then(|number| u64::try_from(number).ok())
}

/// Appends a change as JSON (<https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_streams_Record.html>);
/// `with_source`: as events for functions have it, which name their source.
///
/// Nothing of it needs escapes but what is of items: names, labels and regions are of few characters.
pub fn write_change(
    stream: &StreamId,
    shard: u32,
    change: &Change,
    view: StreamView,
    with_source: bool,
    out: &mut Vec<u8>,
) {
    let event = match change.event {
        Event::Insert => "INSERT",
        Event::Modify => "MODIFY",
        Event::Remove => "REMOVE",
    };
    let arn = stream.arn();
    let mut text = format!(
        "{{\"eventID\":\"{}\",\"eventName\":\"{event}\",\"eventVersion\":\"1.1\",\"eventSource\":\"aws:dynamodb\",\
         \"awsRegion\":\"{}\",",
        event_id(&arn.to_string(), shard, change.sequence),
        stream.table.region
    );
    if change.by == Actor::Expiry {
        // <https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/time-to-live-ttl-streams.html>
        let (kind, principal) = if with_source { ("type", "principalId") } else { ("Type", "PrincipalId") };
        let _ = write!(
            text,
            "\"userIdentity\":{{\"{kind}\":\"Service\",\"{principal}\":\"dynamodb.amazonaws.com\"}},"
        );
    }
    if with_source {
        let _ = write!(text, "\"eventSourceARN\":\"{arn}\",");
    }
    let _ = write!(
        text,
        "\"dynamodb\":{{\"ApproximateCreationDateTime\":{},\"SequenceNumber\":\"{}\",\"SizeBytes\":{},\
         \"StreamViewType\":\"{}\",\"Keys\":",
        change.created.as_seconds(),
        sequence_number(change.sequence),
        change.size(),
        view.as_str()
    );
    out.extend_from_slice(text.as_bytes());
    write_item(change.keys.view(), out);
    for (name, image) in [("NewImage", &change.new), ("OldImage", &change.old)] {
        if let Some(image) = image {
            out.extend_from_slice(format!(",\"{name}\":").as_bytes());
            write_item(image.view(), out);
        }
    }
    out.extend_from_slice(b"}}");
}

/// The same for the same change, whoever reads it.
fn event_id(arn: &str, shard: u32, sequence: u64) -> String {
    let digest = digest::digest(&digest::SHA256, format!("{arn} {shard} {sequence}").as_bytes());
    digest.as_ref().iter().take(ID_BYTES).fold(String::new(), |mut id, byte| {
        let _ = write!(id, "{byte:02x}");
        id
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sequence_has_as_many_digits_as_clients_ask_for() {
        for number in [0, 1, 41, u64::MAX] {
            assert_eq!(sequence_number(number).len(), 21);
            assert_eq!(read_sequence_number(&sequence_number(number)), Some(number));
        }
        for text in ["", "x", "1", "-100000000000000000001", "+100000000000000000001", &"9".repeat(50)] {
            assert_eq!(read_sequence_number(text), None, "{text}");
        }
    }
}
