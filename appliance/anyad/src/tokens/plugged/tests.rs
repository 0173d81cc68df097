use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

use appliance_core::audit::Actor;
use appliance_core::clock::SystemClock;
use appliance_core::event::{DomainEvent, EventSink};
use appliance_core::health::HealthRegistry;
use appliance_core::keys::{KeyError, NewKey, SignCommand, SignInput, TokenState};
use appliance_store::Store;
use hal_api::{KeyAlgorithm, TokenKind};
use hal_sim::{Fault, Operation, SimHandle};

use super::*;
use crate::console::Console;

const PIN: &str = "648219";
const NAME: &str = "usb-denk-0042";
const NEW_PIN: &str = "912846";

/// A bay with one place, for a simulated token behind a PIN.
struct OnePlace {
    sim: Arc<SimHandle>,
    plugged: Arc<AtomicBool>,
    pin: Arc<Mutex<String>>,
    tries: Arc<Mutex<PinTries>>,
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
            pin_tries: *self.tries.lock().unwrap(),
        };
        Ok(if self.plugged.load(Ordering::SeqCst) { vec![info] } else { Vec::new() })
    }

    fn open(&self, name: &str, info: &TokenInfo, pin: Zeroizing<String>) -> HalResult<Token> {
        assert_eq!(info.label, "card");
        if !self.plugged.load(Ordering::SeqCst) {
            return Err(HalError::new(HalErrorKind::NotFound, "find the token"));
        }
        if *pin != *self.pin.lock().unwrap() {
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
    pin: Arc<Mutex<String>>,
    tries: Arc<Mutex<PinTries>>,
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
        let pin = Arc::new(Mutex::new(PIN.to_owned()));
        let tries = Arc::new(Mutex::new(PinTries::Untold));
        let bay = OnePlace {
            sim: Arc::clone(&sim),
            plugged: Arc::clone(&plugged),
            pin: Arc::clone(&pin),
            tries: Arc::clone(&tries),
        };
        let tokens = PluggedTokens::new(vec![Box::new(bay)], Arc::clone(&keys), observer);
        Self { tokens, keys, sim, plugged, pin, tries, heard, _folder: folder }
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

    fn unlock(&self, pin: &str) -> Result<(), KeyError> {
        self.keys.log_in(&ada(), NAME, pin, &self.tokens)
    }

    /// How the token is, as the list of tokens has it.
    fn told(&self) -> TokenHealth {
        self.keys.tokens().into_iter().find(|token| token.name == NAME).expect("it is listed").health
    }

    fn state(&self) -> TokenState {
        TokenState::of(&self.told())
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
    assert_eq!(bench.names(), ["softhsm", NAME]);
    assert_eq!(bench.health(), (ComponentState::Off, "it is locked; enter its PIN".into()));
    let new = || NewKey { algorithm: KeyAlgorithm::P256, label: "mine".into(), token: Some(NAME.into()) };
    assert!(bench.keys.create(&ada(), new()).is_err(), "not without its PIN");

    assert!(matches!(bench.unlock("000000"), Err(KeyError::WrongPin { .. })));
    bench.unlock(PIN).unwrap();
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
    assert_eq!(bench.health(), (ComponentState::Off, "it was pulled out; plug it in again".into()));
    bench.plug(true);
    assert_eq!(bench.names(), ["softhsm", NAME]);
}

#[test]
fn a_pin_that_was_changed_elsewhere_is_not_tried_again_and_the_new_one_is_taken() {
    let bench = Bench::new();
    bench.plug(true);
    bench.unlock(PIN).unwrap();
    bench.plug(false);
    *bench.pin.lock().unwrap() = NEW_PIN.into();
    // What a token answers when it comes back and the box logs in anew.
    bench.sim.fail_always(Operation::Health, Fault::Kind(HalErrorKind::PinIncorrect));
    bench.plug(true);
    let asked = bench.sim.calls();
    bench.tokens.look();
    bench.tokens.look();
    assert_eq!(bench.sim.calls(), asked, "each question may be a try of the PIN");
    assert_eq!(bench.state(), TokenState::NeedsPin);
    assert_eq!(bench.health().0, ComponentState::Degraded);

    bench.sim.clear_faults();
    assert!(bench.unlock(PIN).is_err());
    bench.unlock(NEW_PIN).unwrap();
    assert_eq!(bench.health().0, ComponentState::Ready);
}

#[test]
fn a_token_that_was_pulled_out_a_moment_ago_is_said_to_be_gone() {
    let bench = Bench::new();
    bench.plug(true);
    bench.plugged.store(false, Ordering::SeqCst);
    let gone = bench.unlock(PIN).unwrap_err();
    assert!(matches!(gone, KeyError::Token { kind: HalErrorKind::Removed, .. }), "{gone:?}");
}

#[test]
fn the_list_of_tokens_and_the_box_s_health_agree() {
    let bench = Bench::new();
    bench.plug(true);
    bench.unlock(PIN).unwrap();
    // The module goes on to answer for a token that is not there any more.
    bench.plugged.store(false, Ordering::SeqCst);
    bench.tokens.look();
    assert_eq!(bench.health().0, ComponentState::Failed);
    assert_eq!(bench.state(), TokenState::Gone);
    assert!(matches!(bench.told(), TokenHealth::Failing { reason, .. } if reason == bench.health().1));
    bench.plugged.store(true, Ordering::SeqCst);
    bench.tokens.look();
    assert_eq!((bench.state(), bench.health().0), (TokenState::Ready, ComponentState::Ready));
}

#[test]
fn a_token_tells_the_tries_it_has_left_and_that_it_is_locked() {
    let bench = Bench::new();
    bench.plug(true);
    *bench.tries.lock().unwrap() = PinTries::One;
    bench.unlock("000000").unwrap_err();
    let told = |bench: &Bench| bench.keys.tokens().pop().expect("it is listed").info.pin_tries;
    assert_eq!((told(&bench), bench.state()), (PinTries::One, TokenState::NeedsPin), "told at once");

    *bench.tries.lock().unwrap() = PinTries::Locked;
    bench.tokens.look();
    assert_eq!((told(&bench), bench.state()), (PinTries::Locked, TokenState::Locked));
    assert_eq!(bench.health().0, ComponentState::Off, "nobody uses it yet");
    // Its maker's program unlocked it.
    *bench.tries.lock().unwrap() = PinTries::Untold;
    bench.tokens.look();
    bench.unlock(PIN).unwrap();
    assert_eq!(bench.state(), TokenState::Ready);
}

#[test]
fn a_token_that_does_not_tell_its_tries_is_locked_until_it_is_plugged_in_again() {
    let bench = Bench::new();
    bench.plug(true);
    bench.unlock(PIN).unwrap();
    bench.sim.fail_always(Operation::Health, Fault::Kind(HalErrorKind::PinLocked));
    bench.tokens.look();
    assert_eq!((bench.state(), bench.health().0), (TokenState::Locked, ComponentState::Failed));
    bench.sim.clear_faults();
    bench.plug(false);
    bench.plug(true);
    assert_eq!(bench.state(), TokenState::NeedsPin);
    bench.unlock(PIN).unwrap();
}

#[test]
fn a_module_that_is_not_installed_is_passed_over() {
    let module = config_module(Path::new("/nonexistent/opensc-pkcs11.so"));
    assert!(bays(&[module])[0].present().unwrap().is_empty());
}

fn config_module(path: &Path) -> crate::config::TokenModule {
    crate::config::TokenModule { path: path.to_owned(), label: None }
}
