//! HTTP/2 with prior knowledge on the same port, as the JavaScript SDK's Kinesis client speaks it.

use crate::support::{Request, Server};
use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http2;
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::net::TcpStream;

#[tokio::test]
async fn many_signed_requests_share_one_connection() {
    let server = Server::start();
    let stream = TcpStream::connect(server.address()).await.unwrap();
    let (client, connection) =
        http2::handshake::<_, _, Full<Bytes>>(TokioExecutor::new(), TokioIo::new(stream)).await.unwrap();
    let connection = tokio::spawn(connection);
    let (keys, host) = (server.keys(), server.address());
    let answers = (0..32).map(|_| {
        let request = Request::caller_identity().sign(&keys, host).http2(host);
        let mut client = client.clone();
        async move {
            let response = client.send_request(request).await.unwrap();
            assert_eq!(response.status(), 200);
            let body = response.into_body().collect().await.unwrap().to_bytes();
            assert!(String::from_utf8_lossy(&body).contains("<Account>000000000000</Account>"));
        }
    });
    for answer in answers.map(tokio::spawn).collect::<Vec<_>>() {
        answer.await.unwrap();
    }
    drop(client);
    connection.await.unwrap().unwrap();
}
