# shellcheck shell=bash
# Read by the boards' post-image.sh: makes a slot (root, hash tree, kernel command line) out of what
# Buildroot built. Sizes and command line are the board's, from board-configs/.
#
# Expects Buildroot's environment: BINARIES_DIR, TARGET_DIR, BUILD_DIR.

shared=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
checkout=$(cd "$shared/../../../.." && pwd)

die() { printf '%s: %s\n' "$(basename "$0")" "$*" >&2; exit 1; }

# board_files BOARD: its own file, if there is one, and the one that all share.
board_files() {
    local file
    for file in "$checkout/board-configs/$1/board.toml" "$checkout/board-configs/common/board.toml"; do
        [[ ! -f $file ]] || printf '%s\n' "$file"
    done
}

# slot_mib BOARD KEY: a size out of [slots], in MiB.
slot_mib() {
    local file size
    while read -r file; do
        size=$(sed -n "/^\[slots\]/,/^\[/s/^$2 *= *\([0-9]*\).*/\1/p" "$file")
        [[ -z $size ]] || { printf '%s\n' "$size"; return; }
    done < <(board_files "$1")
    die "no board file has slots.$2"
}

# command_line BOARD: the words of every board and this one's own.
command_line() {
    local file
    while read -r file; do
        sed -n '/^\[kernel\]/,/^\[/p' "$file" |
            sed -n '/^command_line *= *\[/,/\]/p' | grep -o '"[^"]*"' | tr -d '"' || true
    done < <(board_files "$1") | xargs
}

# without_root_words: a command line without the words about a root and its systemd.
without_root_words() { tr ' ' '\n' | grep -vE '^(ro$|rootfstype=|systemd\.)' | xargs; }

as_uuid() { sed -E 's/^(.{8})(.{4})(.{4})(.{4})(.{12}).*/\1-\2-\3-\4-\5/' <<<"$1"; }

# make_slot BOARD: root.raw, verity.raw, roothash and manifest.json in the images folder, as `ota-release make` reads
# them; sets root_uuid and verity_uuid. The two partitions' UUIDs are the halves of the root hash (UAPI.2),
# and the salt comes from the root: two builds of the same root are the same.
make_slot() {
    local board=$1 root=$BINARIES_DIR/root.raw verity=$BINARIES_DIR/verity.raw digest made hash
    cp -f "$BINARIES_DIR/rootfs.erofs" "$root"
    rm -f "$verity"
    digest=$(sha256sum "$root" | cut -c1-64)
    made=$(veritysetup format --data-block-size=4096 --hash-block-size=4096 --hash=sha256 \
        --salt="$digest" --uuid="$(as_uuid "$digest")" "$root" "$verity")
    hash=$(sed -n 's/^Root hash:[[:space:]]*//p' <<<"$made")
    [[ $hash =~ ^[0-9a-f]{64}$ ]] || die "veritysetup said something else: $made"
    printf '%s\n' "$hash" >"$BINARIES_DIR/roothash"
    root_uuid=$(as_uuid "${hash:0:32}")
    verity_uuid=$(as_uuid "${hash:32:32}")
    fits "$root" "$(slot_mib "$board" root_mib)"
    fits "$verity" "$(slot_mib "$board" verity_mib)"
    printf '{"board":"%s","version":"%s"}\n' "$board" "$(version)" >"$BINARIES_DIR/manifest.json"
}

# root_word: what names the root on the command line. anya-initrd sets it up, and anya-slots knows the running slot by it.
root_word() { printf 'roothash=%s' "$(<"$BINARIES_DIR/roothash")"; }

# fits FILE MIB
fits() {
    local bytes
    bytes=$(stat -c %s "$1")
    ((bytes <= $2 * 1048576)) || die "$(basename "$1") has $bytes bytes; the board's slot holds $2 MiB"
}

# The version of the workspace, as the boot loader orders it (1.2.3~rc.1): labels and names carry it.
version() { sed -n 's/^version = "\(.*\)"/\1/p' "$checkout/Cargo.toml" | head -n 1 | sed 's/-/~/'; }

# make_disk BOARD TEMPLATE: disk.raw. Slot B and the data partition are made by the box's first boot.
make_disk() {
    local work=$BUILD_DIR/genimage.anya
    sed -e "s/@ESP_MIB@/$(slot_mib "$1" esp_mib)/" -e "s/@ROOT_MIB@/$(slot_mib "$1" root_mib)/" \
        -e "s/@VERITY_MIB@/$(slot_mib "$1" verity_mib)/" -e "s/@VERSION@/$(version)/" \
        -e "s/@ROOT_UUID@/$root_uuid/" -e "s/@VERITY_UUID@/$verity_uuid/" "$2" >"$BUILD_DIR/genimage.anya.cfg"
    rm -rf "$work" && mkdir -p "$work/root"
    genimage --rootpath "$work/root" --tmppath "$work/tmp" --inputpath "$BINARIES_DIR" \
        --outputpath "$BINARIES_DIR" --config "$BUILD_DIR/genimage.anya.cfg"
}
