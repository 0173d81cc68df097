//! The log: one line a request, and the request's id on every line that is written for it.

use std::io::{self, Write};
use std::sync::{Arc, Mutex};

use axum::body::Body;
use axum::http::{Request, header};
use serde_json::{Value, json};
use tracing_subscriber::fmt::MakeWriter;

use crate::harness::with_board;

#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<u8>>>);

impl Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Lines {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

impl Lines {
    /// The lines written for a request.
    fn of(&self, request_id: &str) -> Vec<Value> {
        let text = String::from_utf8(self.0.lock().unwrap().clone()).unwrap();
        let lines = text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
        lines.filter(|line| line["span"]["request_id"] == request_id).collect()
    }
}

#[tokio::test]
async fn every_request_is_one_line_and_its_id_is_on_all_lines() {
    let lines = Lines::default();
    // The only test that listens to the log: there is one listener in a process.
    let subscriber = tracing_subscriber::fmt().json().with_writer(lines.clone()).finish();
    tracing::subscriber::set_global_default(subscriber).unwrap();

    let test = with_board(Arc::new(crate::doubles::FailingBoard)).await;
    let request = |id: &str, path: &str| {
        let request = Request::get(path)
            .header(header::AUTHORIZATION, test.bearer())
            .header("x-request-id", id)
            .header("traceparent", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01");
        test.send(request.body(Body::empty()).unwrap())
    };
    request("log-1", "/api/v1/security/keys?token=software").await;
    let [line] = lines.of("log-1").try_into().unwrap();
    let fields = &line["fields"];
    assert_eq!(line["span"]["trace_id"], "4bf92f3577b34da6a3ce929d0e0e4736");
    assert_eq!((&fields["method"], &fields["route"]), (&json!("GET"), &json!("/api/v1/security/keys")));
    assert_eq!((&fields["status"], &fields["principal"]), (&json!(200), &json!("api_key:tests@ada")));
    assert!(fields["duration_ms"].as_f64().unwrap() > 0.0, "{line}");

    request("log-2", "/api/v1/system").await.assert_problem(500, "internal", "", "");
    let [cause, line] = lines.of("log-2").try_into().unwrap();
    assert_eq!(line["fields"]["status"], 500);
    assert_eq!((&cause["level"], &cause["fields"]["operation"]), (&json!("ERROR"), &json!("read the board")));
    assert!(cause["fields"]["error"].as_str().unwrap().contains("the cause beneath"), "{cause}");

    let secret = test.bearer().replace("Bearer ", "");
    assert!(!String::from_utf8_lossy(&lines.0.lock().unwrap()).contains(&secret), "no secret in the log");
}
