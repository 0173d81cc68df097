//! What holds for every request: sign-in, same origin, ids, headers, panics.

use axum::body::Body;
use axum::http::{Method, Request, StatusCode, header};
use serde_json::json;

use crate::harness::{TestBox, with_board};

/// The ways out of a fault, which only a box in fault mode has.
const FAULT_ONLY: [&str; 3] = ["/api/v1/storage/unlock", "/api/v1/storage/erase", "/api/v1/system/restart"];

#[tokio::test]
async fn every_route_but_the_public_ones_wants_a_sign_in() {
    let test = TestBox::new().await;
    let document = serde_json::to_value(appliance_http::openapi()).unwrap();
    let mut refused = 0;
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let public = operation["security"].as_array().unwrap().is_empty();
            let path = path.replace("{id}", &"ab".repeat(16));
            let method: Method = method.to_uppercase().parse().unwrap();
            let request = Request::builder().method(&method).uri(&path).body(Body::empty()).unwrap();
            let answer = test.send(request).await;
            if FAULT_ONLY.contains(&path.as_str()) {
                // A box that works does not have them, and tells strangers nothing.
                answer.assert_problem(401, "unauthorized", "", "");
            } else if public {
                assert_ne!(answer.status, StatusCode::UNAUTHORIZED, "{method} {path}");
            } else {
                answer.assert_problem(401, "unauthorized", "", "");
                assert_eq!(answer.headers[header::WWW_AUTHENTICATE], "Bearer");
                refused += 1;
            }
        }
    }
    assert_eq!(refused, 45, "a route was added or became public: is that meant?");
}

#[tokio::test]
async fn unknown_addresses_say_nothing_to_strangers() {
    let test = TestBox::new().await;
    for path in ["/api", "/api/", "/api/v1/nothing", "/v1/nothing", "/api/v2/system"] {
        let stranger = test.send(Request::get(path).body(Body::empty()).unwrap()).await;
        stranger.assert_problem(401, "unauthorized", "", "");
        test.get(path).await.assert_problem(404, "not-found", "", "");
    }
    let wrong_method = test.post("/api/v1/system", &json!({})).await;
    wrong_method.assert_problem(405, "method-not-allowed", "", "");
    assert_eq!(wrong_method.headers[header::ALLOW], "GET,HEAD");
}

#[tokio::test]
async fn wrong_credentials_are_refused() {
    let test = TestBox::new().await;
    let cases = [
        (header::AUTHORIZATION, "Bearer anya_wrong"),
        (header::AUTHORIZATION, "Bearer "),
        (header::AUTHORIZATION, "Basic YWRhOnB3"),
        (header::AUTHORIZATION, "anya"),
        (header::COOKIE, "__Host-anya_session=wrong"),
        (header::COOKIE, "__Host-anya_session="),
        (header::COOKIE, "anya_session=wrong"),
    ];
    for (name, value) in cases {
        let request = Request::get("/api/v1/system").header(name, value).body(Body::empty()).unwrap();
        test.send(request).await.assert_problem(401, "unauthorized", "", "");
    }
}

#[tokio::test]
async fn changes_with_a_cookie_come_from_the_box_s_own_page() {
    let test = TestBox::new().await;
    let create = |origin: Option<&str>, site: Option<&str>, bearer: bool| {
        let mut request = Request::post("/api/v1/access/api-keys")
            .header(header::HOST, "localhost:8443")
            .header(header::CONTENT_TYPE, "application/json");
        request = match bearer {
            true => request.header(header::AUTHORIZATION, test.bearer()),
            false => request.header(header::COOKIE, test.cookie()),
        };
        if let Some(origin) = origin {
            request = request.header(header::ORIGIN, origin);
        }
        if let Some(site) = site {
            request = request.header("sec-fetch-site", site);
        }
        test.send(request.body(Body::from(r#"{"label":"x"}"#)).unwrap())
    };
    for (origin, site) in [
        (Some("https://evil.example"), None),
        (Some("null"), None),
        (Some("http://localhost:8443"), None),
        (Some("https://localhost:9443"), Some("same-site")),
        (None, Some("cross-site")),
    ] {
        create(origin, site, false).await.assert_problem(403, "cross-origin-request", "", "");
    }
    for (origin, site) in [(None, None), (Some("https://localhost:8443"), Some("same-origin"))] {
        assert_eq!(create(origin, site, false).await.status, StatusCode::CREATED);
    }
    assert_eq!(create(Some("https://evil.example"), None, true).await.status, StatusCode::CREATED);

    let sign_in = Request::post("/api/v1/access/session")
        .header(header::HOST, "localhost:8443")
        .header(header::ORIGIN, "https://evil.example")
        .body(Body::empty());
    test.send(sign_in.unwrap()).await.assert_problem(403, "cross-origin-request", "", "");
}

#[tokio::test]
async fn ids_and_traces_come_back() {
    let test = TestBox::new().await;
    let request = Request::get("/healthz")
        .header("x-request-id", "mine-17")
        .header("traceparent", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01");
    let answer = test.send(request.body(Body::empty()).unwrap()).await;
    assert_eq!(answer.headers["x-request-id"], "mine-17");
    let trace = answer.headers["traceparent"].to_str().unwrap();
    assert!(trace.starts_with("00-4bf92f3577b34da6a3ce929d0e0e4736-") && trace.ends_with("-01"), "{trace}");
    assert!(!trace.contains("00f067aa0ba902b7"), "{trace}");

    let request =
        Request::get("/api/v1/system").header("x-request-id", "in the \t document").body(Body::empty());
    let answer = test.send(request.unwrap()).await;
    let id = answer.headers["x-request-id"].to_str().unwrap();
    assert_eq!(answer.json()["request_id"], id);
    assert_eq!(id.len(), 36);
}

#[tokio::test]
async fn answers_carry_the_security_headers() {
    let test = TestBox::new().await;
    for path in ["/healthz", "/api/v1/nothing", "/"] {
        let answer = test.send(Request::get(path).body(Body::empty()).unwrap()).await;
        assert_eq!(answer.headers[header::STRICT_TRANSPORT_SECURITY], "max-age=31536000", "{path}");
        assert_eq!(answer.headers[header::X_CONTENT_TYPE_OPTIONS], "nosniff");
        assert_eq!(answer.headers[header::REFERRER_POLICY], "no-referrer");
        let policy = answer.headers[header::CONTENT_SECURITY_POLICY].to_str().unwrap();
        assert!(
            policy.starts_with(if path == "/" { "default-src 'self'" } else { "default-src 'none'" }),
            "{policy}"
        );
        assert_eq!(answer.headers[header::CACHE_CONTROL], if path == "/" { "no-cache" } else { "no-store" });
    }
}

#[tokio::test]
async fn a_panic_is_a_problem_without_details() {
    let test = with_board(std::sync::Arc::new(crate::doubles::PanickingBoard)).await;
    let answer = test.get("/api/v1/system").await;
    answer.assert_problem(500, "internal", "", "");
    assert!(!answer.text().contains("sensor"), "{}", answer.text());
    assert_eq!(test.get("/api/v1/bitcoin/status").await.status, StatusCode::OK);
}

#[tokio::test]
async fn metrics_count_by_pattern() {
    let test = TestBox::new().await;
    let key = test.create_key("p256").await;
    test.get(&format!("/api/v1/security/keys/{key}")).await;
    let sign = format!("/api/v1/security/keys/{key}/sign");
    assert_eq!(test.post(&sign, &json!({"message": "AA=="})).await.status, StatusCode::OK);
    let text = test.get("/metrics").await.text();
    for line in [
        r#"anya_http_requests_total{method="GET",route="/api/v1/security/keys/{id}",status="200"} 1"#,
        r#"anya_component_state{component="store",state="ready"} 1"#,
        "anya_bitcoin_blocks 0",
        "anya_signatures_total{",
        "anya_build_info{",
        "anya_process_resident_memory_bytes ",
        "anya_http_request_duration_seconds_bucket{",
        "# EOF",
    ] {
        assert!(text.contains(line), "{line} is not in\n{text}");
    }
}
