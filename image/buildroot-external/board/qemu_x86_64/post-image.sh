#!/usr/bin/env bash
# Makes the disk of the virtual PC: post-image.sh IMAGES_DIR BOARD
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=image/buildroot-external/board/shared/slots.sh
source "$here/../shared/slots.sh"
# shellcheck source=image/buildroot-external/board/shared/initrd.sh
source "$here/../shared/initrd.sh"

board=$2
parts=$BINARIES_DIR/uki
stub=$TARGET_DIR/usr/lib/systemd/boot/efi/linuxx64.efi.stub

# kernel_image NAME: NAME.efi, unsigned, of the parts NAME.cmdline and NAME.os-release.
kernel_image() {
    ukify build --linux="$parts/linux" --initrd="$parts/initrd" --cmdline="@$parts/$1.cmdline" \
        --os-release="@$parts/$1.os-release" --stub="$stub" --output="$BINARIES_DIR/$1.efi"
}

make_slot "$board"

# The kernel images' parts: `image sign` makes the signed ones of them. The rescue system is the same kernel and
# initrd under another command line, without the words about a root and its systemd (image/src/build/rescue.rs).
rm -rf "$parts" && mkdir -p "$parts"
cp "$BINARIES_DIR/bzImage" "$parts/linux"
lay_out_initrd
add_rescue_system
pack_initrd >"$parts/initrd"
consoles='console=tty0 console=ttyS0'
printf '%s %s systemd.import_credentials=no %s\n' \
    "$consoles" "$(command_line "$board")" "$(root_word)" >"$parts/anya.cmdline"
printf '%s %s anya.rescue\n' \
    "$consoles" "$(command_line "$board" | without_root_words)" >"$parts/anya-rescue.cmdline"
cp "$TARGET_DIR/usr/lib/os-release" "$parts/anya.os-release"
cat >"$parts/anya-rescue.os-release" <<TEXT
NAME="Anya Box"
PRETTY_NAME="Anya Box, rescue system"
ID=anya
IMAGE_ID=zz-anya-rescue
IMAGE_VERSION=$(version)
TEXT

[[ -e $stub ]] || die "there is no $stub: is BR2_PACKAGE_SYSTEMD_BOOT on?"
kernel_image anya
kernel_image anya-rescue
printf 'timeout 0\neditor no\n' >"$BINARIES_DIR/loader.conf"
make_disk "$board" "$here/genimage.cfg.in"

cat <<TEXT
disk.raw is ready and NOT signed: it boots without Secure Boot only, and its kernel image carries no signed
PCR policy, so a box with a TPM keeps its data closed. Buildroot has neither sbsign nor a host systemd-measure
with TPM support. Sign with the project's own tool:
  board/qemu_x86_64/sign $BINARIES_DIR
TEXT
