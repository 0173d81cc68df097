//! Bytes that somebody changed, anywhere: nothing panics, and nothing is taken for what it is not.

use std::sync::LazyLock;

use ota_client::bundle::BundleFile;
use ota_client::kernel_image::KernelImage;
use ota_client::openpgp::{Certificates, findings};
use ota_client::source::Cancel;
use ota_client::unpack::unpack;
use ota_core::layout;
use ota_core::trust::count;
use proptest::prelude::*;

use crate::release::{AnyaBox, MANIFEST, NOW, Release, chunks, file};
use crate::tar_file::{archive, entries};

static RELEASE: LazyLock<Release> = LazyLock::new(Release::new);
static BUNDLE: LazyLock<Vec<u8>> = LazyLock::new(|| archive(&entries(&RELEASE)));

/// Bytes with some of them changed, and the end cut off.
fn spoil(bytes: &[u8], changes: &[(prop::sample::Index, u8)], cut: prop::sample::Index) -> Vec<u8> {
    let mut spoilt = bytes.to_vec();
    for (at, byte) in changes {
        spoilt[at.index(bytes.len())] = *byte;
    }
    spoilt.truncate(cut.index(bytes.len() + 1));
    spoilt
}

fn changes() -> impl Strategy<Value = Vec<(prop::sample::Index, u8)>> {
    prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..4)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn a_bundle(changes in changes(), cut: prop::sample::Index, head in any::<bool>()) {
        // Half of the cases are about the documents, which are a hundredth of the file.
        let part = if head { &BUNDLE[..6000] } else { &BUNDLE[..] };
        let spoilt = spoil(part, &changes, cut);
        let mut anya_box = AnyaBox::for_release(&RELEASE);
        if let Ok(checked) = anya_box.check(&mut BundleFile::new(&spoilt[..], Cancel::default())) {
            prop_assert_eq!(checked.manifest, RELEASE.manifest.clone());
        } else {
            prop_assert!(anya_box.stored.is_empty());
        }
    }

    #[test]
    fn signatures(changes in changes(), cut: prop::sample::Index) {
        let certificates = Certificates::read(&RELEASE.list).unwrap();
        let document = &RELEASE.files[MANIFEST];
        let spoilt = spoil(&RELEASE.files[&layout::signatures(MANIFEST)], &changes, cut);
        let found = findings(&[&certificates], document, &spoilt, NOW.parse().unwrap());
        if let Ok(names) = count(certificates.signers(), &found) {
            prop_assert_eq!(names.len(), 2);
        }
        let other = findings(&[&certificates], b"another document", &spoilt, NOW.parse().unwrap());
        prop_assert!(count(certificates.signers(), &other).is_err());
    }

    #[test]
    fn a_kernel_image(changes in prop::collection::vec((0_usize..1024, any::<u8>()), 0..6)) {
        let mut image = RELEASE.parts.images[2].clone();
        for (at, byte) in changes {
            image[at] = byte;
        }
        if let Ok(read) = KernelImage::read(&file(&image)) {
            prop_assert!(read.command_line.len() + read.os_release.len() <= 128 * 1024);
        }
    }

    #[test]
    fn the_file_of_a_chunk(changes in changes(), cut: prop::sample::Index) {
        let image = &RELEASE.parts.images[1];
        let (chunk, packed) = chunks(image).remove(0);
        if let Ok(bytes) = unpack(&spoil(&packed, &changes, cut), &chunk) {
            prop_assert_eq!(&bytes[..], &image[..bytes.len()]);
        }
    }
}
