#!/bin/sh
# shellcheck disable=SC1091,SC2154,SC3045
# Second stage, process 1 of the guest, with the host's own tools: sets the scenario up, runs the command, reports.
# run.sh sets results, modules, mark and head_start, and has the functions set_environment and run_command. The last
# thing said is the line `exit STATUS` on the port "control"; the host then switches the guest off.

. /run/lab/run.sh
set_environment
export MODPROBE_OPTIONS="-C /dev/null" # what /etc/modprobe.d forbids is meant for the host

fail() {
  echo "lab: $*" >/dev/console
  echo o >/proc/sysrq-trigger
  sleep 60
}

# The driver learns the names of its ports a while after it was loaded.
port() {
  for _ in $(seq 100); do
    for entry in /sys/class/virtio-ports/*; do
      [ "$(cat "$entry/name")" = "xover.$1" ] && echo "/dev/${entry##*/}" && return
    done 2>/dev/null
    sleep 0.1
  done
  fail "no port $1"
}

mount_shares() {
  share_options=trans=virtio,version=9p2000.L,msize=512000,cache=mmap
  own_modules=/lib/modules/$(uname -r)
  { mkdir -p "$own_modules" && mount --bind "$modules" "$own_modules"; } ||
    fail "cannot see the kernel's modules in $modules"
  { mkdir -p "$results" && mount -t 9p -o "$share_options" results "$results"; } ||
    fail "cannot mount $results"
}

# All processes but this one, the two that carry output, and the kernel's own, which have no program file. Again, as
# one of them may have started another meanwhile, until none is left.
end_left_overs() {
  for _ in $(seq 100); do
    killed=no
    for entry in /proc/[0-9]*; do
      case ${entry#/proc/} in
        1 | "$out_carrier" | "$err_carrier") ;;
        *) [ -e "$entry/exe" ] && kill -9 "${entry#/proc/}" && killed=yes ;;
      esac
    done 2>/dev/null
    [ $killed = yes ] || return
    sleep 0.05
  done
}

control=$(port control) out=$(port out) err=$(port err)
exec 3<>"$control"
ulimit -n 65536
hostname lab
ip link set lo up
mount_shares
if [ -e /run/lab/scenario.sh ]; then
  sh -eux /run/lab/scenario.sh >/dev/console 2>&1 || fail "the scenario could not be set up"
fi
echo up >&3
read -r _ <&3 # the host says when to go

# Pipes, because a port can be opened once only, and programs open /dev/stdout again.
mkfifo /run/lab/out /run/lab/err
cat </run/lab/out >"$out" &
out_carrier=$!
cat </run/lab/err >"$err" &
err_carrier=$!
(sleep "$head_start" && echo started >&3) &
# In the foreground: a shell starts what runs in the background with SIGINT ignored.
(
  exec 3>&- >/run/lab/out 2>/run/lab/err </dev/null
  run_command
)
status=$?

end_left_overs
wait "$out_carrier" "$err_carrier"
printf '\001%s' "$mark" >"$out"
printf '\001%s' "$mark" >"$err"
sync
echo "exit $status" >&3
sleep infinity
