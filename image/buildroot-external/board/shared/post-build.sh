#!/usr/bin/env bash
# Finishes the root after image/rootfs has been laid over it: post-build.sh TARGET_DIR BOARD
set -euo pipefail
# shellcheck source=image/buildroot-external/board/shared/slots.sh
source "$(dirname "${BASH_SOURCE[0]}")/slots.sh"

target=$1 board=$2
definitions=$target/usr/lib/anya/repart.d/base
compgen -G "$definitions/*.conf" >/dev/null || die "image/rootfs has no usr/lib/anya/repart.d/base/*.conf"

# The first boot makes slot B and the data partition; it must know the board's sizes.
for file in "$definitions"/*.conf; do
    case $(sed -n 's/^Type=//p' "$file") in
        root) size=$(slot_mib "$board" root_mib) ;;
        root-verity) size=$(slot_mib "$board" verity_mib) ;;
        *) continue ;;
    esac
    sed -i "s/^\(Size\(Min\|Max\)Bytes\)=.*/\1=${size}M/" "$file"
done

# systemd's generators and udev's database go, as the other builder's definition says (RemoveFiles=).
mapfile -t unwanted < <(sed -nE 's,^ +(/usr/lib/(systemd/system-generators|udev)/.+)$,\1,p' \
    "$checkout/image/mkosi/mkosi.conf")
((${#unwanted[@]} > 0)) || die "image/mkosi/mkosi.conf names no generator that is to go"
rm -rf "${unwanted[@]/#/$target}"

# What the box takes itself for, and what an update's kernel image has to say of itself (os-release(5)).
printf 'IMAGE_ID=anya\nIMAGE_VERSION=%s\n' "$(version)" >>"$target/usr/lib/os-release"

# Places of the boot partition and the data partition.
mkdir -p "$target/efi" "$target/data" "$target/usr/lib/anya"
printf '%s\n' "$board" >"$target/usr/lib/anya/board"
# The form of dev-tools/fetch/bitcoind, whose line the node page and the SBOM show.
bitcoin=$(sed -n 's/^BITCOIN_VERSION = //p' package/bitcoin/bitcoin.mk)
printf 'Bitcoin Core %s, built from its release source by Buildroot %s\n' "$bitcoin" "$BR2_VERSION" \
    >"$target/usr/lib/anya/bitcoind.SOURCE"

# Only the machine's own data partition is written to: no identity, and no user is made, at boot. So the
# users of sysusers.d become Buildroot's (mkusers takes them while the root is made).
: >"$target/etc/machine-id"
for file in "$checkout"/image/rootfs/usr/lib/sysusers.d/*.conf; do
    [[ ! -e $file ]] || awk -f "$shared/sysusers.awk" "$file"
done >"$BUILD_DIR/anya.users"
