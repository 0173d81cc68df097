//! A release in one file, streamed over a real connection.

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use appliance_core::update::{UpdateError, UpdateProblem};
use axum::body::Body;
use axum::http::{Request, StatusCode, header};
use bytes::Bytes;
use futures_util::{StreamExt, stream};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::ScriptedUpdates;
use crate::harness::{TestBox, eventually, with_updates};
use crate::server::{connect, start};

const FILE: &str = "/api/v1/updates/file";
const PIECE: usize = 64 << 10;

fn request(test: &TestBox, body: Body) -> Request<Body> {
    Request::post(FILE)
        .header(header::AUTHORIZATION, test.bearer())
        .header(header::CONTENT_TYPE, "application/octet-stream")
        .body(body)
        .unwrap()
}

/// A body of so many pieces, and how many bytes were asked of it.
fn pieces(count: u64) -> (Body, Arc<AtomicU64>) {
    let given = Arc::new(AtomicU64::new(0));
    let counted = Arc::clone(&given);
    let pieces = stream::iter(0..count).map(move |_| {
        counted.fetch_add(PIECE as u64, Ordering::SeqCst);
        Ok::<_, Infallible>(Bytes::from_static(&[7; PIECE]))
    });
    (Body::from_stream(pieces), given)
}

#[tokio::test]
async fn a_file_is_taken_and_offered() {
    let updates = Arc::new(ScriptedUpdates::offering());
    let test = with_updates(updates.clone()).await;
    // More than any other route takes.
    let (body, _) = pieces(1600);
    let answer = test.send(request(&test, body)).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text());
    assert_eq!(answer.json()["offer"]["version"], "1.3.0");
    assert_eq!(updates.orders(), ["file of 104857600 bytes by ada"]);
}

#[tokio::test]
async fn a_file_that_is_refused_is_not_read_for_ever() {
    let updates = Arc::new(ScriptedUpdates::offering());
    let test = with_updates(updates.clone()).await;
    let (code, text) = ("wrong_signer".into(), "Nobody whom this box trusts has signed it.".into());
    updates.refuse_after(1000, UpdateError::Refused(UpdateProblem { code, text }));
    let (body, given) = pieces(16_384);
    let answer = test.send(request(&test, body)).await;
    answer.assert_problem(422, "update-refused", "", "Nobody whom this box trusts");
    assert_eq!(answer.json()["code"], "wrong_signer");
    assert!(given.load(Ordering::SeqCst) < 300 << 20, "only some of it is read after that");
}

#[tokio::test]
async fn a_file_that_is_too_large_is_told_before_it_is_sent() {
    let test = with_updates(Arc::new(ScriptedUpdates::offering())).await;
    let mut announced = request(&test, Body::empty());
    announced.headers_mut().insert(header::CONTENT_LENGTH, (3_u64 << 30).into());
    test.send(announced).await.assert_problem(413, "payload-too-large", "", "2048 MiB");
}

#[tokio::test]
async fn only_bytes_are_taken() {
    let test = with_updates(Arc::new(ScriptedUpdates::offering())).await;
    for kind in ["multipart/form-data", "application/json"] {
        let mut other = request(&test, Body::from("{}"));
        other.headers_mut().insert(header::CONTENT_TYPE, kind.parse().unwrap());
        let answer = test.send(other).await;
        answer.assert_problem(415, "unsupported-media-type", "", kind);
        assert!(answer.json()["next"].as_str().unwrap().contains("octet-stream"));
    }
}

#[tokio::test]
async fn a_client_that_leaves_in_the_middle_has_sent_no_file() {
    let updates = Arc::new(ScriptedUpdates::offering());
    let test = with_updates(updates.clone()).await;
    let server = start(test.router(), test.shutdown(), Duration::from_secs(5)).await;
    let mut stream = connect(&server, &["http/1.1"]).await;
    let head = format!(
        "POST {FILE} HTTP/1.1\r\nHost: localhost\r\nAuthorization: {}\r\n\
         Content-Type: application/octet-stream\r\nContent-Length: 1000000\r\n\r\n",
        test.bearer()
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    stream.write_all(&[7; 1000]).await.unwrap();
    stream.flush().await.unwrap();
    drop(stream);
    eventually(|| updates.orders() == ["a file that broke off"]).await;
}

#[tokio::test]
async fn a_client_that_only_writes_first_gets_the_refusal() {
    let updates = Arc::new(ScriptedUpdates::offering());
    let test = with_updates(updates.clone()).await;
    updates.refuse_after(0, UpdateError::Busy("1.3.0 is downloaded.".into()));
    let server = start(test.router(), test.shutdown(), Duration::from_secs(5)).await;
    let mut stream = connect(&server, &["http/1.1"]).await;
    let length = 8 << 20;
    let head = format!(
        "POST {FILE} HTTP/1.1\r\nHost: localhost\r\nAuthorization: {}\r\nConnection: close\r\n\
         Content-Type: application/octet-stream\r\nContent-Length: {length}\r\n\r\n",
        test.bearer()
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    stream.write_all(&vec![7; length]).await.unwrap();
    stream.flush().await.unwrap();
    let mut answer = Vec::new();
    // A peer that closes without saying so is an error to TLS; what it answered counts.
    let _ = stream.read_to_end(&mut answer).await;
    let answer = String::from_utf8_lossy(&answer);
    assert!(answer.starts_with("HTTP/1.1 409") && answer.contains("update-under-way"), "{answer}");
}
