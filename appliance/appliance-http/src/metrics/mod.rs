//! What Prometheus reads: counters kept while requests are served, and gauges read when asked.

mod scrape;

use std::sync::atomic::AtomicU64;
use std::time::Duration;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::{Registry, Unit};

pub(crate) use scrape::scrape;

/// Upper bounds of the latency histogram, seconds.
const LATENCIES: [f64; 14] =
    [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0, 60.0];

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RequestLabels {
    method: &'static str,
    route: String,
    status: u16,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RouteLabels {
    route: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct SignatureLabels {
    token: String,
    algorithm: &'static str,
    outcome: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ModelLabels {
    model: String,
    kind: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ComponentLabels {
    component: String,
    state: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct BuildLabels {
    version: String,
    profile: &'static str,
}

type Latencies = Family<RouteLabels, Histogram, fn() -> Histogram>;

/// Every figure.
pub(crate) struct Metrics {
    registry: Registry,
    requests: Family<RequestLabels, Counter>,
    latencies: Latencies,
    signatures: Family<SignatureLabels, Counter>,
    tokens: Family<ModelLabels, Counter>,
    components: Family<ComponentLabels, Gauge>,
    node_height: Gauge,
    node_headers: Gauge,
    resident: Gauge<u64, AtomicU64>,
}

impl Metrics {
    /// Figures at zero.
    pub(crate) fn new(version: &str, profile: &'static str) -> Self {
        let mut metrics = Self {
            registry: Registry::with_prefix("anya"),
            requests: Family::default(),
            latencies: Family::new_with_constructor(|| Histogram::new(LATENCIES)),
            signatures: Family::default(),
            tokens: Family::default(),
            components: Family::default(),
            node_height: Gauge::default(),
            node_headers: Gauge::default(),
            resident: Gauge::default(),
        };
        metrics.register(BuildLabels { version: version.to_owned(), profile });
        metrics
    }

    fn register(&mut self, build: BuildLabels) {
        let r = &mut self.registry;
        r.register("build", "The running version", Info::new(build));
        r.register("http_requests", "Requests answered", self.requests.clone());
        r.register_with_unit(
            "http_request_duration",
            "Time until an answer's head",
            Unit::Seconds,
            self.latencies.clone(),
        );
        r.register("signatures", "Signatures asked for", self.signatures.clone());
        r.register("inference_tokens", "Tokens read (prompt) and made (completion)", self.tokens.clone());
        r.register("component_state", "1 for the state that a part is in", self.components.clone());
        r.register("bitcoin_blocks", "Height of the node's best chain", self.node_height.clone());
        r.register(
            "bitcoin_headers",
            "Height of the node's longest chain of headers",
            self.node_headers.clone(),
        );
        r.register_with_unit(
            "process_resident_memory",
            "Resident memory of the service",
            Unit::Bytes,
            self.resident.clone(),
        );
    }

    /// Counts an answered request. `route` is the pattern, never the address itself, so that the
    /// number of series is bounded.
    pub(crate) fn request(&self, method: &'static str, route: &str, status: u16, took: Duration) {
        let labels = RequestLabels { method, route: route.to_owned(), status };
        self.requests.get_or_create(&labels).inc();
        self.latencies.get_or_create(&RouteLabels { route: labels.route }).observe(took.as_secs_f64());
    }

    /// Counts a signature: `outcome` is `ok` or `failed`.
    pub(crate) fn signature(&self, token: &str, algorithm: &'static str, outcome: &'static str) {
        let labels = SignatureLabels { token: token.to_owned(), algorithm, outcome };
        self.signatures.get_or_create(&labels).inc();
    }

    /// Counts tokens that a model read and made.
    pub(crate) fn tokens(&self, model: &str, prompt: u32, completion: u32) {
        for (kind, count) in [("prompt", prompt), ("completion", completion)] {
            if count > 0 {
                let labels = ModelLabels { model: model.to_owned(), kind };
                self.tokens.get_or_create(&labels).inc_by(u64::from(count));
            }
        }
    }
}
