//! Who wants to know of changes in a bucket.

use crate::ObjectsError;
use crate::change::ChangeEvent;
use names::Arn;
use serde::{Deserialize, Serialize};
use std::collections::HashSet;

/// Notifications of one bucket, as the published quota has it.
pub const NOTIFICATIONS_MAX: usize = 100;
const FILTER_VALUE_BYTES_MAX: usize = 1024;
const ID_BYTES_MAX: usize = 255;

/// Notifications with distinct ids, of which no two want the same event of the same key.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct NotificationConfiguration(Vec<Notification>);

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Notification {
    pub id: String,
    /// Of a function, its version or its alias, or of a queue.
    #[serde(rename = "function")]
    pub target: Arn,
    pub events: Vec<EventPattern>,
    /// Empty: any.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub prefix: String,
    /// Empty: any.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub suffix: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum EventPattern {
    #[serde(rename = "s3:ObjectCreated:*")]
    AnyCreated,
    #[serde(rename = "s3:ObjectCreated:Put")]
    CreatedPut,
    #[serde(rename = "s3:ObjectCreated:Post")]
    CreatedPost,
    #[serde(rename = "s3:ObjectCreated:Copy")]
    CreatedCopy,
    #[serde(rename = "s3:ObjectCreated:CompleteMultipartUpload")]
    CreatedCompleteMultipartUpload,
    #[serde(rename = "s3:ObjectRemoved:*")]
    AnyRemoved,
    #[serde(rename = "s3:ObjectRemoved:Delete")]
    RemovedDelete,
    /// Never happens in a bucket without versions, which is the only kind so far.
    #[serde(rename = "s3:ObjectRemoved:DeleteMarkerCreated")]
    RemovedDeleteMarkerCreated,
}

impl EventPattern {
    pub const ALL: [EventPattern; 8] = [
        EventPattern::AnyCreated,
        EventPattern::CreatedPut,
        EventPattern::CreatedPost,
        EventPattern::CreatedCopy,
        EventPattern::CreatedCompleteMultipartUpload,
        EventPattern::AnyRemoved,
        EventPattern::RemovedDelete,
        EventPattern::RemovedDeleteMarkerCreated,
    ];

    pub fn as_str(self) -> &'static str {
        match self {
            EventPattern::AnyCreated => "s3:ObjectCreated:*",
            EventPattern::CreatedPut => "s3:ObjectCreated:Put",
            EventPattern::CreatedPost => "s3:ObjectCreated:Post",
            EventPattern::CreatedCopy => "s3:ObjectCreated:Copy",
            EventPattern::CreatedCompleteMultipartUpload => "s3:ObjectCreated:CompleteMultipartUpload",
            EventPattern::AnyRemoved => "s3:ObjectRemoved:*",
            EventPattern::RemovedDelete => "s3:ObjectRemoved:Delete",
            EventPattern::RemovedDeleteMarkerCreated => "s3:ObjectRemoved:DeleteMarkerCreated",
        }
    }

    pub fn parse(text: &str) -> Option<EventPattern> {
        EventPattern::ALL.into_iter().find(|pattern| pattern.as_str() == text)
    }

    fn wants(self, event: ChangeEvent) -> bool {
        self.covers(event.pattern())
    }

    fn covers(self, other: EventPattern) -> bool {
        let family = |pattern: EventPattern| pattern.as_str().trim_end_matches('*');
        self == other || (self.as_str().ends_with('*') && other.as_str().starts_with(family(self)))
    }
}

impl NotificationConfiguration {
    /// # Errors
    /// `InvalidArgument`: too many, ids used twice, a filter too long, no events, or overlaps.
    pub fn new(all: Vec<Notification>) -> Result<Self, ObjectsError> {
        let refused = |name, value: &str, message: &str| Err(ObjectsError::argument(name, value, message));
        if all.len() > NOTIFICATIONS_MAX {
            let count = all.len().to_string();
            return refused("NotificationConfiguration", &count, "The bucket has too many notifications");
        }
        let mut ids = HashSet::new();
        for (index, one) in all.iter().enumerate() {
            if one.id.is_empty() || one.id.len() > ID_BYTES_MAX {
                return refused("Id", &one.id, "The ID must be 1 to 255 bytes long");
            }
            if !ids.insert(one.id.as_str()) {
                return refused(
                    "Id",
                    &one.id,
                    "Same ID used for multiple configurations. IDs must be unique",
                );
            }
            if one.events.is_empty() {
                return refused("Event", "", "A configuration must name at least one event");
            }
            for filter in [&one.prefix, &one.suffix] {
                if filter.len() > FILTER_VALUE_BYTES_MAX {
                    return refused(
                        "FilterRule",
                        filter,
                        "Size of filter rule value cannot exceed 1024 bytes",
                    );
                }
            }
            if all.iter().skip(index + 1).any(|other| one.overlaps(other)) {
                return refused(
                    "NotificationConfiguration",
                    &one.id,
                    "Configurations overlap. Configurations on the same bucket cannot share a common event type.",
                );
            }
        }
        Ok(NotificationConfiguration(all))
    }

    pub fn all(&self) -> &[Notification] {
        &self.0
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn wanting(&self, event: ChangeEvent, key: &str) -> impl Iterator<Item = &Notification> {
        self.0.iter().filter(move |one| one.wants(event, key))
    }
}

impl Notification {
    fn wants(&self, event: ChangeEvent, key: &str) -> bool {
        self.events.iter().any(|pattern| pattern.wants(event))
            && key.starts_with(&self.prefix)
            && key.ends_with(&self.suffix)
    }

    /// Some key and event could be wanted by both.
    fn overlaps(&self, other: &Notification) -> bool {
        let shared = |a: &EventPattern, b: &EventPattern| a.covers(*b) || b.covers(*a);
        let starts = |a: &str, b: &str| a.starts_with(b) || b.starts_with(a);
        let ends = |a: &str, b: &str| a.ends_with(b) || b.ends_with(a);
        self.events.iter().any(|event| other.events.iter().any(|theirs| shared(event, theirs)))
            && starts(&self.prefix, &other.prefix)
            && ends(&self.suffix, &other.suffix)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn notification(id: &str, event: EventPattern, prefix: &str, suffix: &str) -> Notification {
        Notification {
            id: id.to_owned(),
            target: Arn::parse("arn:aws:lambda:us-east-1:000000000000:function:thumb").unwrap(),
            events: vec![event],
            prefix: prefix.to_owned(),
            suffix: suffix.to_owned(),
        }
    }

    #[test]
    fn a_pattern_reads_back_as_it_is_written_and_stored() {
        for pattern in EventPattern::ALL {
            assert_eq!(EventPattern::parse(pattern.as_str()), Some(pattern));
            assert_eq!(serde_json::to_string(&pattern).unwrap(), format!("\"{}\"", pattern.as_str()));
        }
    }

    #[test]
    fn two_must_not_want_the_same_event_of_the_same_key() {
        use EventPattern::{AnyCreated, AnyRemoved, CreatedCopy, CreatedPut};
        let check = |a: (EventPattern, &str, &str), b: (EventPattern, &str, &str), fits: bool| {
            let both = vec![notification("a", a.0, a.1, a.2), notification("b", b.0, b.1, b.2)];
            assert_eq!(NotificationConfiguration::new(both).is_ok(), fits, "{a:?} {b:?}");
        };
        check((AnyCreated, "", ""), (AnyRemoved, "", ""), true);
        check((AnyCreated, "", ""), (CreatedPut, "", ""), false);
        check((CreatedCopy, "", ""), (CreatedPut, "", ""), true);
        check((AnyCreated, "a/", ""), (AnyCreated, "b/", ""), true);
        check((AnyCreated, "a/", ""), (AnyCreated, "a/b", ""), false);
        check((AnyCreated, "a/", ".jpg"), (AnyCreated, "a/", ".png"), true);
        check((AnyCreated, "a/", ".jpg"), (AnyCreated, "", "jpg"), false);
    }

    #[test]
    fn ids_are_used_once_and_every_one_wants_something() {
        let put = |id: &str| notification(id, EventPattern::CreatedPut, id, "");
        assert!(NotificationConfiguration::new(vec![put("x"), put("y")]).is_ok());
        let mut same = put("y");
        same.id = "x".to_owned();
        assert!(NotificationConfiguration::new(vec![put("x"), same]).is_err());
        let mut none = put("x");
        none.events.clear();
        assert!(NotificationConfiguration::new(vec![none]).is_err());
        assert!(NotificationConfiguration::new((0..101).map(|i| put(&format!("{i:03}"))).collect()).is_err());
    }

    #[test]
    fn a_key_is_wanted_by_both_its_ends() {
        let configuration =
            NotificationConfiguration::new(vec![notification("a", EventPattern::AnyCreated, "in/", ".jpg")])
                .unwrap();
        let wanted = |event, key| configuration.wanting(event, key).count() == 1;
        assert!(wanted(ChangeEvent::CreatedPut, "in/a.jpg"));
        assert!(wanted(ChangeEvent::CreatedCopy, "in/.jpg"));
        assert!(!wanted(ChangeEvent::CreatedPut, "out/a.jpg"));
        assert!(!wanted(ChangeEvent::CreatedPut, "in/a.png"));
        assert!(!wanted(ChangeEvent::RemovedDelete, "in/a.jpg"));
    }
}
