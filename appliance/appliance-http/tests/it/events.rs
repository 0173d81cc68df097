//! Live events, over a WebSocket on a real TLS connection.

use std::sync::Arc;
use std::time::Duration;

use appliance_core::event::{DomainEvent, EventSink};
use futures_util::StreamExt;
use rustls_pki_types::ServerName;
use serde_json::Value;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::http::HeaderName;
use tokio_tungstenite::tungstenite::{Error, Message};

use crate::harness::TestBox;
use crate::server::{Running, client, start};

type Socket = WebSocketStream<tokio_rustls::client::TlsStream<TcpStream>>;

async fn listen(server: &Running, headers: &[(&'static str, String)]) -> Result<Socket, Error> {
    let stream = TcpStream::connect(server.address).await.unwrap();
    let tls = client(&server.certificate, &["http/1.1"]);
    let name = ServerName::try_from("localhost").unwrap();
    let stream = TlsConnector::from(Arc::new(tls)).connect(name, stream).await.unwrap();
    let mut request = "wss://localhost/api/v1/events".into_client_request().unwrap();
    for (name, value) in headers {
        request.headers_mut().insert(HeaderName::from_static(name), value.parse().unwrap());
    }
    tokio_tungstenite::client_async(request, stream).await.map(|(socket, _)| socket)
}

fn status(result: Result<Socket, Error>) -> u16 {
    match result {
        Err(Error::Http(response)) => response.status().as_u16(),
        Err(error) => panic!("{error}"),
        Ok(_) => 101,
    }
}

async fn next(socket: &mut Socket) -> Value {
    loop {
        match socket.next().await.unwrap().unwrap() {
            Message::Text(text) => return serde_json::from_str(&text).unwrap(),
            Message::Ping(_) => {}
            other => panic!("{other:?}"),
        }
    }
}

/// The next event that is not a reading of the board.
async fn next_other(socket: &mut Socket) -> Value {
    loop {
        let event = next(socket).await;
        if event["type"] != "system_sampled" {
            return event;
        }
    }
}

/// Somebody who listens to a box.
pub(crate) struct Listening(Socket);

impl Listening {
    pub(crate) async fn next_other(&mut self) -> Value {
        next_other(&mut self.0).await
    }
}

pub(crate) async fn listening(test: &TestBox) -> Listening {
    let server = start(test.router(), test.shutdown(), Duration::from_secs(5)).await;
    let mut socket = listen(&server, &[("authorization", test.bearer())]).await.unwrap();
    // The first reading of the board says that the socket listens now.
    next(&mut socket).await;
    Listening(socket)
}

#[tokio::test]
async fn events_are_for_who_is_signed_in_and_from_the_box_s_own_page() {
    let test = TestBox::new().await;
    let server = start(test.router(), test.shutdown(), Duration::from_secs(5)).await;
    let cookie = ("cookie", test.cookie());
    let origin = |origin: &str| ("origin", origin.to_owned());
    assert_eq!(status(listen(&server, &[]).await), 401);
    assert_eq!(status(listen(&server, std::slice::from_ref(&cookie)).await), 403);
    assert_eq!(status(listen(&server, &[cookie.clone(), origin("https://evil.example")]).await), 403);
    assert_eq!(status(listen(&server, &[cookie, origin("https://localhost")]).await), 101);
    assert_eq!(status(listen(&server, &[("authorization", test.bearer())]).await), 101);
}

#[tokio::test]
async fn events_arrive_in_order_and_the_slow_are_told_what_they_missed() {
    let test = TestBox::new().await;
    let server = start(test.router(), test.shutdown(), Duration::from_secs(5)).await;
    let mut socket = listen(&server, &[("authorization", test.bearer())]).await.unwrap();
    let sample = next(&mut socket).await;
    assert_eq!(sample["type"], "system_sampled", "the first reading comes at once");
    assert_eq!(sample["board"]["hostname"], "box");

    let events = test.events();
    for height in 1..=3 {
        events.publish(DomainEvent::BlockConnected { height, hash: "00".into() });
    }
    let mut last_id = 0;
    for height in 1..=3 {
        let event = next_other(&mut socket).await;
        assert_eq!((&event["type"], &event["height"]), (&"block_connected".into(), &height.into()));
        assert!(event["at"].as_str().unwrap().ends_with('Z'));
        assert!(event["id"].as_u64().unwrap() > last_id);
        last_id = event["id"].as_u64().unwrap();
    }

    // This test's runtime has one thread, so the socket's task cannot run in between.
    for height in 0..300 {
        events.publish(DomainEvent::BlockConnected { height, hash: "00".into() });
    }
    let notice = next_other(&mut socket).await;
    assert_eq!((&notice["type"], &notice["missed"]), (&"lagged".into(), &44.into()));
    assert_eq!(next_other(&mut socket).await["height"], 44);
}

#[tokio::test]
async fn listeners_are_told_when_the_box_stops() {
    let test = TestBox::new().await;
    let server = start(test.router(), test.shutdown(), Duration::from_secs(60)).await;
    let mut socket = listen(&server, &[("authorization", test.bearer())]).await.unwrap();
    next(&mut socket).await;
    server.shutdown.cancel();
    let closed = loop {
        match socket.next().await.unwrap().unwrap() {
            Message::Close(frame) => break frame.unwrap(),
            _ => continue,
        }
    };
    assert_eq!(u16::from(closed.code), 1001);
    server.task.await.unwrap();
}
