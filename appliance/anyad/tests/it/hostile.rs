//! Bad input against the whole service: a clear 4xx, never a 500, and the box works on.

use serde_json::{Value, json};

use crate::boxed::Box;

#[test]
fn bad_requests_are_told_which_field_and_why() {
    let owned = Box::start(&[]).claimed();
    let long = "x".repeat(65);
    let cases = [
        ("{", 400, "", "line 1"),
        ("[]", 400, "", ""),
        (r#"{"algorithm":"p256"}"#, 400, "label", ""),
        (r#"{"algorithm":"p256","label":7}"#, 400, "label", ""),
        (r#"{"algorithm":"rsa9","label":"a"}"#, 400, "algorithm", "p256"),
        (r#"{"algorithm":"p256","label":"a","colour":"red"}"#, 400, "colour", ""),
        (r#"{"algorithm":"p256","label":""}"#, 400, "label", ""),
        (r#"{"algorithm":"p256","label":"a","token":"yubi"}"#, 400, "token", "softhsm"),
        (&format!(r#"{{"algorithm":"p256","label":"{long}"}}"#), 400, "label", "64"),
        ("{\"algorithm\":\"p256\",\"label\":\"a\\u0000b\"}", 400, "label", ""),
    ];
    for (body, status, field, hint) in cases {
        let request =
            owned.request("POST", "/api/v1/security/keys").header("content-type", "application/json");
        let response = request.body(body.to_owned()).send().unwrap();
        assert_eq!(response.status(), status, "{body}");
        assert_eq!(response.headers()["content-type"], "application/problem+json", "{body}");
        let problem: Value = response.json().unwrap();
        let text = problem.to_string();
        assert!(text.contains(hint), "{body}: {text}");
        if !field.is_empty() {
            assert_eq!(problem["errors"][0]["field"], field, "{body}: {text}");
        }
    }
    assert_eq!(owned.get("/api/v1/security/keys")["items"], json!([]), "nothing was made");
}

#[test]
fn wrong_types_sizes_paths_and_methods() {
    let owned = Box::start(&[]).claimed();
    let keys = "/api/v1/security/keys";
    let plain = owned.request("POST", keys).header("content-type", "text/plain").body("{}").send().unwrap();
    assert_eq!(plain.status(), 415);
    let big = owned
        .request("POST", keys)
        .header("content-type", "application/json")
        .body(vec![b' '; 3 << 20])
        .send();
    // The answer may be lost where the server closes before everything was sent.
    if let Ok(big) = big {
        assert_eq!(big.status(), 413);
    }
    let status = |method: &str, path: &str| owned.request(method, path).send().unwrap().status().as_u16();
    assert_eq!(status("GET", "/api/v1/security/keys/zz"), 400);
    assert_eq!(status("GET", "/api/v1/security/keys/00000000000000000000000000000000"), 404);
    assert_eq!(status("GET", "/api/v1/security/keys?limit=0"), 400);
    assert_eq!(status("GET", "/api/v1/security/keys?limit=many"), 400);
    assert_eq!(status("GET", "/api/v1/security/keys?cursor=%F0%9F%92%A9"), 400);
    assert_eq!(status("GET", "/api/v1/nothing"), 404);
    assert_eq!(status("PATCH", keys), 405);
    assert_eq!(status("GET", "/..%2f..%2fetc/passwd"), 404);
    assert_eq!(status("GET", "/healthz"), 200);
}

#[test]
fn metrics_count_what_happened() {
    let owned = Box::start(&[]).claimed();
    owned.post("/api/v1/security/keys", &json!({"algorithm": "p256", "label": "a"}), 201);
    let text = owned.request("GET", "/metrics").send().unwrap().text().unwrap();
    let line = text
        .lines()
        .find(|line| line.contains("requests") && line.contains("security/keys") && line.contains("201"));
    assert!(line.is_some_and(|line| line.ends_with(" 1")), "{text}");
}
