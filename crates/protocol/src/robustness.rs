//! Whatever arrives, the readers answer: no panic, no error that is not the caller's. The targets under
//! `fuzz/` look further.

use proptest::prelude::*;

use crate::{
    RequestId, decode, encode, json,
    model::{Checksums, Dialect, Member, Operation, Protocol, Service, Shape},
    sigv4::{self, Request},
    xml,
};

static TEXT: Shape = Shape::string("Text").max(8.0);
static NUMBER: Shape = Shape::long("Number");
static INSTANT: Shape = Shape::timestamp("Instant", None);
static NESTED: Shape = Shape::list("Nested", &INPUT);
static FLAT: Shape = Shape::list("Flat", &TEXT).flattened();
static MAP: Shape = Shape::map("Map", &TEXT, &NUMBER);
static INPUT: Shape = Shape::structure(
    "Input",
    &[
        Member::new("A", &TEXT),
        Member::new("B", &NUMBER),
        Member::new("C", &INSTANT),
        Member::new("D", &NESTED),
        Member::new("E", &FLAT),
        Member::new("F", &MAP),
        Member::new("G", &NUMBER).query("g"),
    ],
);

macro_rules! operation {
    ($service:ident, $operation:ident, $protocol:ident) => {
        static $service: Service = Service {
            name: "test",
            protocol: Protocol::$protocol,
            dialect: Dialect::Standard,
            api_version: "",
            target_prefix: None,
            xml_namespace: None,
            operations: &[],
            all_operations: &[],
            errors: &[],
        };
        static $operation: Operation = Operation {
            name: "Test",
            service: &$service,
            method: "POST",
            uri: "/",
            status: 200,
            input: Some(&INPUT),
            output: Some(&INPUT),
            result_wrapper: Some("TestResult"),
            checksums: Checksums { required: false, algorithm_member: None },
        };
    };
}

operation!(XML, XML_OPERATION, RestXml);
operation!(JSON, JSON_OPERATION, Json11);
operation!(QUERY, QUERY_OPERATION, Query);

fn round(operation: &'static Operation, uri: &str, body: &str) -> Result<(), TestCaseError> {
    let Ok(request) = http::Request::builder().uri(uri).body(()) else { return Ok(()) };
    let (parts, ()) = request.into_parts();
    let clock = clock::Clock::simulated(clock::Timestamp::EPOCH, 1);
    match decode::decode(operation, &parts, Some(body.as_bytes()), &[]) {
        Ok(tree) => {
            // What is read can be written.
            let written = encode::encode(operation, &tree, &RequestId::new(&clock));
            prop_assert!(written.is_ok(), "{written:?}");
        }
        Err(error) => prop_assert!(error.into_wire(operation).status.is_client_error()),
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn documents_in_xml(body in "(<[/A-F]?[A-F]?( [a-z:]=\"[&;a-z#]*\")?/?>|[A-F0-9 ]|&[a-z#0-9]{0,3};|<!|-|\\]){0,24}") {
        let _ = xml::parse(body.as_bytes());
        round(&XML_OPERATION, "/", &body)?;
        round(&XML_OPERATION, "/", &format!("<Input>{body}</Input>"))?;
    }

    #[test]
    fn documents_in_json(body in "([\\[\\]{}:,]|\"[A-F]?\"|-?[0-9.eE]{1,4}|true|null| |\\\\u[0-9a-f]{1,4}){0,24}") {
        let _ = json::parse(body.as_bytes());
        round(&JSON_OPERATION, "/", &body)?;
    }

    #[test]
    fn forms(body in "([A-F]|[.=&+]|member|entry|key|value|[0-9]{1,3}|%[0-9a-f]{0,2}){0,32}") {
        round(&QUERY_OPERATION, "/", &body)?;
        round(&XML_OPERATION, &format!("/?{body}"), "")?;
    }

    #[test]
    fn claims(
        credential in "[A/]{0,6}(/20260101)?(/r/s3/aws4_request)?",
        headers in "(host|;|x-amz-date){0,4}",
        signature in "[0-9a-f=, ]{0,8}",
        date in "(20260101T000000Z|[0-9TZ]{0,16})",
        payload in "(UNSIGNED-PAYLOAD|STREAMING-[A-Z0-9-]{0,30}|[0-9a-f]{0,64})",
        query in "(X-Amz-[A-Z][a-z]{3,8}=|AWSAccessKeyId=A|Signature=|Expires=|[0-9&%+=-]){0,12}",
    ) {
        let authorization =
            format!("AWS4-HMAC-SHA256 Credential={credential},SignedHeaders={headers},Signature={signature}");
        for header in [true, false] {
            let mut request = http::Request::builder().uri(format!("/?{query}")).header("host", "localhost");
            if header {
                request = request.header("authorization", &authorization);
            }
            let request = request.header("x-amz-date", &date).header("x-amz-content-sha256", &payload).body(());
            let Ok(request) = request else { continue };
            let (parts, ()) = request.into_parts();
            if let Ok(presented) = sigv4::parse(&parts) {
                let now = clock::Timestamp::parse_basic("20260101T000000Z").unwrap();
                let request = Request { parts: &parts, body_hash: None, bucket_in_host: Some("b"), now };
                prop_assert!(presented.verify("secret", &request).is_err());
            }
        }
    }
}
