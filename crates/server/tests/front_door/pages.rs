//! The server's own pages, and what follows from the table of operations.

use crate::support::{Request, Server, send};
use serde_json::Value;

#[test]
fn health_is_answered_without_credentials() {
    let server = Server::start();
    let answer = send(server.address(), &Request::new("", "GET", "/_zerun/health"));
    answer.expect(200, "\"ok\"");
    assert_eq!(send(server.address(), &Request::new("", "GET", "/_zerun/nothing")).status, 404);
}

#[test]
fn every_operation_is_refused_without_credentials() {
    let server = Server::start();
    let coverage = send(server.address(), &Request::new("", "GET", "/_zerun/coverage"));
    let coverage: Value = serde_json::from_str(&coverage.body).unwrap();
    let mut tried = 0;
    for service in coverage["services"].as_array().unwrap() {
        let name = service["service"].as_str().unwrap();
        for operation in service["operations"].as_array().unwrap() {
            let request = anonymous(name, operation);
            let answer = send(server.address(), &request);
            let status = match (name, operation["name"].as_str()) {
                // A token that is none is no credential that is wrong.
                ("sts", Some("AssumeRoleWithWebIdentity")) => 400,
                _ => 403,
            };
            assert_eq!(answer.status, status, "{name} {operation}: {answer:#?}");
            tried += 1;
        }
    }
    assert!(tried > 0, "the coverage page names no operation");
}

/// A request that means the operation, with its labels filled and no credentials.
fn anonymous(service: &str, operation: &Value) -> Request {
    let text = |name: &str| operation[name].as_str().unwrap();
    let mut target = String::new();
    for piece in text("uri").split_inclusive('}') {
        match piece.split_once('{') {
            Some((before, _)) => {
                target.push_str(before);
                target.push_str("anything");
            }
            None => target.push_str(piece),
        }
    }
    let request = Request::new(service, text("method"), &target);
    match service {
        "sts" => request
            .header("content-type", "application/x-www-form-urlencoded")
            .body(format!("Action={}&Version=2011-06-15", text("name"))),
        _ => request,
    }
}
