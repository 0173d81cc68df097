//! Whether a browser sent a request from the box's own page.

use axum::http::{HeaderMap, HeaderName, Uri, header};

const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// Whether nothing in the request says that it comes from another site: `Origin`, when there, names
/// this host, and `Sec-Fetch-Site`, when there, says `same-origin`.
pub(super) fn is_not_foreign(uri: &Uri, headers: &HeaderMap) -> bool {
    let site_fits = headers.get(SEC_FETCH_SITE).is_none_or(|site| site == "same-origin");
    site_fits && (headers.get(header::ORIGIN).is_none() || is_same_origin(uri, headers))
}

/// Whether `Origin` is there and names this host.
pub(crate) fn is_same_origin(uri: &Uri, headers: &HeaderMap) -> bool {
    let origin = headers.get(header::ORIGIN).and_then(|value| value.to_str().ok());
    // HTTP/2 has the host in the address (`:authority`), HTTP/1.1 in a header.
    let host = headers.get(header::HOST).and_then(|value| value.to_str().ok());
    let host = uri.authority().map(axum::http::uri::Authority::as_str).or(host);
    match (origin.and_then(|origin| origin.strip_prefix("https://")), host) {
        (Some(origin), Some(host)) => origin.eq_ignore_ascii_case(host),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    fn verdict(origin: Option<&'static str>, site: Option<&'static str>) -> bool {
        let mut headers = HeaderMap::new();
        headers.insert(header::HOST, HeaderValue::from_static("anya.local:8443"));
        origin.map(|origin| headers.insert(header::ORIGIN, HeaderValue::from_static(origin)));
        site.map(|site| headers.insert(SEC_FETCH_SITE, HeaderValue::from_static(site)));
        is_not_foreign(&Uri::from_static("/api/v1/x"), &headers)
    }

    #[test]
    fn other_origins_are_foreign() {
        assert!(verdict(None, None));
        assert!(verdict(Some("https://anya.local:8443"), Some("same-origin")));
        assert!(verdict(Some("https://ANYA.local:8443"), None));
        for origin in ["https://anya.local", "http://anya.local:8443", "https://evil.example", "null", ""] {
            assert!(!verdict(Some(origin), None), "{origin}");
        }
        for site in ["cross-site", "same-site", "none"] {
            assert!(!verdict(None, Some(site)), "{site}");
        }
    }
}
