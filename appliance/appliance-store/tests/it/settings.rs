//! What the owner decided.

use appliance_core::settings::Settings;

use crate::Folder;

#[test]
fn the_last_decision_is_there_after_a_restart() {
    let folder = Folder::new();
    let store = folder.open();
    assert_eq!(store.read("node").unwrap(), None);
    store.keep("node", "one").unwrap();
    store.keep("other", "else").unwrap();
    store.keep("node", "two").unwrap();
    drop(store);
    assert_eq!(folder.open().read("node").unwrap().as_deref(), Some("two"));
}
