use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

use appliance_core::audit::Actor;
use appliance_core::clock::SystemClock;
use appliance_core::event::{DomainEvent, EventSink};
use appliance_core::health::HealthRegistry;
use appliance_core::keys::{KeyError, NewKey, SignCommand, SignInput};
use appliance_store::Store;
use hal_api::{KeyAlgorithm, TokenKind};
use hal_sim::SimHandle;

use super::*;
use crate::console::Console;

const PIN: &str = "648219";

/// A bay with one place, for a simulated token behind a PIN.
struct OnePlace {
    sim: Arc<SimHandle>,
    plugged: Arc<AtomicBool>,
}

impl Bay for OnePlace {
    fn present(&self) -> HalResult<Vec<TokenInfo>> {
        let info = TokenInfo {
            kind: TokenKind::Simulator,
            label: "card".into(),
            manufacturer: "Anya Box".into(),
            model: "hal-sim".into(),
            serial: "DENK 0042".into(),
            firmware: "1".into(),
            mechanisms: Vec::new(),
        };
        Ok(if self.plugged.load(Ordering::SeqCst) { vec![info] } else { Vec::new() })
    }

    fn open(&self, name: &str, label: &str, pin: Zeroizing<String>) -> HalResult<Token> {
        assert_eq!(label, "card");
        if *pin != PIN {
            return Err(HalError::new(HalErrorKind::PinIncorrect, "log in"));
        }
        Ok(Token { name: name.into(), ..self.sim.token() })
    }
}

#[derive(Default)]
struct Heard(Mutex<Vec<Component>>);

impl EventSink for Heard {
    fn publish(&self, event: DomainEvent) {
        if let DomainEvent::ComponentChanged { component } = event {
            self.0.lock().unwrap().push(component);
        }
    }
}

struct Bench {
    tokens: PluggedTokens,
    keys: Arc<KeyService>,
    sim: Arc<SimHandle>,
    plugged: Arc<AtomicBool>,
    heard: Arc<Heard>,
    _folder: tempfile::TempDir,
}

impl Bench {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = Arc::new(Store::open(&folder.path().join("state.db")).unwrap());
        let (own, _) = hal_sim::open("softhsm");
        let (_, sim) = hal_sim::open("card");
        let (sim, plugged, heard) =
            (Arc::new(sim), Arc::new(AtomicBool::new(false)), Arc::new(Heard::default()));
        let console = Console::open(&["/dev/null".into()]).unwrap_or_else(|_| panic!("no /dev/null"));
        let observer =
            Arc::new(Observer::new(Arc::new(HealthRegistry::default()), Arc::new(console), heard.clone()));
        let keys = Arc::new(KeyService::new(
            vec![own],
            store.clone(),
            store,
            observer.clone(),
            Arc::new(SystemClock),
        ));
        keys.recover().unwrap();
        let bay = OnePlace { sim: Arc::clone(&sim), plugged: Arc::clone(&plugged) };
        let tokens = PluggedTokens::new(vec![Box::new(bay)], Arc::clone(&keys), observer);
        Self { tokens, keys, sim, plugged, heard, _folder: folder }
    }

    fn plug(&self, plugged: bool) {
        self.plugged.store(plugged, Ordering::SeqCst);
        if plugged {
            self.sim.plug_in()
        } else {
            self.sim.pull_out()
        }
        self.tokens.look();
    }

    fn names(&self) -> Vec<String> {
        self.keys.tokens().into_iter().map(|token| token.name).collect()
    }

    /// How the token is, as the page and the console hear it.
    fn health(&self) -> (ComponentState, String) {
        let heard = self.heard.0.lock().unwrap();
        let last = heard.iter().rfind(|component| component.name == "token:usb-denk-0042").expect("an event");
        (last.state, last.detail.clone())
    }
}

fn ada() -> Actor {
    Actor::system()
}

#[test]
fn a_token_is_listed_unlocked_missed_and_comes_back_without_its_pin() {
    let bench = Bench::new();
    bench.tokens.look();
    assert_eq!(bench.names(), ["softhsm"]);

    bench.plug(true);
    assert_eq!(bench.names(), ["softhsm", "usb-denk-0042"]);
    assert_eq!(bench.health(), (ComponentState::Off, "it is locked; enter its PIN".into()));
    let new = || NewKey {
        algorithm: KeyAlgorithm::P256,
        label: "mine".into(),
        token: Some("usb-denk-0042".into()),
    };
    assert!(bench.keys.create(&ada(), new()).is_err(), "not without its PIN");

    let unlock = |pin: &str| bench.keys.log_in(&ada(), "usb-denk-0042", pin, &bench.tokens);
    assert!(matches!(unlock("000000"), Err(KeyError::Invalid { field: "pin", .. })));
    unlock(PIN).unwrap();
    assert_eq!(bench.health().0, ComponentState::Ready);
    let key = bench.keys.create(&ada(), new()).unwrap().id;
    let sign = || {
        let input = SignInput::Message(b"hello".to_vec());
        bench.keys.sign(&ada(), SignCommand { key, scheme: None, encoding: None, input })
    };
    sign().unwrap();

    bench.plug(false);
    assert_eq!(bench.health(), (ComponentState::Failed, "it was pulled out; plug it in again".into()));
    assert!(matches!(sign(), Err(KeyError::Token { kind: HalErrorKind::Removed, .. })));
    assert_eq!(bench.names().len(), 2, "a token with keys stays listed");

    bench.plug(true);
    assert_eq!(bench.health().0, ComponentState::Ready);
    sign().unwrap();
}

#[test]
fn a_token_that_nobody_used_leaves_no_trace() {
    let bench = Bench::new();
    bench.plug(true);
    bench.plug(false);
    assert_eq!(bench.names(), ["softhsm"]);
    assert_eq!(bench.health(), (ComponentState::Off, "it was pulled out".into()));
    bench.plug(true);
    assert_eq!(bench.names(), ["softhsm", "usb-denk-0042"]);
}

#[test]
fn a_module_that_is_not_installed_is_passed_over() {
    let module = config_module(Path::new("/nonexistent/opensc-pkcs11.so"));
    assert!(bays(&[module])[0].present().unwrap().is_empty());
}

fn config_module(path: &Path) -> crate::config::TokenModule {
    crate::config::TokenModule { path: path.to_owned(), label: None }
}
