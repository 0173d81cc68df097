#!/usr/bin/env bash
# Makes the card of the Raspberry Pi 5: post-image.sh IMAGES_DIR BOARD
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=image/buildroot-external/board/shared/slots.sh
source "$here/../shared/slots.sh"
# shellcheck source=image/buildroot-external/board/shared/initrd.sh
source "$here/../shared/initrd.sh"

board=$2

# The kernel and the device trees that were built, one line each for genimage's list of files.
kernel_files() {
    local file
    for file in "$BINARIES_DIR"/Image "$BINARIES_DIR"/*.dtb; do
        [[ -e $file ]] || die "there is no $(basename "$file") in the images folder"
        printf '\t\t\t"%s",\n' "$(basename "$file")"
    done
}

make_slot "$board"

# What goes into boot.img, which is a release's kernel image on this board.
lay_out_initrd
pack_initrd >"$BINARIES_DIR/initrd"
printf 'console=tty1 console=ttyAMA10,115200 %s systemd.import_credentials=no %s\n' \
    "$(command_line "$board")" "$(root_word)" >"$BINARIES_DIR/cmdline.txt"
cp "$TARGET_DIR/usr/lib/os-release" "$BINARIES_DIR/osrel.txt"

cp "$here/autoboot.txt" "$here/config-partition.txt" "$BINARIES_DIR"
kernel_files >"$BUILD_DIR/anya-kernel-files"
sed -e "/@KERNEL_FILES@/{r $BUILD_DIR/anya-kernel-files
d}" "$here/genimage.cfg.in" >"$BUILD_DIR/genimage.anya.in"
make_disk "$board" "$BUILD_DIR/genimage.anya.in"

cat <<'TEXT'
disk.raw is ready for a card. The boot partitions are not signed: on this board the boot loader does not
verify what it starts, so verity protects the root against faults and not against somebody with the card.
TEXT
