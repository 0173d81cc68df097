#!/usr/bin/env bash
# Makes the disk of the virtual PC: post-image.sh IMAGES_DIR BOARD
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=image/buildroot-external/board/shared/slots.sh
source "$here/../shared/slots.sh"

board=$2
parts=$BINARIES_DIR/uki
stub=$TARGET_DIR/usr/lib/systemd/boot/efi/linuxx64.efi.stub

# copy_program FILE: a program or library of the target, with the libraries that it names.
copy_program() {
    local file=$1 name found
    [[ ! -e $initrd/usr/lib/$(basename "$file") ]] || return 0
    if [[ $file == */busybox ]]; then
        install -D -m 0755 "$file" "$initrd/usr/bin/busybox"
    else
        install -D -m 0755 "$file" "$initrd/usr/lib/$(basename "$file")"
    fi
    while read -r name; do
        found=$(find "$TARGET_DIR/usr/lib" -maxdepth 1 -name "$name" -print -quit)
        [[ -n $found ]] || die "$(basename "$file") needs $name, and the target has none"
        copy_program "$found"
    done < <(readelf -Wld "$file" |
        sed -n -e 's/.*(NEEDED).*\[\(.*\)\].*/\1/p' -e 's/.*program interpreter: .*\/\(.*\)\]/\1/p')
}

make_initrd() {
    local initrd=$BUILD_DIR/anya-initrd link
    rm -rf "$initrd"
    mkdir -p "$initrd"/{dev,proc,sys,run,sysroot,usr/{bin,lib}}
    for link in bin:usr/bin lib:usr/lib lib64:usr/lib usr/lib64:lib; do ln -s "${link#*:}" "$initrd/${link%%:*}"; done
    copy_program "$TARGET_DIR/usr/bin/busybox"
    for link in sh mount mkdir cp chroot switch_root reboot; do ln -s busybox "$initrd/usr/bin/$link"; done
    install -m 0755 "$here/init" "$initrd/init"
    find "$initrd" -exec touch -h -d "@${SOURCE_DATE_EPOCH:-0}" {} +
    (cd "$initrd" && find . -mindepth 1 -print0 | LC_ALL=C sort -z |
        cpio --quiet --null --create --format=newc --reproducible --owner=0:0 | gzip -9n)
}

make_slot "$board"

# The kernel image's parts: `image sign` makes the signed one of them.
rm -rf "$parts" && mkdir -p "$parts"
cp "$BINARIES_DIR/bzImage" "$parts/linux"
make_initrd >"$parts/initrd"
printf '%s console=tty0 console=ttyS0 systemd.import_credentials=no %s\n' \
    "$(command_line "$board")" "$verity_words" >"$parts/cmdline"
cp "$TARGET_DIR/usr/lib/os-release" "$parts/os-release"

[[ -e $stub ]] || die "there is no $stub: is BR2_PACKAGE_SYSTEMD_BOOT on?"
ukify build --linux="$parts/linux" --initrd="$parts/initrd" --cmdline="@$parts/cmdline" \
    --os-release="@$parts/os-release" --stub="$stub" --output="$BINARIES_DIR/anya.efi"
printf 'timeout 0\neditor no\n' >"$BINARIES_DIR/loader.conf"
make_disk "$board" "$here/genimage.cfg.in"

cat <<TEXT
disk.raw is ready and NOT signed: it boots without Secure Boot only, and its kernel image carries no signed
PCR policy, so a box with a TPM keeps its data closed. Buildroot has neither sbsigntools nor a host
systemd-measure with TPM support. Sign with the project's own tool:
  board/qemu_x86_64/sign $BINARIES_DIR
TEXT
