use protocol::model::*;

static TEXT: Shape = Shape::string("Text").max(8.0);
static NUMBER: Shape = Shape::long("Number");
static BYTES: Shape = Shape::blob("Bytes");
static INSTANT: Shape = Shape::timestamp("Instant", None);
static NESTED: Shape = Shape::list("Nested", &INPUT);
static FLAT: Shape = Shape::list("Flat", &TEXT).flattened();
static MAP: Shape = Shape::map("Map", &TEXT, &NUMBER);
static INPUT: Shape = Shape::structure(
    "Input",
    &[
        Member::new("Text", &TEXT),
        Member::new("Number", &NUMBER),
        Member::new("Bytes", &BYTES),
        Member::new("Instant", &INSTANT),
        Member::new("Nested", &NESTED),
        Member::new("Flat", &FLAT),
        Member::new("Map", &MAP),
        Member::new("Header", &NUMBER).header("x-amz-number"),
        Member::new("Query", &INSTANT).query("instant"),
    ],
);

macro_rules! service {
    ($module:ident, $protocol:ident) => {
        #[allow(dead_code, reason = "each target uses one of them")]
        pub mod $module {
            use super::*;
            static SERVICE: Service = Service {
                name: "test",
                protocol: Protocol::$protocol,
                dialect: Dialect::Standard,
                api_version: "",
                target_prefix: None,
                xml_namespace: None,
                operations: &[&OPERATION],
                all_operations: &[],
                errors: &[],
            };
            pub static OPERATION: Operation = Operation {
                name: "Test",
                service: &SERVICE,
                method: "POST",
                uri: "/",
                status: 200,
                input: Some(&INPUT),
                output: Some(&INPUT),
                result_wrapper: Some("TestResult"),
                checksums: Checksums { required: false, algorithm_member: None },
            };
        }
    };
}

service!(rest_xml, RestXml);
service!(json, Json11);
service!(query, Query);

/// What is read can be written.
pub fn round(operation: &'static Operation, uri: &str, body: &[u8]) {
    let Ok(request) = http::Request::builder().uri(uri).body(()) else { return };
    let (parts, ()) = request.into_parts();
    match protocol::decode::decode(operation, &parts, Some(body), &[]) {
        Ok(tree) => {
            let clock = clock::Clock::simulated(clock::Timestamp::EPOCH, 1);
            let _ = protocol::encode::encode(operation, &tree, &protocol::RequestId::new(&clock));
        }
        Err(error) => {
            let error = error.into_wire(operation);
            assert!(error.status.is_client_error());
        }
    }
}
