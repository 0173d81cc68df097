//! Two boxes on one network of their own: a network namespace, where the machine allows to make one.

use std::process::{Command, Stdio};
use std::time::Duration;

use super::*;

const PATIENCE: Duration = Duration::from_secs(60);

/// Makes a network with one interface, its cable in a wall, and runs the other test in it.
const IN_A_NETWORK: &str = "ip link add box0 type veth peer name wall && ip link set wall up && ip link set box0 up && \
     ip addr add 10.98.76.1/24 dev box0 && ip addr add 10.98.76.2/24 dev box0 && \
     exec \"$0\" --exact network::announcer::tests::two_boxes --ignored --nocapture";

#[test]
fn the_second_box_of_a_name_takes_the_next_one() {
    let flags: &[&str] =
        if nix::unistd::geteuid().is_root() { &["--net"] } else { &["--user", "--map-root-user", "--net"] };
    let mut makes = Command::new("unshare");
    let made = makes
        .args(flags)
        .args(["sh", "-c", "ip link add box0 type veth peer name wall"])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    if !made.is_ok_and(|status| status.success()) {
        eprintln!("SKIPPED: this machine does not let the tests make a network of their own");
        return;
    }
    let mut inside = Command::new("unshare");
    inside.args(flags).args(["sh", "-c", IN_A_NETWORK]).arg(std::env::current_exe().unwrap());
    let output = inside.output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(
        output.status.success() && text.contains("1 passed"),
        "{text}\n{}",
        String::from_utf8_lossy(&output.stderr)
    );
}

#[tokio::test]
#[ignore = "runs in the network that the other test makes"]
async fn two_boxes() {
    let address = |last| IpAddr::from([10, 98, 76, last]);
    let first = Announcer::announce("anya.local", 443, &[address(1)]).unwrap();
    found("anya.local", address(1)).await;
    let second = Announcer::announce("anya.local", 443, &[address(2)]).unwrap();
    let mut name = second.name();
    let renamed = tokio::time::timeout(PATIENCE, name.wait_for(|name| name != "anya.local")).await;
    assert_eq!(*renamed.expect("the second box takes another name").unwrap(), "anya-2.local");
    found("anya-2.local", address(2)).await;
    found("anya.local", address(1)).await;
    assert_eq!(*first.name().borrow(), "anya.local");
    second.stop().await;
    first.stop().await;
}

/// Waits until another machine finds this address, and no other, under the name.
async fn found(name: &str, address: IpAddr) {
    let daemon = ServiceDaemon::new().unwrap();
    let answers = daemon.resolve_hostname(&format!("{name}."), None).unwrap();
    let search = async {
        loop {
            if let mdns_sd::HostnameResolutionEvent::AddressesFound(_, found) =
                answers.recv_async().await.unwrap()
            {
                return found.into_iter().map(|found| found.to_ip_addr()).collect::<Vec<_>>();
            }
        }
    };
    let found =
        tokio::time::timeout(PATIENCE, search).await.unwrap_or_else(|_| panic!("{name} is not found"));
    assert_eq!(found, [address], "{name}");
    daemon.shutdown().unwrap();
}
