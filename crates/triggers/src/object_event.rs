//! The event that a change of an object becomes
//! (<https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-content-structure.html>).

use objects::{Delivery, ObjectChange};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Value, json};

/// As Java's `URLEncoder` has it, which the real service uses, but slashes stay.
const KEY: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'*').remove(b'/');

pub(crate) fn event(change: &ObjectChange, delivery: &Delivery) -> Value {
    let mut object = json!({ "key": encoded(change.key.as_str()), "sequencer": change.sequencer() });
    if let (Some(object), Some(size), Some(etag)) = (object.as_object_mut(), change.size, &change.etag) {
        object.insert("size".to_owned(), json!(size));
        object.insert("eTag".to_owned(), json!(etag));
    }
    let bucket = change.bucket.as_str();
    json!({
        "Records": [{
            "eventVersion": "2.1",
            "eventSource": "aws:s3",
            "awsRegion": change.region.as_str(),
            "eventTime": change.time.to_iso8601(),
            "eventName": change.event.as_str(),
            "userIdentity": { "principalId": change.principal_id },
            "requestParameters": { "sourceIPAddress": change.source_ip },
            "responseElements": {
                "x-amz-request-id": change.request_id,
                // The log keeps one id of the request; it stands for the extended one too.
                "x-amz-id-2": change.request_id,
            },
            "s3": {
                "s3SchemaVersion": "1.0",
                "configurationId": delivery.configuration_id,
                "bucket": {
                    "name": bucket,
                    "ownerIdentity": { "principalId": change.bucket_owner.as_str() },
                    "arn": format!("arn:aws:s3:::{bucket}"),
                },
                "object": object,
            },
        }]
    })
}

/// Percent-encoded, spaces as `+`: what `decodeURIComponent(key.replace(/\+/g, " "))` undoes.
fn encoded(key: &str) -> String {
    utf8_percent_encode(key, KEY).to_string().replace("%20", "+")
}

#[cfg(test)]
mod tests {
    use super::*;
    use clock::Timestamp;
    use names::{AccountId, Arn, Region};
    use objects::{BucketName, ChangeEvent, ObjectKey};

    fn change() -> ObjectChange {
        ObjectChange {
            sequence: 7,
            time: Timestamp::from_ms(1_795_235_400_123),
            event: ChangeEvent::CreatedPut,
            bucket: BucketName::parse("photos").unwrap(),
            bucket_owner: AccountId::root(),
            region: Region::default_region(),
            key: ObjectKey::parse("a b/ä+(1).jpg").unwrap(),
            size: Some(3),
            etag: Some("900150983cd24fb0d6963f7d28e17f72".to_owned()),
            principal_id: "AWS:root".to_owned(),
            source_ip: "127.0.0.1".to_owned(),
            request_id: "0123456789ABCDEF".to_owned(),
            trace_id: None,
            deliveries: vec![delivery()],
        }
    }

    fn delivery() -> Delivery {
        Delivery {
            configuration_id: "thumbs".to_owned(),
            target: Arn::parse("arn:aws:lambda:us-east-1:000000000000:function:thumb").unwrap(),
        }
    }

    #[test]
    fn a_put_becomes_the_documented_event() {
        let expected = json!({
            "Records": [{
                "eventVersion": "2.1",
                "eventSource": "aws:s3",
                "awsRegion": "us-east-1",
                "eventTime": "2026-11-21T04:30:00.123Z",
                "eventName": "ObjectCreated:Put",
                "userIdentity": { "principalId": "AWS:root" },
                "requestParameters": { "sourceIPAddress": "127.0.0.1" },
                "responseElements": {
                    "x-amz-request-id": "0123456789ABCDEF",
                    "x-amz-id-2": "0123456789ABCDEF",
                },
                "s3": {
                    "s3SchemaVersion": "1.0",
                    "configurationId": "thumbs",
                    "bucket": {
                        "name": "photos",
                        "ownerIdentity": { "principalId": "000000000000" },
                        "arn": "arn:aws:s3:::photos",
                    },
                    "object": {
                        "key": "a+b/%C3%A4%2B%281%29.jpg",
                        "size": 3,
                        "eTag": "900150983cd24fb0d6963f7d28e17f72",
                        "sequencer": "000000000000000007",
                    },
                },
            }]
        });
        assert_eq!(event(&change(), &delivery()), expected);
    }

    #[test]
    fn a_removal_has_neither_size_nor_tag() {
        let change = ObjectChange { event: ChangeEvent::RemovedDelete, size: None, etag: None, ..change() };
        let event = event(&change, &delivery());
        let record = &event["Records"][0];
        assert_eq!(record["eventName"], "ObjectRemoved:Delete");
        assert!(record["s3"]["object"].get("size").is_none());
        assert!(record["s3"]["object"].get("eTag").is_none());
    }
}
