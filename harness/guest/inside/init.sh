#!/bin/busybox sh
# shellcheck shell=dash
# First stage of the boot, run as /init by the kernel, with busybox alone.
# Puts the host's root together with memory that takes what is written, and goes on in there with /run/lab/main.sh.
# Whatever fails here is said on the console and ends the guest: it cannot be repaired from inside.

export PATH=/bin
/bin/busybox --install -s /bin

end_guest() {
  poweroff -f
  sleep 60
}

fail() {
  echo "lab: $*" >/dev/console
  end_guest
}

mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs devtmpfs /dev
if grep -q -w xover.lab_probe /proc/cmdline; then
  echo "lab: this accelerator boots" >/dev/console
  end_guest
fi

for module in /modules/*.ko; do
  insmod "$module" || fail "cannot load $module"
done

# What is written goes to memory and is gone with the guest. The host's files may be kept in the page cache for good:
# the guest lives for seconds.
mkdir /host /memory /merged
mount -t 9p -o trans=virtio,version=9p2000.L,msize=512000,ro,cache=loose host /host ||
  fail "cannot mount the host's root"
{ mount -t tmpfs -o mode=755 memory /memory && mkdir /memory/upper /memory/work; } || fail "cannot mount a tmpfs"
mount -t overlay -o lowerdir=/host,upperdir=/memory/upper,workdir=/memory/work overlay /merged ||
  fail "cannot mount the overlay"

for folder in proc sys dev run; do mkdir -p "/merged/$folder"; done
mount --move /proc /merged/proc
mount --move /sys /merged/sys
mount --move /dev /merged/dev
mount -t tmpfs -o mode=755 run /merged/run
mkdir -p /merged/dev/shm /merged/dev/pts /merged/run/lock
mount -t tmpfs -o mode=1777 shm /merged/dev/shm
mount -t devpts devpts /merged/dev/pts
cp -r /lab /merged/run/lab
exec switch_root /merged /bin/sh /run/lab/main.sh
