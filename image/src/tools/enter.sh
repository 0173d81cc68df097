# Becomes the program "$@" inside the tree $TOOLS_TREE; see tools.rs. $TOOLS_BINDS has one line a folder:
# where from, a tab, where to.
tree=$TOOLS_TREE here=$PWD
mount --bind "$tree" "$tree"
mount --rbind /proc "$tree/proc"
mount --rbind /sys "$tree/sys"
mount --rbind /dev "$tree/dev"
mount -t tmpfs -o mode=0755 tmpfs "$tree/run"
mount -t tmpfs -o mode=1777 tmpfs "$tree/tmp"
mkdir "$tree/tmp/outside"
while IFS=$'\t' read -r from to; do
    mkdir -p "$tree$to"
    mount --bind "$from" "$tree$to"
done <<<"$TOOLS_BINDS"
for file in resolv.conf hosts; do
    [[ ! -e /etc/$file ]] || mount --bind "$(readlink -f "/etc/$file")" "$tree/etc/$file" 2>/dev/null || true
done
cd "$tree"
pivot_root . tmp/outside
cd "$here" 2>/dev/null || cd /
umount -l /tmp/outside
rmdir /tmp/outside
unset TOOLS_TREE TOOLS_BINDS OLDPWD
export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LANG=C.UTF-8
exec "$@"
