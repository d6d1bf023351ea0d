//! The table side: statics that `protocol::decode` and `protocol::encode` walk.

use std::collections::BTreeSet;
use std::fmt::Write;

use super::{
    Result, names, patterns,
    reach::{self, Reach},
    services::{Query, Source},
    source::{self, Member, Model, Namespace, Operation, Shape},
};

pub fn write_service(out: &mut String, service: &Source, model: &Model, reach: &Reach<'_>) -> Result<()> {
    let metadata = &model.metadata;
    let protocol = match (metadata.protocol.as_str(), metadata.json_version.as_deref()) {
        ("rest-xml", _) => "RestXml",
        ("rest-json", _) => "RestJson",
        ("query", _) => "Query",
        ("json", Some("1.0")) => "Json10",
        ("json", _) => "Json11",
        (other, _) => return Err(format!("unknown protocol {other}").into()),
    };
    writeln!(out, "pub static SERVICE: Service = Service {{")?;
    let dialect = if service.botocore == "s3" { "S3" } else { "Standard" };
    writeln!(
        out,
        "name: {:?}, protocol: Protocol::{protocol}, dialect: Dialect::{dialect},",
        service.signing_name
    )?;
    writeln!(out, "api_version: {:?},", metadata.api_version)?;
    writeln!(
        out,
        "target_prefix: {:?}, xml_namespace: {:?},",
        metadata.target_prefix, service.xml_namespace
    )?;
    write!(out, "operations: &[")?;
    for name in service.operations {
        write!(out, "&operation::{},", names::constant(name))?;
    }
    write!(out, "], all_operations: ALL_OPERATIONS, errors: &[")?;
    for name in &reach.errors {
        write!(out, "&shape::{},", names::constant(name))?;
    }
    writeln!(out, "] }};\n")?;
    write_all_operations(out, model)
}

/// Every operation of the published model, so that one we lack is refused by its name.
fn write_all_operations(out: &mut String, model: &Model) -> Result<()> {
    writeln!(out, "pub static ALL_OPERATIONS: &[OperationName] = &[")?;
    for (name, operation) in &model.operations {
        let (path, query) = split_uri(&operation.http.request_uri);
        let alike = |other: &Operation| {
            other.http.method == operation.http.method && split_uri(&other.http.request_uri) == (path, query)
        };
        let mut rivals = model.operations.iter().filter(|(other, _)| *other != name);
        let contested = rivals.any(|(_, other)| alike(other));
        let query: Vec<(&str, Option<&str>)> = query
            .split('&')
            .filter(|pair| !pair.is_empty())
            .map(|pair| pair.split_once('=').map_or((pair, None), |(key, value)| (key, Some(value))))
            .collect();
        write!(out, "OperationName::new({name:?}, {:?}, {path:?})", operation.http.method)?;
        if !query.is_empty() {
            write!(out, ".query(&{query:?})")?;
        }
        for (location, method) in [("querystring", "required_query"), ("header", "required_headers")] {
            let names = if contested { required_at(model, operation, location)? } else { Vec::new() };
            if !names.is_empty() {
                write!(out, ".{method}(&{names:?})")?;
            }
        }
        writeln!(out, "{},", if operation.deprecated { ".deprecated()" } else { "" })?;
    }
    writeln!(out, "];\n")?;
    Ok(())
}

fn required_at(model: &Model, operation: &Operation, location: &str) -> Result<Vec<String>> {
    let Some(input) = &operation.input else { return Ok(Vec::new()) };
    let shape = reach::shape(model, &input.shape)?;
    Ok(shape
        .members
        .0
        .iter()
        .filter(|(name, member)| {
            shape.required.contains(name) && member.location.as_deref() == Some(location)
        })
        .map(|(name, member)| member.location_name.as_ref().unwrap_or(name).clone())
        .collect())
}

fn split_uri(uri: &str) -> (&str, &str) {
    uri.split_once('?').unwrap_or((uri, ""))
}

pub fn write_operations(out: &mut String, service: &Source, model: &Model) -> Result<()> {
    writeln!(out, "/// A type and a table per operation.\npub mod operation {{\nuse super::*;\n")?;
    for name in service.operations {
        let operation = model.operations.get(*name).ok_or_else(|| format!("no operation {name}"))?;
        let constant = names::constant(name);
        let shape_of = |reference: Option<&super::source::Reference>| {
            reference.map_or("None".to_owned(), |reference| {
                format!("Some(&shape::{})", names::constant(&reference.shape))
            })
        };
        let type_of = |reference: Option<&super::source::Reference>| {
            reference.map_or("()".to_owned(), |reference| reference.shape.clone())
        };
        let (input, output) = (operation.input.as_ref(), operation.output.as_ref());
        writeln!(out, "pub struct {name};\nimpl Typed for {name} {{")?;
        writeln!(out, "const OPERATION: &'static Operation = &{constant};")?;
        writeln!(out, "type Input = {};\ntype Output = {};\n}}\n", type_of(input), type_of(output))?;
        writeln!(out, "pub static {constant}: Operation = Operation {{ name: {name:?}, service: &SERVICE,")?;
        writeln!(out, "method: {:?}, uri: {:?},", operation.http.method, operation.http.request_uri)?;
        writeln!(out, "status: {},", operation.http.response_code.unwrap_or(200))?;
        writeln!(out, "input: {}, output: {},", shape_of(input), shape_of(output))?;
        writeln!(out, "result_wrapper: {:?},", output.and_then(|output| output.result_wrapper.as_ref()))?;
        let (required, member) = operation.http_checksum.as_ref().map_or((false, None), |sum| {
            (sum.request_checksum_required, sum.request_algorithm_member.as_ref())
        });
        writeln!(out, "checksums: Checksums {{ required: {required}, algorithm_member: {member:?} }} }};\n")?;
    }
    writeln!(out, "}}\n")?;
    match &service.query {
        Some(query) => write_query(out, service, model, query),
        None => Ok(()),
    }
}

/// The same operations as the query protocol has them.
fn write_query(out: &mut String, service: &Source, model: &Model, query: &Query) -> Result<()> {
    writeln!(out, "/// The same service in the query protocol.\npub mod query {{\nuse super::*;\n")?;
    writeln!(out, "pub static SERVICE: Service = Service {{")?;
    writeln!(
        out,
        "protocol: Protocol::Query, target_prefix: None, xml_namespace: Some({:?}),",
        query.xml_namespace
    )?;
    write!(out, "operations: &[")?;
    for name in service.operations {
        write!(out, "&{},", names::constant(name))?;
    }
    writeln!(out, "],")?;
    writeln!(out, "name: super::SERVICE.name, dialect: super::SERVICE.dialect,")?;
    writeln!(out, "api_version: super::SERVICE.api_version, all_operations: super::SERVICE.all_operations,")?;
    writeln!(out, "errors: super::SERVICE.errors }};\n")?;
    for name in service.operations {
        let operation = model.operations.get(*name).ok_or_else(|| format!("no operation {name}"))?;
        let constant = names::constant(name);
        let wrapper = operation.output.as_ref().map(|_| format!("{name}Result"));
        writeln!(
            out,
            "static {constant}: Operation = Operation {{ service: &SERVICE, result_wrapper: {wrapper:?},"
        )?;
        writeln!(out, "..operation::{constant} }};")?;
    }
    writeln!(out, "}}\n")?;
    Ok(())
}

pub fn write_shapes(out: &mut String, service: &Source, model: &Model, reach: &Reach<'_>) -> Result<()> {
    writeln!(out, "pub(crate) mod shape {{\nuse super::*;\n")?;
    let mut texts = BTreeSet::new();
    for name in reach.shapes.union(&reach.error_shapes) {
        let shape = reach::shape(model, name)?;
        // SNS has a `String` and a `string`, which are the same: texts of which nothing more is said.
        let is_text =
            shape_call(service, name, shape).is_ok_and(|call| call == format!("Shape::string({name:?})"));
        if is_text && !texts.insert(names::constant(name)) {
            continue;
        }
        let call = shape_call(service, name, shape).map_err(|error| format!("{name}: {error}"))?;
        writeln!(out, "pub static {}: Shape = {call};", names::constant(name))?;
    }
    for name in &reach.errors {
        let shape = reach::shape(model, name)?;
        let error = shape.error.as_ref();
        writeln!(
            out,
            "pub static {}: ErrorShape = ErrorShape {{ name: {name:?}, code: {:?}, status: {:?}, sender: {}, \
             members: &[{}] }};",
            names::constant(name),
            error.and_then(|error| error.code.as_deref()).unwrap_or(name),
            error.and_then(|error| error.http_status_code),
            error.is_some_and(|error| error.sender_fault),
            member_calls(service, shape)?
        )?;
    }
    writeln!(out, "}}")?;
    Ok(())
}

fn shape_call(service: &Source, name: &str, shape: &Shape) -> Result<String> {
    let reference = |member: &Option<Member>| -> Result<String> {
        Ok(format!("&{}", names::constant(&member.as_ref().ok_or("lacks its entry")?.shape)))
    };
    let element = |member: &Option<Member>| member.as_ref().and_then(|member| member.location_name.clone());
    let mut call = match shape.kind.as_str() {
        source::RAW => format!("Shape::document({name:?})"),
        "structure" if shape.document => format!("Shape::document({name:?})"),
        "structure" => format!("Shape::structure({name:?}, &[{}])", member_calls(service, shape)?),
        "list" => format!("Shape::list({name:?}, {})", reference(&shape.member)?),
        "map" => format!("Shape::map({name:?}, {}, {})", reference(&shape.key)?, reference(&shape.value)?),
        "string" | "character" => format!("Shape::string({name:?})"),
        "timestamp" => {
            let format = shape.timestamp_format.as_deref().map(timestamp_format).transpose()?;
            let format = format.map_or("None".to_owned(), |format| format!("Some({format})"));
            format!("Shape::timestamp({name:?}, {format})")
        }
        simple => format!("Shape::{simple}({name:?})"),
    };
    let lists = service.query.iter().flat_map(|query| query.lists);
    let in_query = lists.into_iter().find(|(list, _)| *list == name).map(|(_, entry)| (*entry).to_owned());
    if let Some(element) = in_query.or(element(&shape.member)) {
        write!(call, ".member_name({element:?})")?;
    }
    let mut maps = service.query.iter().flat_map(|query| query.maps);
    if let Some((_, key, value)) = maps.find(|(map, _, _)| *map == name) {
        write!(call, ".entry_names(Some({key:?}), Some({value:?}))")?;
    } else if element(&shape.key).is_some() || element(&shape.value).is_some() {
        write!(call, ".entry_names({:?}, {:?})", element(&shape.key), element(&shape.value))?;
    }
    if let Some(payload) = &shape.payload {
        write!(call, ".payload({payload:?})")?;
    }
    for (flag, method) in
        [(shape.union, "union"), (shape.eventstream, "event_stream"), (shape.flattened, "flattened")]
    {
        if flag {
            write!(call, ".{method}()")?;
        }
    }
    // The models write the 32-bit bounds where there is no bound.
    for (bound, method) in [(shape.min, "min"), (shape.max, "max")] {
        if let Some(bound) = bound {
            write!(call, ".{method}({bound:?})")?;
        }
    }
    if let Some(pattern) = &shape.pattern {
        call.push_str(&patterns::call(pattern)?);
    }
    if !shape.values.is_empty() && !service.open_enums.contains(&name) {
        write!(call, ".values(&{:?})", shape.values)?;
    }
    if service.unwrapped.contains(&name) {
        call.push_str(".unwrapped()");
    }
    if shape.sensitive {
        call.push_str(".sensitive()");
    }
    let root = service.root_names.iter().find(|(shape, _)| *shape == name).map(|(_, root)| *root);
    if let Some(element) = root.or(shape.location_name.as_deref()) {
        write!(call, ".location_name({element:?})")?;
    }
    if let Some(namespace) = &shape.xml_namespace {
        call.push_str(&namespace_call(namespace));
    }
    Ok(call)
}

fn member_calls(service: &Source, shape: &Shape) -> Result<String> {
    let mut out = String::new();
    for (name, member) in &shape.members.0 {
        let wire = member.location_name.as_deref();
        write!(out, "Member::new({name:?}, &{})", names::constant(&member.shape))?;
        match member.location.as_deref() {
            None => {
                if let Some(wire) = wire {
                    write!(out, ".wire({wire:?})")?;
                }
            }
            Some("header") => write!(out, ".header({:?})", wire.unwrap_or(name))?,
            Some("headers") => write!(out, ".headers({:?})", wire.unwrap_or(""))?,
            Some("querystring") if wire.is_none() => write!(out, ".query_map()")?,
            Some("querystring") => write!(out, ".query({:?})", wire.unwrap_or(name))?,
            Some("uri") => write!(out, ".label({:?})", wire.unwrap_or(name))?,
            Some("statusCode") => write!(out, ".status()")?,
            Some(other) => return Err(format!("{name}: unknown location {other}").into()),
        }
        let in_query =
            service.query.iter().flat_map(|query| query.members).find(|(member, _)| member == name);
        if let Some((_, in_query)) = in_query {
            write!(out, ".query_name({in_query:?})")?;
        }
        if shape.required.contains(name) {
            out.push_str(".required()");
        }
        for (flag, method) in [
            (member.xml_attribute, "xml_attribute"),
            (member.flattened, "flattened"),
            (member.jsonvalue, "json_value"),
        ] {
            if flag {
                write!(out, ".{method}()")?;
            }
        }
        if let Some(namespace) = &member.xml_namespace {
            out.push_str(&namespace_call(namespace));
        }
        if let Some(format) = &member.timestamp_format {
            write!(out, ".timestamp_format({})", timestamp_format(format)?)?;
        }
        out.push(',');
    }
    Ok(out)
}

fn namespace_call(namespace: &Namespace) -> String {
    format!(".xml_namespace({:?}, {:?})", namespace.prefix, namespace.uri)
}

fn timestamp_format(format: &str) -> Result<&'static str> {
    match format {
        "iso8601" => Ok("protocol::TimestampFormat::Iso8601"),
        "rfc822" => Ok("protocol::TimestampFormat::HttpDate"),
        "unixTimestamp" => Ok("protocol::TimestampFormat::UnixSeconds"),
        other => Err(format!("unknown timestamp format {other}").into()),
    }
}
