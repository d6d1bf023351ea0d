//! Tables like the generated ones, made from a vector's model when the test runs, and never freed.

use serde_json::Value;

use crate::{
    TimestampFormat,
    model::{
        Checksums, Dialect, Kind, Member, Operation, OperationName, Protocol, Service, Shape, XmlNamespace,
    },
};

/// Shapes within one another, at most: recursive ones end there.
const LEVELS: usize = 8;

fn leak<T>(value: T) -> &'static T {
    Box::leak(Box::new(value))
}

fn text(value: &Value) -> Option<&'static str> {
    value.as_str().map(|text| leak(text.to_owned()).as_str())
}

pub(super) fn operation(suite: &Value, given: &Value) -> &'static Operation {
    let metadata = &suite["metadata"];
    let protocol = match (metadata["protocol"].as_str().unwrap(), metadata["jsonVersion"].as_str()) {
        ("rest-xml", _) => Protocol::RestXml,
        ("rest-json", _) => Protocol::RestJson,
        ("json", Some("1.0")) => Protocol::Json10,
        ("json", _) => Protocol::Json11,
        _ => Protocol::Query,
    };
    let uri = text(&given["http"]["requestUri"]).unwrap();
    let method = text(&given["http"]["method"]).unwrap();
    let name = text(&given["name"]).unwrap();
    let (path, query) = uri.split_once('?').unwrap_or((uri, ""));
    let query: Vec<(&'static str, Option<&'static str>)> = query
        .split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| pair.split_once('=').map_or((pair, None), |(name, value)| (name, Some(value))))
        .collect();
    let service = leak(Service {
        name: "test",
        protocol,
        dialect: Dialect::Standard,
        api_version: "",
        target_prefix: None,
        xml_namespace: None,
        operations: &[],
        all_operations: leak([OperationName::new(name, method, path).query(leak(query).as_slice())]),
        errors: &[],
    });
    let shape_of = |reference: &Value| {
        reference["shape"].as_str().map(|name| leak(shape(&suite["shapes"], name, LEVELS)) as &'static Shape)
    };
    leak(Operation {
        name,
        service,
        method,
        uri,
        status: given["http"]["responseCode"].as_u64().map_or(200, |code| code.try_into().unwrap()),
        input: shape_of(&given["input"]),
        output: shape_of(&given["output"]),
        result_wrapper: text(&given["output"]["resultWrapper"])
            .or_else(|| given["output"]["shape"].is_string().then(|| leak(format!("{name}Result")).as_str())),
        checksums: Checksums::default(),
    })
}

fn shape(shapes: &Value, name: &str, levels: usize) -> Shape {
    let model = &shapes[name];
    let name = leak(name.to_owned()).as_str();
    let Some(levels) = levels.checked_sub(1) else { return Shape::structure(name, &[]) };
    let inner =
        |key: &str| leak(shape(shapes, model[key]["shape"].as_str().unwrap(), levels)) as &'static Shape;
    let format = |value: &Value| match value.as_str() {
        Some("iso8601") => Some(TimestampFormat::Iso8601),
        Some("rfc822") => Some(TimestampFormat::HttpDate),
        Some("unixTimestamp") => Some(TimestampFormat::UnixSeconds),
        _ => None,
    };
    let flag = |value: &Value| value.as_bool().unwrap_or(false);
    let mut built = match model["type"].as_str().unwrap() {
        "structure" if flag(&model["document"]) => Shape::document(name),
        "structure" => {
            let mut members = Vec::new();
            for (member_name, model) in model["members"].as_object().unwrap() {
                members.push(member(shapes, member_name, model, levels, &format));
            }
            let mut built = Shape::structure(name, leak(members).as_slice());
            if let Kind::Structure { payload, union, .. } = &mut built.kind {
                *payload = text(&model["payload"]);
                *union = flag(&model["union"]);
            }
            built
        }
        "list" => {
            let mut built = Shape::list(name, inner("member"));
            if let Kind::List { member_name, .. } = &mut built.kind {
                *member_name = text(&model["member"]["locationName"]);
            }
            built
        }
        "map" => Shape::map(name, inner("key"), inner("value"))
            .entry_names(text(&model["key"]["locationName"]), text(&model["value"]["locationName"])),
        "string" | "character" => Shape::string(name),
        "boolean" => Shape::boolean(name),
        "integer" => Shape::integer(name),
        "long" => Shape::long(name),
        "float" => Shape::float(name),
        "double" => Shape::double(name),
        "blob" => Shape::blob(name),
        "timestamp" => Shape::timestamp(name, format(&model["timestampFormat"])),
        other => panic!("{other}"),
    };
    if flag(&model["flattened"]) {
        built = built.flattened();
    }
    built.location_name = text(&model["locationName"]);
    built.xml_namespace = namespace(&model["xmlNamespace"]);
    built
}

fn member(
    shapes: &Value,
    name: &str,
    model: &Value,
    levels: usize,
    format: &dyn Fn(&Value) -> Option<TimestampFormat>,
) -> Member {
    let flag = |key: &str| model[key].as_bool().unwrap_or(false);
    let name = leak(name.to_owned()).as_str();
    let mut member = Member::new(name, leak(shape(shapes, model["shape"].as_str().unwrap(), levels)));
    let wire = text(&model["locationName"]);
    member = match (model["location"].as_str(), wire) {
        (None, Some(wire)) => member.wire(wire),
        (None, None) => member,
        (Some("header"), wire) => member.header(wire.unwrap_or(name)),
        (Some("headers"), wire) => member.headers(wire.unwrap_or("")),
        (Some("querystring"), Some(wire)) => member.query(wire),
        (Some("querystring"), None) => member.query_map(),
        (Some("uri"), wire) => member.label(wire.unwrap_or(name)),
        (Some("statusCode"), _) => member.status(),
        (Some(other), _) => panic!("{other}"),
    };
    member.flattened = flag("flattened");
    member.xml_attribute = flag("xmlAttribute");
    member.json_value = flag("jsonvalue");
    member.xml_namespace = namespace(&model["xmlNamespace"]);
    member.timestamp_format = format(&model["timestampFormat"]);
    member
}

fn namespace(model: &Value) -> Option<XmlNamespace> {
    let uri = text(if model.is_string() { model } else { &model["uri"] })?;
    Some(XmlNamespace { prefix: text(&model["prefix"]), uri })
}
