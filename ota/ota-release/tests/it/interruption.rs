//! Publishing that is cut off after any of its steps.

use jiff::Timestamp;
use ota_release::publish;
use ota_release::repository::Repository;

use crate::image::Image;
use crate::workshop::Workshop;

#[test]
fn an_interrupted_publish_leaves_the_old_release_or_the_new_one_whole() {
    for (cut, current) in [(0, "1.0.0"), (1, "1.0.0"), (2, "1.1.0"), (3, "1.1.0")] {
        let workshop = Workshop::new();
        workshop.release(&Image::of("1.0.0"));
        workshop.make(&Image::of("1.1.0").changed());
        workshop.sign("Bob");
        workshop.sign("Carol");
        let repository = Repository::open(&workshop.repository()).unwrap();
        let place = repository.places().unwrap().remove(0);
        let staged = repository.staged(&place).unwrap();
        let (_, steps) = publish::prepare(&repository, &staged, Timestamp::now()).unwrap();
        assert_eq!(steps.len(), 3);
        for step in &steps[..cut] {
            step.take(&repository).unwrap();
        }
        // What a box makes of it now, and after the command was given again.
        assert_eq!(workshop.verify()["version"], current, "after {cut} steps");
        workshop.answer(&["publish", "--board", "qemu-x86_64", "--version", "1.1.0"]);
        assert_eq!(workshop.verify()["version"], "1.1.0");
        let manifest = "stable/qemu-x86_64/manifest.json.sig";
        assert_eq!(workshop.read(manifest), staged.document.signatures, "after {cut} steps");
    }
}
