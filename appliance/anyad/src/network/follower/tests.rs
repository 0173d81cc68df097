use rustls_pki_types::CertificateDer;

use super::*;
use crate::config::Http;

fn follower(token: Token, folder: &std::path::Path) -> (Follower, watch::Receiver<Presence>) {
    let http = Http { listen: vec!["[::]:443".parse().unwrap()], ..Http::default() };
    let names = Names { dns: http.hostnames.clone(), addresses: Vec::new() };
    let identity = tls::identity(&token, folder, &names, Timestamp::now()).unwrap();
    let (presence, present) = watch::channel(presence(&["https://localhost".into()], &identity));
    let served = ServedCertificate::new(identity.chain, identity.key).unwrap();
    let console = Arc::new(Console::open(&["/dev/null".into()]).unwrap_or_else(|_| panic!("no /dev/null")));
    let follower = Follower {
        http,
        port: 443,
        token,
        folder: folder.to_owned(),
        served: Arc::new(served),
        presence,
        console,
        certified: names,
    };
    (follower, present)
}

#[tokio::test]
async fn a_gain_gives_a_new_certificate_and_a_loss_does_not() {
    let folder = tempfile::tempdir().unwrap();
    let (token, _sim) = hal_sim::open("sim");
    let (mut follower, present) = follower(token, folder.path());
    let shown = || (present.borrow().address.clone(), present.borrow().certificate.sha256.clone());
    let before = shown();

    let site = |name: &str, addresses: &[&str]| Site {
        name: Some(name.into()),
        addresses: addresses.iter().map(|address| address.parse().unwrap()).collect(),
    };
    follower.follow(&site("anya.local", &["192.168.1.20"])).await.unwrap();
    let gained = shown();
    assert_eq!(gained.0, "https://anya.local");
    assert_ne!(gained.1, before.1);
    let pem = std::fs::read(folder.path().join("server.pem")).unwrap();
    let on_disk = <CertificateDer<'_> as rustls_pki_types::pem::PemObject>::from_pem_slice(&pem).unwrap();
    assert_eq!(appliance_core::fingerprint::Fingerprint::of(&on_disk).hex(), gained.1);

    follower.follow(&site("anya.local", &[])).await.unwrap();
    assert_eq!(shown().1, gained.1, "a loss changes nothing");

    follower.follow(&site("anya-2.local", &[])).await.unwrap();
    let renamed = shown();
    assert_eq!(renamed.0, "https://anya-2.local");
    assert_ne!(renamed.1, gained.1);
    let names = tls::certified_names(folder.path()).unwrap();
    assert_eq!(names.dns, ["localhost", "anya.local", "anya-2.local"]);
    assert_eq!(names.addresses, ["192.168.1.20".parse::<std::net::IpAddr>().unwrap()]);
}

#[tokio::test]
async fn when_the_hsm_is_gone_the_old_certificate_is_served_on() {
    let folder = tempfile::tempdir().unwrap();
    let (token, sim) = hal_sim::open("sim");
    let (mut follower, present) = follower(token, folder.path());
    let before = present.borrow().certificate.sha256.clone();
    sim.pull_out();
    let site = Site { name: Some("anya.local".into()), addresses: Vec::new() };
    assert!(follower.follow(&site).await.is_err());
    assert_eq!(present.borrow().certificate.sha256, before);
    sim.plug_in();
    follower.follow(&site).await.unwrap();
    assert_ne!(present.borrow().certificate.sha256, before);
}
