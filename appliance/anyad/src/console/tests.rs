use std::io::Write;
use std::path::PathBuf;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::Duration;

use super::device::{Device, Kind};
use super::*;

const PATIENCE: Duration = Duration::from_secs(30);

fn banner(owner: Owner) -> Screen {
    let banner = Banner {
        version: "0.1.0".into(),
        addresses: vec!["https://localhost:8443".into()],
        owner,
        words: "one two".into(),
        sha256: "AB:CD".into(),
        health: None,
        keys: "SoftHSM 2.6 (softhsm)".into(),
        models: "on the processor".into(),
        node: "off".into(),
    };
    banner.screen()
}

/// Tells a test of everything that is written.
struct Told(Sender<String>);

impl Write for Told {
    fn write(&mut self, text: &[u8]) -> io::Result<usize> {
        let _ = self.0.send(String::from_utf8_lossy(text).into_owned());
        Ok(text.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn device(kind: Kind) -> (Device, Receiver<String>) {
    let (tell, told) = channel();
    let device = Device::start(kind, Box::new(move || Ok(Box::new(Told(tell.clone()))))).unwrap();
    (device, told)
}

fn console(devices: Vec<Device>) -> Console {
    Console { devices, state: Mutex::default() }
}

#[test]
fn the_banner_shows_the_code_until_the_box_is_claimed() {
    let text = banner(Owner::ClaimCode("ABCD-EFGH".into())).as_lines();
    let expected = "Anya Box 0.1.0 is ready\n\n  Address:      https://localhost:8443\n  Claim code:   ABCD-EFGH\n  \
                    Certificate:  one two\n                SHA-256 AB:CD\n  Keys:         SoftHSM 2.6 (softhsm)\n";
    assert!(text.starts_with(expected), "{text}");
    let text = banner(Owner::Administrator("ada".into())).as_lines();
    assert!(text.contains("\n  Claimed by:   ada\n") && !text.contains("Claim code"), "{text}");
}

#[test]
fn lines_get_the_screen_then_what_came_before_and_then_each_change_once() {
    let (device, told) = device(Kind::Lines);
    let console = console(vec![device]);
    console.line("Node", "Bitcoin is starting");
    console.line("Node", "Bitcoin is running");
    console.screen(&banner(Owner::ClaimCode("ABCD-EFGH".into())));
    console.line("Claimed by", "ada");
    console.line("Claimed by", "ada");
    console.lines("Address", vec!["https://anya.local".into(), "https://10.0.0.7".into()]);
    drop(console);
    let text: String = told.iter().collect();
    assert!(text.starts_with("Anya Box 0.1.0 is ready\n"), "{text}");
    let after = text.split_once("  Node:         off\n").expect("the banner comes first").1;
    assert_eq!(
        after,
        "  Node:         Bitcoin is running\n  Claimed by:   ada\n  Address:      https://anya.local, https://10.0.0.7\n"
    );
    assert!(!text.contains('\x1b'));
}

#[test]
fn a_terminal_is_drawn_anew_with_what_holds_now() {
    let (device, told) = device(Kind::Terminal);
    let console = console(vec![device]);
    console.screen(&banner(Owner::ClaimCode("ABCD-EFGH".into())));
    assert!(told.recv_timeout(PATIENCE).unwrap().contains("Claim code    ABCD-EFGH"));
    console.line("Claimed by", "ada");
    console.line("Health", "store: the disk is full");
    let drawn = loop {
        let drawn = told.recv_timeout(PATIENCE).unwrap();
        assert!(drawn.contains("\x1b[2J"), "it clears the screen");
        if drawn.contains("store: the disk is full") {
            break drawn;
        }
    };
    assert!(drawn.contains("Claimed by    ada") && !drawn.contains("ABCD"), "{drawn}");
}

#[test]
fn a_flood_is_bounded_and_its_end_is_shown() {
    let (device, told) = device(Kind::Lines);
    let console = console(vec![device]);
    console.screen(&Screen::new("Anya Box"));
    for number in 0..10_000 {
        console.line("Health", &format!("number {number}"));
    }
    drop(console);
    let text: String = told.iter().collect();
    assert!(text.lines().count() < 200, "{} lines", text.lines().count());
    assert!(text.ends_with("number 9999\n"), "{text}");
}

#[test]
fn a_device_that_hangs_holds_nobody_up() {
    struct Stuck;
    impl Write for Stuck {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            loop {
                std::thread::park();
            }
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    let stuck = Device::start(Kind::Lines, Box::new(|| Ok(Box::new(Stuck)))).unwrap();
    let (works, told) = device(Kind::Lines);
    let console = console(vec![stuck, works]);
    console.screen(&Screen::new("Anya Box"));
    assert!(told.recv_timeout(PATIENCE).unwrap().contains("Anya Box"));
}

#[test]
fn one_device_that_opens_is_enough_and_none_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("console");
    std::fs::write(&file, "").unwrap();
    let missing = PathBuf::from("/nonexistent/tty1");
    let opened = Console::open(&[missing.clone(), file.clone()]).unwrap();
    opened.screen(&Screen::new("Anya Box"));
    drop(opened);
    assert_eq!(std::fs::read_to_string(&file).unwrap(), "Anya Box\n\n");
    let Err((path, error)) = Console::open(std::slice::from_ref(&missing)) else { panic!("it opened") };
    assert_eq!((path, error.kind()), (missing, io::ErrorKind::NotFound));
}

#[test]
fn health_names_what_fails_in_plain_words() {
    let part = |name: &str, state, detail: &str| Component {
        name: name.into(),
        state,
        required: false,
        detail: detail.into(),
    };
    let well = [
        part("store", ComponentState::Ready, ""),
        part("bitcoin", ComponentState::Degraded, "catching up"),
        part("model:chat", ComponentState::Starting, ""),
    ];
    assert_eq!(health_line(&well), "all well");
    let unwell = [
        part("bitcoin", ComponentState::Failed, "bitcoind does not start"),
        part("store", ComponentState::Degraded, "the disk is full"),
        part("token:usb-1", ComponentState::Failed, ""),
    ];
    assert_eq!(
        health_line(&unwell),
        "Bitcoin node: bitcoind does not start; store: the disk is full; token usb-1 does not work"
    );
}
