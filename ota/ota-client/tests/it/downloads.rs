//! Servers that do what they should not, and connections that break: each has its own reason, and nothing is
//! written because of it.

use std::collections::BTreeMap;
use std::num::NonZeroU64;
use std::time::Duration;

use ota_client::assemble::{AssembleError, Plan, Progress, Target};
use ota_client::index::Index;
use ota_client::seed::Seeds;
use ota_client::source::{Cancel, HttpServer, Repository, Source, Terms};
use ota_core::transfer::Pace;
use ota_core::trust::Verdict;

use crate::release::{AnyaBox, MANIFEST, Release, content, file};
use crate::server::{Asked, Server, Trick};

/// Terms of somebody who does not wait long: a fifth of a second for 10 kB.
fn impatient() -> Terms {
    Terms { pace: Pace { bytes: 10_000, window: Duration::from_millis(200) }, ..Terms::default() }
}

/// A release on a server that plays a trick with one of its files.
struct Offered {
    release: Release,
    server: Server,
    terms: Terms,
}

impl Offered {
    fn by(trick: Option<(&str, Trick)>) -> Self {
        let release = Release::new();
        let tricks = trick.map(|(path, trick)| (path.to_owned(), trick)).into_iter().collect();
        let server = Server::start(release.files.clone(), tricks);
        Self { release, server, terms: Terms::default() }
    }

    /// The trick is played with the first chunk of the root.
    fn with_first_chunk(trick: Trick) -> Self {
        let release = Release::new();
        let tricks = BTreeMap::from([(release.first_chunk(), trick)]);
        let server = Server::start(release.files.clone(), tricks);
        Self { release, server, terms: Terms::default() }
    }

    fn source(&self) -> Repository<HttpServer> {
        Repository(HttpServer::new(&self.server.url(), self.terms.clone()).unwrap())
    }

    /// The code of the refusal of the check.
    fn check_refusal(&self) -> &'static str {
        AnyaBox::for_release(&self.release).refusal(&mut self.source())
    }

    /// Puts the root together in a file that holds `before`.
    fn install_root(&self, before: &[u8]) -> (Result<Progress, AssembleError>, Vec<u8>) {
        let root = file(before);
        let mut source = self.source();
        let cancel = Cancel::default();
        let result = Index::fetch_all(&mut source, &self.release.manifest)
            .map_err(AssembleError::from)
            .and_then(|[index, ..]| {
                let seeds = Seeds::default();
                let plan = Plan::make(vec![Target { index: &index, file: &root }], &seeds, &cancel)?;
                plan.carry_out(&mut source, &cancel, &mut |_| ())
            });
        (result, content(&root))
    }

    /// The code and the words of the refusal of the first chunk. Nothing may have been written.
    fn chunk_refusal(&self) -> (&'static str, String) {
        let (result, root) = self.install_root(b"before");
        assert_eq!(root, b"before", "something was written");
        let error = result.unwrap_err();
        (error.code(), error.to_string())
    }

    /// Where from the first chunk was asked for, each time.
    fn asked_for_first_chunk(&self) -> Vec<usize> {
        let path = self.release.first_chunk();
        let asked: Asked = self.server.asked();
        asked.into_iter().filter(|(of, _)| *of == path).map(|(_, from)| from).collect()
    }
}

#[test]
fn a_release_comes_from_a_server() {
    let offered = Offered::by(None);
    let checked = AnyaBox::for_release(&offered.release).check(&mut offered.source()).unwrap();
    assert!(matches!(checked.verdict, Verdict::Offer(_)));
    let (result, root) = offered.install_root(b"");
    let fetched = result.unwrap().fetched;
    assert!(root == offered.release.parts.images[0] && fetched > 690_000, "{fetched}");
}

#[test]
fn documents_that_do_not_come_as_they_should_are_refused() {
    let refusal = |path: &str, trick| Offered::by(Some((path, trick))).check_refusal();
    let signatures = format!("{MANIFEST}.sig");
    let elsewhere = || Trick::Redirect("https://mirror.example/".to_owned());
    assert_eq!(refusal(MANIFEST, Trick::Status(404)), "no_release");
    assert_eq!(refusal(&signatures, Trick::Status(404)), "wrong_signer");
    assert_eq!(refusal(MANIFEST, Trick::Status(500)), "server_error");
    assert_eq!(refusal("signers/2.json", Trick::Status(503)), "server_error", "it may be there");
    assert_eq!(refusal(MANIFEST, elsewhere()), "redirect_elsewhere");
    assert_eq!(refusal("signers/2.json", elsewhere()), "redirect_elsewhere");
    assert_eq!(refusal(MANIFEST, Trick::Endless), "document_too_large");
    assert_eq!(refusal(MANIFEST, Trick::Huge), "document_too_large");
    assert_eq!(refusal(&signatures, Trick::Endless), "document_too_large");
    assert_eq!(refusal("signers/2.json", Trick::Endless), "document_too_large");
    assert_eq!(refusal(MANIFEST, Trick::Short(200)), "not_json");
    assert_eq!(refusal(MANIFEST, Trick::Cut(200)), "broken_off");
    assert_eq!(refusal(MANIFEST, Trick::Unasked), "other_range");
    for trick in [Trick::Silence, Trick::Trickle] {
        let mut offered = Offered::by(Some((MANIFEST, trick)));
        offered.terms = impatient();
        assert_eq!(offered.check_refusal(), "slow_server");
    }
}

#[test]
fn a_manifest_over_its_limit_is_not_read() {
    let mut release = Release::new();
    release.files.get_mut(MANIFEST).unwrap().resize(64 * 1024 + 1, b' ');
    let server = Server::start(release.files.clone(), BTreeMap::new());
    let offered = Offered { release, server, terms: Terms::default() };
    assert_eq!(offered.check_refusal(), "document_too_large");
    assert!(offered.server.asked().iter().all(|(path, _)| !path.ends_with("manifest.json.sig")));
}

#[test]
fn chunks_that_do_not_come_as_they_should_are_refused_and_not_written() {
    let refusal = |trick| Offered::with_first_chunk(trick).chunk_refusal();
    let elsewhere = Trick::Redirect("http://127.0.0.1:1/".to_owned());
    let words = "The server sends this box elsewhere, to http://127.0.0.1:1/.".to_owned();
    assert_eq!(refusal(elsewhere), ("redirect_elsewhere", words));
    assert_eq!(refusal(Trick::Redirect("/moved".to_owned())).0, "redirect_elsewhere", "not even there");
    assert_eq!(refusal(Trick::Status(404)).0, "missing");
    assert_eq!(refusal(Trick::Status(500)).0, "server_error");
    assert_eq!(refusal(Trick::Endless).0, "endless_response");
    assert_eq!(refusal(Trick::Huge).0, "endless_response");
    let (code, words) = refusal(Trick::Short(1000));
    assert_eq!(code, "truncated");
    assert!(words.ends_with("bytes were promised, and 1000 came."), "{words}");
    for trick in [Trick::Silence, Trick::Trickle] {
        let mut offered = Offered::with_first_chunk(trick);
        offered.terms = impatient();
        assert_eq!(offered.chunk_refusal(), ("slow_server", "The server is too slow.".to_owned()));
    }
}

#[test]
fn what_came_is_kept_when_the_connection_breaks_off() {
    let offered = Offered::with_first_chunk(Trick::Cut(20_000));
    let (result, root) = offered.install_root(b"");
    result.unwrap();
    assert_eq!(root, offered.release.parts.images[0]);
    let asked = offered.asked_for_first_chunk();
    assert!(asked.len() >= 2, "{asked:?}");
    assert!(asked.iter().enumerate().all(|(time, from)| *from == time * 20_000), "{asked:?}");
    // A server without ranges begins anew.
    let offered = Offered::with_first_chunk(Trick::CutWithoutRanges(9_000));
    let (result, root) = offered.install_root(b"");
    result.unwrap();
    assert_eq!(root, offered.release.parts.images[0]);
    assert_eq!(offered.asked_for_first_chunk(), [0, 9_000]);
}

#[test]
fn a_server_that_breaks_off_for_ever_is_left() {
    let offered = Offered::with_first_chunk(Trick::Cut(0));
    assert_eq!(offered.chunk_refusal().0, "broken_off");
    assert_eq!(offered.asked_for_first_chunk(), [0]);
    let offered = Offered::with_first_chunk(Trick::Cut(1));
    assert_eq!(offered.chunk_refusal().0, "broken_off");
    assert_eq!(offered.asked_for_first_chunk(), [0, 1, 2, 3, 4, 5, 6, 7, 8]);
}

#[test]
fn a_range_that_lies_is_refused() {
    let refusal = |trick| Offered::with_first_chunk(trick).chunk_refusal();
    let words = "The server was asked for a part of a file and sent another one.".to_owned();
    assert_eq!(refusal(Trick::OtherRange(5_000)), ("other_range", words));
    assert_eq!(refusal(Trick::Unasked).0, "other_range");
    assert_eq!(refusal(Trick::OtherBytes(5_000)).0, "other_content");
}

#[test]
fn other_content_under_the_right_name_is_refused() {
    let with = |change: &dyn Fn(&mut Vec<u8>)| {
        let mut release = Release::new();
        let path = release.first_chunk();
        change(release.files.get_mut(&path).unwrap());
        let server = Server::start(release.files.clone(), BTreeMap::new());
        Offered { release, server, terms: Terms::default() }.chunk_refusal()
    };
    // Of the length of the file that the index promises, or the server would be refused for that.
    let filled = |packed: Vec<u8>, length: usize| {
        let rest = u32::try_from(length - packed.len() - 8).unwrap();
        // A skippable frame (RFC 8878, 3.1.2).
        [packed, 0x184D_2A50_u32.to_le_bytes().to_vec(), rest.to_le_bytes().to_vec(), vec![0; rest as usize]]
            .concat()
    };
    let repacked = |content: &[u8]| {
        let packed = zstd::encode_all(content, 1).unwrap();
        with(&|file: &mut Vec<u8>| *file = filled(packed.clone(), file.len()))
    };
    assert_eq!(with(&|file| file[100] ^= 1).0, "other_content");
    assert_eq!(repacked(b"short").0, "truncated");
    let (code, words) = repacked(&vec![0; 8 << 20]);
    assert_eq!(code, "decompression_bomb");
    assert!(words.contains("unpacks to more than its"), "{words}");
}

#[test]
fn an_index_that_is_not_the_promised_one_is_refused() {
    let refusal = |change: &dyn Fn(&mut Release)| {
        let mut release = Release::new();
        change(&mut release);
        let server = Server::start(release.files.clone(), BTreeMap::new());
        Offered { release, server, terms: Terms::default() }.chunk_refusal().0
    };
    let index = |part: &str| format!("stable/qemu-x86_64/1.1.0/{part}.index");
    assert_eq!(refusal(&|release| release.files.get_mut(&index("root")).unwrap()[20] ^= 1), "other_content");
    assert_eq!(
        refusal(&|release| release.files.get_mut(&index("root")).unwrap().push(0)),
        "endless_response"
    );
    assert_eq!(refusal(&|release| drop(release.files.remove(&index("uki")))), "missing");
    // Signed, and of another part all the same.
    assert_eq!(
        refusal(&|release| {
            let verity = release.files[&index("verity")].clone();
            release.manifest.root.index = release.manifest.verity.index;
            release.files.insert(index("root"), verity);
        }),
        "bad_index"
    );
}

#[test]
fn it_stops_when_it_is_told_to() {
    let mut offered = Offered::by(None);
    let cancel = Cancel::default();
    offered.terms.cancel = cancel.clone();
    let mut source = offered.source();
    source.signer_list(1).unwrap();
    cancel.cancel();
    let error = source.signer_list(1).unwrap_err();
    assert_eq!((error.code(), error.to_string().as_str()), ("stopped", "It was stopped."));
    // Also while it waits for its own limit of bandwidth: at a byte a second this would take a day.
    offered.terms = Terms { bandwidth: NonZeroU64::new(1), cancel: Cancel::default(), ..Terms::default() };
    let (mut source, cancel) = (offered.source(), offered.terms.cancel.clone());
    let server = offered.server.asked().len();
    std::thread::scope(|threads| {
        let fetched = threads
            .spawn(move || source.manifest(&"stable".parse().unwrap(), &"qemu-x86_64".parse().unwrap()));
        while offered.server.asked().len() == server {
            std::thread::yield_now();
        }
        cancel.cancel();
        assert_eq!(fetched.join().unwrap().unwrap_err().code(), "stopped");
    });
}

#[test]
fn the_boxs_own_pauses_do_not_make_a_server_slow() {
    let mut offered = Offered::by(None);
    // 20 kB/s by the box itself, and a server that would have to send 100 kB in a fifth of a second.
    offered.terms = Terms {
        pace: Pace { bytes: 20_000, window: Duration::from_millis(200) },
        bandwidth: NonZeroU64::new(80_000),
        ..Terms::default()
    };
    let mut source = offered.source();
    let [index, ..] = Index::fetch_all(&mut source, &offered.release.manifest).unwrap();
    let (_, chunk) = index.chunks().next().unwrap();
    assert_eq!(source.chunk(&chunk).unwrap().len(), chunk.compressed as usize);
}

#[test]
fn a_server_that_is_not_there_is_told() {
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let mut source = Repository(HttpServer::new(&format!("http://{free}/x"), Terms::default()).unwrap());
    let error = source.signer_list(2).unwrap_err();
    assert_eq!(error.code(), "unreachable");
    assert!(error.may_pass() && error.to_string().contains("cannot be reached"), "{error}");
    let error = HttpServer::new("http://updates.example/", Terms::default()).unwrap_err();
    assert_eq!(error.code(), "bad_address");
}
