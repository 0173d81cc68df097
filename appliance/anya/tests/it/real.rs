//! The real service, claimed and used from the command line.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use crate::terminal::Terminal;

/// The service, started; ended when dropped.
struct Service {
    child: Child,
    address: String,
    code: String,
    fingerprint: String,
    _folder: tempfile::TempDir,
}

/// The program of the service: what `ANYAD` names, or what was built beside this client.
fn program() -> Option<PathBuf> {
    let beside = || Path::new(env!("CARGO_BIN_EXE_anya")).with_file_name("anyad");
    Some(std::env::var_os("ANYAD").map_or_else(beside, PathBuf::from)).filter(|program| program.exists())
}

impl Service {
    fn start(program: &Path) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let log = std::fs::File::create(folder.path().join("log")).unwrap();
        let mut child = Command::new(program)
            .args(["--listen", "127.0.0.1:0", "--no-bitcoin", "--data-dir"])
            .arg(folder.path().join("box"))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(log)
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut after = |name: &str| {
            let line = lines.by_ref().map_while(Result::ok).find(|line| line.trim_start().starts_with(name));
            let line = line.unwrap_or_else(|| panic!("the service ended before it told its {name}"));
            line.trim_start()[name.len()..].trim().to_owned()
        };
        let (address, code, fingerprint) = (after("Address:"), after("Claim code:"), after("SHA-256"));
        // The console goes on; somebody has to listen.
        std::thread::spawn(move || lines.for_each(drop));
        Self { child, address, code, fingerprint, _folder: folder }
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn the_real_box_is_claimed_and_used() {
    let Some(program) = program() else {
        eprintln!("skipped: the service is not built (`cargo build -p anyad`, or set ANYAD)");
        return;
    };
    let (service, terminal) = (Service::start(&program), Terminal::new());
    let claim = |code: &str| {
        let arguments = [
            "claim",
            "--url",
            &service.address,
            "--ca-fingerprint",
            &service.fingerprint,
            "--code",
            code,
            "--username",
            "ada",
            "--password-stdin",
        ];
        terminal.run_with(&arguments, "correct horse battery staple\n", &[])
    };
    assert!(claim("0000-0000").failed().contains("code"));
    assert!(claim(&service.code).done().contains("as ada"));

    assert!(terminal.run(&["status"]).out.contains("Anya Box"));
    assert!(terminal.run(&["tokens"]).done().contains("softhsm"));
    for algorithm in ["p256", "secp256k1", "ed25519", "rsa2048"] {
        let key = terminal.run(&["--json", "keys", "create", "release", "-a", algorithm]).json();
        let id = key["id"].as_str().unwrap();
        let signature = terminal.run(&["keys", "sign", id, "--message", "hello"]).done();
        let verify = |message| {
            let signature = signature.trim();
            terminal.run(&["keys", "verify", id, "--message", message, "--signature", signature]).status
        };
        assert_eq!((verify("hello"), verify("hullo")), (0, 1), "{algorithm}");
        assert!(terminal.run(&["keys", "show", id]).done().contains("BEGIN PUBLIC KEY"));
    }
    assert_eq!(terminal.run(&["keys", "list"]).done().matches("release").count(), 4);
    let told = terminal.run(&["keys", "create", &"x".repeat(300)]).failed();
    assert!(told.contains("label") && told.contains("64"), "{told}");

    assert!(terminal.run(&["audit", "verify"]).done().contains("intact"));
    assert!(terminal.run(&["audit"]).done().contains("key.sign"));
    for shown in [["bitcoin", "status"].as_slice(), &["models"], &["devices"], &["api-keys", "list"]] {
        terminal.run(shown).done();
    }
    assert!(terminal.run(&["update", "status"]).done().contains("this machine takes none"));
    for shown in ["settings", "history"] {
        terminal.run(&["update", shown]).done();
    }
    let file = terminal.file("big.update", &"x".repeat(3 << 20));
    for refused in [["update", "check"].as_slice(), &["update", "install", file.to_str().unwrap()]] {
        let ended = terminal.run(refused);
        assert!(ended.status == 1 && ended.err.contains("takes no updates"), "{ended:?}");
    }
    terminal.run(&["logout"]).done();
    assert!(terminal.run(&["tokens", "--url", &service.address]).failed().contains("does not know the box"));
}
