# shellcheck shell=bash
# Read by the boards' post-image.sh: makes the initrd, which is anya-initrd and what it needs, as in the other
# builder's image (image/mkosi/mkosi.images/initrd). The kernel has its drivers built in.
#
# Expects Buildroot's environment (BINARIES_DIR, TARGET_DIR, BUILD_DIR), and `die` of slots.sh.

initrd=$BUILD_DIR/anya-initrd-tree

# copy_program FILE [PLACE]: a program or library, with the libraries that it names, which are the target's.
copy_program() {
    local file=$1 place=${2:-usr/lib/$(basename "$1")} name found
    [[ ! -e $initrd/$place ]] || return 0
    install -D -m 0755 "$file" "$initrd/$place"
    while read -r name; do
        found=$(find "$TARGET_DIR/usr/lib" -maxdepth 1 -name "$name" -print -quit)
        [[ -n $found ]] || die "$(basename "$file") needs $name, and the target has none"
        copy_program "$found"
    done < <(readelf -Wld "$file" |
        sed -n -e 's/.*(NEEDED).*\[\(.*\)\].*/\1/p' -e 's/.*program interpreter: .*\/\(.*\)\]/\1/p')
}

# target_program NAME: where the target has a program.
target_program() {
    local found
    found=$(find "$TARGET_DIR"/usr/{sbin,bin}/ -maxdepth 1 -name "$1" -print -quit)
    [[ -n $found ]] || die "the target has no $1"
    printf '%s\n' "$found"
}

# lay_out_initrd: what every initrd has.
lay_out_initrd() {
    local link
    rm -rf "$initrd"
    mkdir -p "$initrd"/{dev,proc,sys,run,usr/{bin,sbin,lib}}
    for link in bin:usr/bin sbin:usr/sbin lib:usr/lib lib64:usr/lib usr/lib64:lib; do
        ln -s "${link#*:}" "$initrd/${link%%:*}"
    done
    copy_program "$BINARIES_DIR/anya-initrd/init" init
    # What the kernel starts when it needs a module.
    ln -s /init "$initrd/usr/sbin/modprobe"
}

# add_rescue_system: what is started by anya-initrd in the rescue system's kernel image, and what that starts.
add_rescue_system() {
    copy_program "$BINARIES_DIR/anya-initrd/anya-rescue" usr/lib/anya/anya-rescue
    copy_program "$(target_program fsck.fat)" usr/sbin/fsck.fat
}

# pack_initrd: the initrd on standard output, the same for the same content.
pack_initrd() {
    find "$initrd" -exec touch -h -d "@${SOURCE_DATE_EPOCH:-0}" {} +
    (cd "$initrd" && find . -mindepth 1 -print0 | LC_ALL=C sort -z |
        cpio --quiet --null --create --format=newc --reproducible --owner=0:0 | gzip -9n)
}
