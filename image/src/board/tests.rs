//! Board files: what is inherited, and which key an error names.

use super::*;

const COMMON_FILE: &str = "
    [kernel]
    modules = ['/erofs.ko']
    initrd_modules = ['/erofs.ko']
    command_line = ['quiet']
    [slots]
    esp_mib = 160
    root_mib = 512
    verity_mib = 8
";

const BOARD_FILE: &str = "
    inherits = 'common'
    name = 'toaster'
    description = 'A toaster'
    architecture = 'x86_64'
    [kernel]
    package = 'linux-image-amd64'
    modules = ['/heat.ko']
    [console]
    serial = 'ttyS0'
    screen = 'tty0'
    [tpm]
    use = 'never'
    [slots]
    root_mib = 256
";

/// A checkout whose board `toaster` has this file.
fn checkout(board: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in [("common", COMMON_FILE), ("toaster", board)] {
        let board = folder.path().join(FOLDER).join(name);
        fs::create_dir_all(&board).unwrap();
        fs::write(board.join("board.toml"), text).unwrap();
    }
    folder
}

/// What a person reads who reads the board.
fn refusal(board: &str) -> String {
    let checkout = checkout(board);
    format!("{:#}", Board::read(checkout.path(), "toaster").unwrap_err())
}

#[test]
fn a_board_adds_to_the_inherited_lists_and_replaces_single_values() {
    let board = Board::read(checkout(BOARD_FILE).path(), "toaster").unwrap();
    assert_eq!(board.kernel.modules, ["/erofs.ko", "/heat.ko"]);
    assert_eq!(board.kernel.initrd_modules, ["/erofs.ko"]);
    assert_eq!(board.slots, Slots { esp_mib: 160, root_mib: 256, verity_mib: 8 });
    assert_eq!(board.tpm.wanted, TpmUse::Never);
}

#[test]
fn a_wrong_file_is_refused_with_the_key_and_the_file() {
    let cases = [
        ("an unknown key", BOARD_FILE.replace("screen", "scren"), "scren"),
        ("a missing key", BOARD_FILE.replace("serial = 'ttyS0'", ""), "serial"),
        ("a value of the wrong kind", BOARD_FILE.replace("256", "'256'"), "`slots.root_mib` is string"),
        ("a list that was a list", BOARD_FILE.replace("['/heat.ko']", "'/heat.ko'"), "`kernel.modules`"),
        ("an unknown word", BOARD_FILE.replace("'never'", "'sometimes'"), "sometimes"),
        ("an architecture that is not built", BOARD_FILE.replace("x86_64", "z80"), "z80"),
        (
            "a boot partition that is too small",
            BOARD_FILE.replace("root_mib = 256", "root_mib = 256\nesp_mib = 127"),
            "`slots.esp_mib` is 127",
        ),
        ("a root that is too small", BOARD_FILE.replace("256", "64"), "`slots.root_mib` is 64"),
        ("too small a hash tree", BOARD_FILE.replace("256", "4096"), "`slots.verity_mib` is 8"),
        ("two words in one", BOARD_FILE.replace("'/heat.ko'", "'/heat.ko /x'"), "`kernel.modules`"),
        ("another name", BOARD_FILE.replace("name = 'toaster'", "name = 'oven'"), "`name` is `oven`"),
        ("a parent that is not there", BOARD_FILE.replace("'common'", "'commn'"), "commn"),
        ("a circle", BOARD_FILE.replace("'common'", "'toaster'"), "`inherits` goes in a circle"),
        ("no TOML", BOARD_FILE.replace("[tpm]", "[tpm"), "TOML parse error"),
    ];
    for (case, file, told) in cases {
        let refusal = refusal(&file);
        assert!(refusal.contains(told), "{case}: {refusal}");
        assert!(refusal.contains("board-configs/toaster/board.toml"), "{case}: {refusal}");
    }
}

#[test]
fn an_unknown_board_is_refused_with_the_names_of_those_there_are() {
    let refusal = Board::read(checkout(BOARD_FILE).path(), "kettle").unwrap_err().to_string();
    assert_eq!(refusal, "there is no board `kettle`; the boards are: toaster");
}

#[test]
fn every_board_of_the_checkout_can_be_read_and_says_what_was_verified() {
    let repository = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let names = names(repository).unwrap();
    assert!(names.contains(&"qemu-x86_64".to_owned()), "{names:?}");
    for name in names {
        let board = Board::read(repository, &name).unwrap();
        assert!(!board.verified.is_empty(), "{name}");
    }
}
