//! Whatever a client sends wrong is answered with a problem that names the field and the reason.

use axum::body::Body;
use axum::http::{Request, StatusCode, header};
use serde_json::json;

use crate::harness::TestBox;

const KEYS: &str = "/api/v1/security/keys";
const API_KEYS: &str = "/api/v1/access/api-keys";
const BLOCKS: &str = "/api/v1/bitcoin/regtest/blocks";
const CHAT: &str = "/v1/chat/completions";
const EMBEDDINGS: &str = "/v1/embeddings";
const SESSION: &str = "/api/v1/access/session";
const CLAIM: &str = "/api/v1/access/claim";

/// Address, body, status, kind, field, part of the reason.
type Case = (&'static str, &'static str, u16, &'static str, &'static str, &'static str);

const BODIES: &[Case] = &[
    (KEYS, "", 400, "invalid-request", "", "body is empty"),
    (KEYS, "   ", 400, "invalid-request", "", "body is empty"),
    (KEYS, "{", 400, "invalid-request", "", "line 1, column 1"),
    (KEYS, "{\n \"label\": x}", 400, "invalid-request", "", "line 2, column"),
    (KEYS, "{} {}", 400, "invalid-request", "algorithm", "is missing"),
    (KEYS, r#"{"algorithm":"p256","label":"a"} x"#, 400, "invalid-request", "", "line 1, column"),
    (KEYS, "[]", 400, "invalid-request", "", "is a list, and has to be an object"),
    (KEYS, r#"["p256","a"]"#, 400, "invalid-request", "", "is a list, and has to be an object"),
    (
        CHAT,
        r#"{"model":"smollm2-135m-instruct","messages":[["user","a"]]}"#,
        400,
        "invalid-request",
        "messages[0]",
        "is a list, and has to be an object",
    ),
    (KEYS, "null", 400, "invalid-request", "", "is null, and has to be an object"),
    (KEYS, "7", 400, "invalid-request", "", "is a whole number, and has to be an object"),
    (KEYS, r#"{"label":"a"}"#, 400, "invalid-request", "algorithm", "is missing"),
    (KEYS, r#"{"algorithm":"p256"}"#, 400, "invalid-request", "label", "is missing"),
    (
        KEYS,
        r#"{"algorithm":"p384","label":"a"}"#,
        400,
        "invalid-request",
        "algorithm",
        "`p256`, `secp256k1`, `ed25519`, `rsa2048`",
    ),
    (KEYS, r#"{"algorithm":7,"label":"a"}"#, 400, "invalid-request", "algorithm", "has to be"),
    (
        KEYS,
        r#"{"algorithm":"p256","label":7}"#,
        400,
        "invalid-request",
        "label",
        "is a whole number, and has to be a text",
    ),
    (KEYS, r#"{"algorithm":"p256","label":null}"#, 400, "invalid-request", "label", "is null"),
    (KEYS, r#"{"algorithm":"p256","label":""}"#, 400, "invalid-request", "label", "is empty"),
    (
        KEYS,
        r#"{"algorithm":"p256","label":"a\u0000b"}"#,
        400,
        "invalid-request",
        "label",
        "control characters",
    ),
    (
        KEYS,
        r#"{"algorithm":"p256","label":"a","x":1}"#,
        400,
        "invalid-request",
        "x",
        "known are `algorithm`, `label`, `token`",
    ),
    (
        KEYS,
        r#"{"algorithm":"p256","algorithm":"p256","label":"a"}"#,
        400,
        "invalid-request",
        "algorithm",
        "is there twice",
    ),
    (
        KEYS,
        r#"{"algorithm":"p256","label":"a","token":"nowhere"}"#,
        400,
        "invalid-request",
        "token",
        "nowhere",
    ),
    (API_KEYS, r#"{"label":"a","expires_in_days":0}"#, 400, "invalid-request", "expires_in_days", "3650"),
    (API_KEYS, r#"{"label":"a","expires_in_days":3651}"#, 400, "invalid-request", "expires_in_days", "3650"),
    (API_KEYS, r#"{"label":"a","expires_in_days":-1}"#, 400, "invalid-request", "expires_in_days", "-1"),
    (
        API_KEYS,
        r#"{"label":"a","expires_in_days":"1"}"#,
        400,
        "invalid-request",
        "expires_in_days",
        "is a text",
    ),
    (BLOCKS, r#"{"count":0}"#, 400, "invalid-request", "count", "from 1 to 100"),
    (BLOCKS, r#"{"count":101}"#, 400, "invalid-request", "count", "from 1 to 100"),
    (BLOCKS, r#"{"count":1e999}"#, 400, "invalid-request", "", "line 1, column"),
    (BLOCKS, r#"{"count":1.5}"#, 400, "invalid-request", "count", "a number with a fraction"),
    (SESSION, r#"{"username":"ada"}"#, 400, "invalid-request", "password", "is missing"),
    (SESSION, r#"{"username":["ada"],"password":"x"}"#, 400, "invalid-request", "username", "is a list"),
    (
        CLAIM,
        r#"{"code":1,"username":"ada","password":"x"}"#,
        400,
        "invalid-request",
        "code",
        "has to be a text",
    ),
    (EMBEDDINGS, r#"{"model":"all-minilm-l6-v2"}"#, 400, "invalid-request", "input", "is missing"),
    (EMBEDDINGS, r#"{"model":"all-minilm-l6-v2","input":[]}"#, 400, "invalid-request", "input", "1 to 256"),
    (
        EMBEDDINGS,
        r#"{"model":"all-minilm-l6-v2","input":["a",""]}"#,
        400,
        "invalid-request",
        "input[1]",
        "is empty",
    ),
    (
        EMBEDDINGS,
        r#"{"model":"all-minilm-l6-v2","input":[1,2]}"#,
        400,
        "invalid-request",
        "input[0]",
        "has to be a text",
    ),
    (
        EMBEDDINGS,
        r#"{"model":"all-minilm-l6-v2","input":{"a":1}}"#,
        400,
        "invalid-request",
        "input",
        "a text or a list of texts",
    ),
    (
        EMBEDDINGS,
        r#"{"model":"all-minilm-l6-v2","input":"a","dimensions":2}"#,
        400,
        "unsupported",
        "dimensions",
        "384",
    ),
    (
        EMBEDDINGS,
        r#"{"model":"all-minilm-l6-v2","input":"a","encoding_format":"hex"}"#,
        400,
        "invalid-request",
        "encoding_format",
        "`float`, `base64`",
    ),
    (
        EMBEDDINGS,
        r#"{"model":"all-minilm-l6-v2","input":"a","truncate":true}"#,
        400,
        "unsupported",
        "truncate",
        "not a field",
    ),
    (EMBEDDINGS, r#"{"model":"gpt-4","input":"a"}"#, 404, "not-found", "model", "all-minilm-l6-v2"),
    (
        EMBEDDINGS,
        r#"{"model":"smollm2-135m-instruct","input":"a"}"#,
        404,
        "not-found",
        "model",
        "all-minilm-l6-v2",
    ),
    (
        CHAT,
        r#"{"model":"smollm2-135m-instruct","messages":[]}"#,
        400,
        "invalid-request",
        "messages",
        "is empty",
    ),
    (
        CHAT,
        r#"{"model":"smollm2-135m-instruct","messages":[{"role":"user"}]}"#,
        400,
        "invalid-request",
        "messages[0].content",
        "is missing",
    ),
    (
        CHAT,
        r#"{"model":"smollm2-135m-instruct","messages":[{"role":"tool","content":"a"}]}"#,
        400,
        "invalid-request",
        "messages[0].role",
        "`tool`",
    ),
    (
        CHAT,
        r#"{"model":"smollm2-135m-instruct","messages":[{"role":"user","content":"a","name":"b"}]}"#,
        400,
        "unsupported",
        "messages[0].name",
        "not a field",
    ),
    (
        CHAT,
        r#"{"model":"smollm2-135m-instruct","messages":[{"role":"user","content":[{"type":"image_url","image_url":{}}]}]}"#,
        400,
        "invalid-request",
        "messages[0].content[0].type",
        "`image_url`",
    ),
    (
        CHAT,
        r#"{"model":"smollm2-135m-instruct","messages":[{"role":"user","content":7}]}"#,
        400,
        "invalid-request",
        "messages[0].content",
        "a text or a list of text parts",
    ),
    (
        CHAT,
        r#"{"model":"smollm2-135m-instruct","messages":[{"role":"user","content":"a"}],"tools":[]}"#,
        400,
        "unsupported",
        "tools",
        "not a field",
    ),
    (
        CHAT,
        r#"{"model":"smollm2-135m-instruct","messages":[{"role":"user","content":"a"}],"logit_bias":{}}"#,
        400,
        "unsupported",
        "logit_bias",
        "not a field",
    ),
    (
        CHAT,
        r#"{"model":"smollm2-135m-instruct","messages":[{"role":"user","content":"a"}],"n":2}"#,
        400,
        "unsupported",
        "n",
        "has to be 1",
    ),
    (
        CHAT,
        r#"{"model":"smollm2-135m-instruct","messages":[{"role":"user","content":"a"}],"temperature":2.1}"#,
        400,
        "invalid-request",
        "temperature",
        "from 0 to 2",
    ),
    (
        CHAT,
        r#"{"model":"smollm2-135m-instruct","messages":[{"role":"user","content":"a"}],"temperature":"hot"}"#,
        400,
        "invalid-request",
        "temperature",
        "has to be a number",
    ),
    (
        CHAT,
        r#"{"model":"smollm2-135m-instruct","messages":[{"role":"user","content":"a"}],"top_p":0}"#,
        400,
        "invalid-request",
        "top_p",
        "above 0",
    ),
    (
        CHAT,
        r#"{"model":"smollm2-135m-instruct","messages":[{"role":"user","content":"a"}],"max_tokens":0}"#,
        400,
        "invalid-request",
        "max_tokens",
        "at least 1",
    ),
    (
        CHAT,
        r#"{"model":"smollm2-135m-instruct","messages":[{"role":"user","content":"a"}],"max_tokens":1,"max_completion_tokens":1}"#,
        400,
        "invalid-request",
        "max_tokens",
        "only one",
    ),
    (
        CHAT,
        r#"{"model":"smollm2-135m-instruct","messages":[{"role":"user","content":"a"}],"stop":["a","b","c","d","e"]}"#,
        400,
        "invalid-request",
        "stop",
        "at most 4",
    ),
    (
        CHAT,
        r#"{"model":"smollm2-135m-instruct","messages":[{"role":"user","content":"a"}],"stop":""}"#,
        400,
        "invalid-request",
        "stop",
        "0 bytes",
    ),
    (
        CHAT,
        r#"{"model":"smollm2-135m-instruct","messages":[{"role":"user","content":"a"}],"stream_options":{"include_usage":true}}"#,
        400,
        "invalid-request",
        "stream_options",
        "stream",
    ),
    (
        CHAT,
        r#"{"model":"smollm2-135m-instruct","messages":[{"role":"user","content":"a"}],"stream":true,"stream_options":{"x":1}}"#,
        400,
        "unsupported",
        "stream_options.x",
        "not a field",
    ),
    (
        CHAT,
        r#"{"model":"smollm2-135m-instruct","messages":[{"role":"user","content":"too long"}]}"#,
        400,
        "context-length-exceeded",
        "messages",
        "65 tokens",
    ),
    (
        CHAT,
        r#"{"model":"gpt-4","messages":[{"role":"user","content":"a"}]}"#,
        404,
        "not-found",
        "model",
        "smollm2-135m-instruct",
    ),
];

#[tokio::test]
async fn wrong_bodies_are_told_apart() {
    let test = TestBox::new().await;
    for &(path, body, status, kind, field, reason) in BODIES {
        let answer = test.post_text(path, body).await;
        answer.assert_problem(status, kind, field, reason);
    }
}

#[tokio::test]
async fn wrong_signing_requests_are_told_apart() {
    let test = TestBox::new().await;
    let id = test.create_key("p256").await;
    let sign = format!("{KEYS}/{id}/sign");
    let digest = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
    let cases = [
        (json!({}), "invalid-request", "message", "is missing"),
        (json!({"message": "AA==", "digest": digest}), "invalid-request", "digest", "only one"),
        (json!({"message": "AA"}), "invalid-request", "message", "base64"),
        (json!({"message": "A-__"}), "invalid-request", "message", "base64"),
        (json!({"digest": "AAAA"}), "invalid-request", "digest", "has 3 bytes"),
        (json!({"message": "AA==", "scheme": "ecdsa"}), "invalid-request", "scheme", "`ecdsa_sha256`"),
        (json!({"message": "AA==", "scheme": "rsa_pss_sha256"}), "unsupported", "scheme", "rsa_pss_sha256"),
        (json!({"message": "AA==", "encoding": "hex"}), "invalid-request", "encoding", "`der`, `raw`"),
    ];
    for (body, kind, field, reason) in cases {
        test.post(&sign, &body).await.assert_problem(400, kind, field, reason);
    }
    let wrong_id = format!("{KEYS}/xyz/sign");
    test.post(&wrong_id, &json!({"message": "AA=="})).await.assert_problem(
        400,
        "invalid-request",
        "id",
        "32 hex",
    );
    let unknown = format!("{KEYS}/{}/sign", "ab".repeat(16));
    test.post(&unknown, &json!({"message": "AA=="})).await.assert_problem(404, "not-found", "", "");
}

#[tokio::test]
async fn wrong_queries_are_told_apart() {
    let test = TestBox::new().await;
    let cases = [
        ("/api/v1/security/keys?limit=0", "limit", "from 1 to 200"),
        ("/api/v1/security/keys?limit=201", "limit", "from 1 to 200"),
        ("/api/v1/security/keys?limit=ten", "limit", "from 1 to 200"),
        ("/api/v1/security/keys?limit=1&limit=2", "limit", "is there twice"),
        ("/api/v1/security/keys?page=2", "page", "known are `limit`, `cursor`, `token`"),
        ("/api/v1/security/keys?cursor=%00nonsense", "cursor", "not one that this list gave"),
        ("/api/v1/security/audit?limit=501", "limit", "from 1 to 500"),
        ("/api/v1/security/audit?cursor=nonsense", "cursor", "not one that this list gave"),
        ("/api/v1/system/logs?level=loud", "level", "`error`, `warn`, `info`, `debug`"),
        ("/api/v1/system/logs?after=x", "after", "no longer there"),
        ("/api/v1/security/keys/xyz", "id", "32 hexadecimal digits"),
        ("/api/v1/security/keys/%ff", "id", "UTF-8"),
    ];
    for (path, field, reason) in cases {
        test.get(path).await.assert_problem(400, "invalid-request", field, reason);
    }
}

#[tokio::test]
async fn other_bodies_than_json_are_refused() {
    let test = TestBox::new().await;
    for kind in
        [None, Some("text/plain"), Some("application/x-www-form-urlencoded"), Some("application/jsonx")]
    {
        let mut request = Request::post(KEYS).header(header::AUTHORIZATION, test.bearer());
        if let Some(kind) = kind {
            request = request.header(header::CONTENT_TYPE, kind);
        }
        let answer = test.send(request.body(Body::from("{}")).unwrap()).await;
        answer.assert_problem(415, "unsupported-media-type", "", "");
    }
    let request = Request::post(KEYS)
        .header(header::AUTHORIZATION, test.bearer())
        .header(header::CONTENT_TYPE, "Application/JSON; charset=utf-8");
    let answer = test.send(request.body(Body::from(r#"{"algorithm":"p256","label":"a"}"#)).unwrap()).await;
    assert_eq!(answer.status, StatusCode::CREATED);
}

#[tokio::test]
async fn bodies_over_the_limit_are_refused_with_the_limit() {
    let test = TestBox::new().await;
    for (path, limit) in [(KEYS, 1 << 20), (CHAT, 4 << 20), (SESSION, 16 << 10)] {
        let announced = test.post_text(path, &"x".repeat(limit + 1)).await;
        announced.assert_problem(413, "payload-too-large", "", &limit.to_string());
        let chunks =
            futures_util::stream::iter(vec![Ok::<_, std::io::Error>("x".repeat(limit)), Ok("x".into())]);
        let request = Request::post(path)
            .header(header::AUTHORIZATION, test.bearer())
            .header(header::CONTENT_TYPE, "application/json");
        let streamed = test.send(request.body(Body::from_stream(chunks)).unwrap()).await;
        streamed.assert_problem(413, "payload-too-large", "", &limit.to_string());
    }
}

#[tokio::test]
async fn deep_nesting_is_refused() {
    let test = TestBox::new().await;
    for nested in ["[", r#"{"a":"#] {
        let body =
            format!(r#"{{"model":"m","messages":[{{"role":"user","content":{}"#, nested.repeat(100_000));
        assert_eq!(test.post_text(CHAT, &body).await.status, StatusCode::BAD_REQUEST);
    }
}
