//! Who may come in.

use crate::support::{Keys, Request, Server, send};
use clock::Clock;
use std::time::Duration;

#[test]
fn the_root_key_is_known_and_named() {
    let server = Server::start();
    let request = Request::caller_identity().sign(&server.keys(), server.address());
    let answer = send(server.address(), &request);
    answer.expect(200, "<Account>000000000000</Account>");
    answer.expect(200, "<Arn>arn:aws:iam::000000000000:root</Arn>");
    assert!(answer.header("x-amzn-requestid").is_some());
}

#[test]
fn every_way_to_sign_wrongly_is_refused() {
    let server = Server::start();
    let (keys, host) = (server.keys(), server.address());
    let check = |what: &str, request: Request, code: &str| {
        let answer = send(host, &request);
        assert!(answer.status == 403 && answer.body.contains(code), "{what}: {answer:#?}");
    };
    let ask = Request::caller_identity;
    check("another secret", ask().sign(&keys.with_secret("wrong"), host), "SignatureDoesNotMatch");
    check("another key id", ask().sign(&keys.with_id("AKIAAAAAAAAAAAAAAAAA"), host), "InvalidClientTokenId");
    check("nothing at all", ask(), "MissingAuthenticationToken");
    let changed = ask().sign(&keys, host).body("Action=GetCallerIdentity&Version=2011-06-15&X=Y");
    check("another body", changed, "SignatureDoesNotMatch");
    let changed = ask().header("x-amz-meta", "a").sign(&keys, host).header("x-amz-meta", "b");
    check("another header", changed, "SignatureDoesNotMatch");
    let added = ask().sign(&keys, host).header("x-amz-acl", "public-read");
    check("an unsigned x-amz header", added, "not signed");
    let now = Clock::real().now();
    let past = now.minus(Duration::from_secs(16 * 60));
    check("too old", ask().at(past).sign(&keys, host), "SignatureDoesNotMatch");
    let future = now + Duration::from_secs(16 * 60);
    check("not yet", ask().at(future).sign(&keys, host), "SignatureDoesNotMatch");
    check(
        "a foreign token",
        ask().sign(&Keys::new("ASIAAAAAAAAAAAAAAAAA", "x").with_token("AAAA"), host),
        "InvalidClientTokenId",
    );
    let skewed = ask().at(now.minus(Duration::from_secs(10 * 60))).sign(&keys, host);
    send(host, &skewed).expect(200, "000000000000");
}

#[test]
fn s3_says_it_in_its_own_words() {
    let server = Server::start();
    let (keys, host) = (server.keys(), server.address());
    let ask = || Request::new("s3", "GET", "/");
    send(host, &ask()).expect(403, "<Code>AccessDenied</Code>");
    send(host, &ask().sign(&keys.with_secret("wrong"), host))
        .expect(403, "<Code>SignatureDoesNotMatch</Code>");
    send(host, &ask().sign(&keys.with_id("AKIAAAAAAAAAAAAAAAAA"), host))
        .expect(403, "<Code>InvalidAccessKeyId</Code>");
    let past = Clock::real().now().minus(Duration::from_secs(16 * 60));
    send(host, &ask().at(past).sign(&keys, host)).expect(403, "<Code>RequestTimeTooSkewed</Code>");
    let unsigned = ask().sign(&keys, host).header("x-amz-acl", "private");
    send(host, &unsigned).expect(403, "not signed");
    // An unsigned header must not choose how the body is verified.
    let switched = ask().sign(&keys, host).header("x-amz-content-sha256", "UNSIGNED-PAYLOAD");
    send(host, &switched).expect(403, "SignatureDoesNotMatch");
}

#[test]
fn the_well_known_key_is_known_to_dev_alone() {
    let test = Keys::new("test", "test");
    let dev = Server::start_with("dev", &[]);
    send(dev.address(), &Request::caller_identity().sign(&test, dev.address())).expect(200, "000000000000");
    let serve = Server::start();
    send(serve.address(), &Request::caller_identity().sign(&test, serve.address()))
        .expect(403, "InvalidClientTokenId");
}

#[test]
fn a_client_that_writes_a_scheme_into_its_host_is_served() {
    let server = Server::start();
    let host = server.endpoint.clone();
    let request = Request::caller_identity().header("host", &host).sign(&server.keys(), &host);
    send(server.address(), &request).expect(200, "000000000000");
}

/// A zip archive with a `bootstrap` that only ends.
const BOOTSTRAP: &str = "UEsDBBQAAAAAAAAAIQCjt17aEQAAABEAAAAJAAAAYm9vdHN0cmFwIyEvYmluL3NoCmV4aXQgMQpQSwECFAMUAAAA\
                         AAAAACEAo7de2hEAAAARAAAACQAAAAAAAAAAAAAA7YEAAAAAYm9vdHN0cmFwUEsFBgAAAAABAAEANwAAADgAAAAA\
                         AA==";

/// A role's trust in functions, as a form parameter.
const TRUST: &str = "%7B%22Statement%22:%7B%22Effect%22:%22Allow%22%2C%22Action%22:%22sts:AssumeRole%22%2C%22Principal%22:%7B%22Service%22:%22lambda.amazonaws.com%22%7D%7D%7D";

#[test]
fn a_function_url_takes_no_signature_for_another_service() {
    let server = Server::start();
    let (keys, host) = (server.keys(), server.address());
    let parameters =
        format!("Action=CreateRole&Version=2010-05-08&RoleName=r&AssumeRolePolicyDocument={TRUST}");
    let role = Request::new("iam", "POST", "/").header("content-type", "application/x-www-form-urlencoded");
    send(host, &role.body(parameters).sign(&keys, host)).expect(200, "CreateRoleResult");
    let function = format!(
        r#"{{"FunctionName":"f","Runtime":"provided.al2023","Handler":"h","Role":"arn:aws:iam::000000000000:role/r","Code":{{"ZipFile":"{BOOTSTRAP}"}}}}"#
    );
    let made = Request::new("lambda", "POST", "/2015-03-31/functions").body(function).sign(&keys, host);
    send(host, &made).expect(201, "");
    let url = Request::new("lambda", "POST", "/2021-10-31/functions/f/url").body(r#"{"AuthType":"AWS_IAM"}"#);
    let url = send(host, &url.sign(&keys, host));
    let (_, id) = url.expect(201, "lambda-url").body.split_once("http://").unwrap();
    let path = format!("/_zerun/function-url/{}/", id.split('.').next().unwrap());
    let called = send(host, &Request::new("lambda", "GET", &path).sign(&keys, host));
    assert_ne!(called.status, 403, "{called:?}");
    send(host, &Request::new("s3", "GET", &path).sign(&keys, host)).expect(403, "Forbidden");
    send(host, &Request::new("lambda", "GET", &path)).expect(403, "Forbidden");
}
