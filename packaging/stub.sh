#!/bin/sh
# ODIN Gateway @VERSION@ for @TARGET@, in one file: this script, and behind it the runtime, the program and its
# packages as a compressed archive. At its first start it unpacks them to a folder of their own, which later starts use.
set -eu

root=${ODIN_GATEWAY_HOME:-${XDG_CACHE_HOME:-${HOME:-/tmp}/.cache}/odin-gateway}
home=$root/@DIGEST@
if [ ! -e "$home/complete" ]; then
  mkdir -p "$root" 2>/dev/null && new=$(mktemp -d "$root/unpacking-XXXXXX" 2>/dev/null) || {
    echo "error: $root cannot be written: ODIN_GATEWAY_HOME names another folder to unpack to" >&2
    exit 2
  }
  trap 'rm -rf "$new"' EXIT
  tail -c +@OFFSET@ "$0" | tar -xzf - -C "$new" || {
    echo "error: $0 cannot be unpacked to $root: is it whole, and is there room for 200 MB?" >&2
    exit 2
  }
  : >"$new/complete"
  # Whoever was first has it; what both have unpacked is the same. Whoever comes late may move his into it.
  [ -e "$home" ] || mv "$new" "$home" 2>/dev/null || :
  rm -rf "$new" "$home/${new##*/}"
  trap - EXIT
  [ -e "$home/complete" ] || {
    echo "error: $home is not whole: remove it, and start again" >&2
    exit 2
  }
fi

command=start
case "${1-}" in
@NAMES@) command=$1; shift ;;
run) shift ;;
esac

# The configuration lies beside this file, unless the working directory has one; data and record are written to.
data=data
more=
config=
want=
for argument; do
  case "$want" in
  data) data=$argument ;;
  record) more=$more,$argument ;;
  esac
  want=
  case "$argument" in
  --data) want=data ;;
  --data=*) data=${argument#--data=} ;;
  --record) want=record ;;
  --record=*) more=$more,${argument#--record=} ;;
  --config | --config=*) config=given ;;
  esac
done
[ "$data" = :memory: ] && data=data
write=$data$more${NOTIFY_SOCKET:+,$NOTIFY_SOCKET}
beside=$(dirname "$0")/config.ts
if [ "$command" = start ] && [ -z "$config" ] && [ ! -e config.ts ] && [ -e "$beside" ]; then
  set -- "$@" --config "$beside"
fi

case "$command" in
@OPTIONS@esac
