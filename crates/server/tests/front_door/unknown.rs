//! What is not spoken is refused by name, with a status that no client retries.

use crate::support::{Request, Server, send, send_bytes};

#[test]
fn operations_that_are_lacking_are_named() {
    let server = Server::start();
    let (keys, host) = (server.keys(), server.address());
    let form = |body: &str| {
        Request::new("sts", "POST", "/")
            .header("content-type", "application/x-www-form-urlencoded")
            .body(body)
            .sign(&keys, host)
    };
    send(host, &form("Action=AssumeRoleWithSAML&Version=2011-06-15")).expect(400, "InvalidAction");
    send(host, &form("Action=AssumeRoleWithSAML&Version=2011-06-15")).expect(400, "AssumeRoleWithSAML");
    send(host, &form("Action=Nonsense&Version=2011-06-15")).expect(400, "InvalidAction");
    send(host, &form("")).expect(400, "InvalidAction");
    let acl = Request::new("s3", "GET", "/bucket?acl").sign(&keys, host);
    send(host, &acl).expect(400, "GetBucketAcl");
    let lambda = Request::new("lambda", "GET", "/2020-04-22/code-signing-configs/").sign(&keys, host);
    send(host, &lambda).expect(400, "ListCodeSigningConfigs");
    let nowhere = Request::new("lambda", "GET", "/nowhere").sign(&keys, host);
    send(host, &nowhere).expect(400, "no operation of lambda");
}

#[test]
fn services_that_are_lacking_are_named() {
    let server = Server::start();
    let (keys, host) = (server.keys(), server.address());
    let request = Request::new("kinesis", "POST", "/")
        .header("x-amz-target", "Kinesis_20131202.ListStreams")
        .header("content-type", "application/x-amz-json-1.1")
        .body("{}");
    let answer = send(host, &request.clone().sign(&keys, host));
    answer.expect(400, "kinesis").expect(400, "ListStreams");
    assert_eq!(answer.header("x-amzn-errortype"), Some("UnknownOperationException"));
    let form = Request::new("cloudformation", "POST", "/")
        .header("content-type", "application/x-www-form-urlencoded")
        .body("Action=ListStacks&Version=2010-05-15");
    send(host, &form.sign(&keys, host))
        .expect(400, "<Code>InvalidAction</Code>")
        .expect(400, "cloudformation (ListStacks)");
    // Who is not known is told nothing of it.
    assert_eq!(send(host, &request.sign(&keys.with_secret("wrong"), host)).status, 403);
}

#[test]
fn members_that_are_not_known_are_named() {
    let server = Server::start();
    let request = Request::new("sts", "POST", "/")
        .header("content-type", "application/x-www-form-urlencoded")
        .body("Action=GetCallerIdentity&Version=2011-06-15&Speed=9")
        .sign(&server.keys(), server.address());
    send(server.address(), &request).expect(400, "Speed");
}

#[test]
fn heads_and_documents_have_bounds() {
    let server = Server::start();
    let (keys, host) = (server.keys(), server.address());
    let long = Request::new("s3", "GET", "/").header("x-long", &"x".repeat(100_000)).sign(&keys, host);
    assert_eq!(send(host, &long).status, 431);
    let many = (0..200)
        .fold(Request::new("s3", "GET", "/"), |request, number| request.header(&format!("x-{number}"), "x"));
    assert_eq!(send(host, &many.sign(&keys, host)).status, 431);
    let large = Request::caller_identity().body(vec![b'x'; 2 * 1024 * 1024]).sign(&keys, host);
    send(host, &large).expect(413, "RequestEntityTooLarge");
    assert_eq!(send_bytes(host, b"nonsense\r\n\r\n").status, 400);
}
