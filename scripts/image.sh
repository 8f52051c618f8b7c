#!/bin/sh
# Builds the image where no container engine runs, starts it under the restrictions of compose.yaml (a read-only root, no
# capability, no new privileges), and looks whether it answers and trains. Needs root, buildah and curl.
#
#   scripts/image.sh             build, start, look, stop
#   scripts/image.sh build       build alone
#   scripts/image.sh start       start, look and stop what was built before
#
#   BASE_IMAGE=...               a name that can be pulled, or a root file system: a folder or a tar archive
#   TORCH_VERSION, TORCH_INDEX   as in the Dockerfile
#   PIP_CONF=/etc/pip.conf       pip's settings for the build, in no layer
#   SHARE="/opt/wheels ..."      what those settings name: folders and files that the build may read
#   PORT=8765  IMAGE=localhost/dynascope
set -eu
top=$(dirname "$0")/..
: "${BASE_IMAGE:=python:3.12-slim}" "${IMAGE:=localhost/dynascope}" "${PORT:=8765}" "${SHARE:=}"

say() { printf '%s\n' "$*"; }
lacking() { say "The image can't be built here: $*" >&2; exit 2; }
# vfs and chroot need nothing of the kernel; the price is a full copy of the files a stage.
engine() { BUILDAH_ISOLATION=chroot buildah --storage-driver vfs "$@"; }
now() { date +%s%N; }
since() { awk "BEGIN { printf \"%.2f s\", ($(now) - $1) / 1e9 }"; }

for tool in buildah curl unshare setpriv; do
  command -v "$tool" >/dev/null || lacking "$tool is missing (on Debian: apt-get install buildah curl util-linux)"
done
[ "$(id -u)" = 0 ] || lacking "this needs root, for chroot and mount"

base() {
  if [ -e "$BASE_IMAGE" ]; then
    scratch=$(engine from scratch)
    engine add --quiet "$scratch" "$BASE_IMAGE" / >/dev/null
    engine commit --quiet --format docker --rm "$scratch" localhost/dynascope-base >/dev/null
    BASE_IMAGE=localhost/dynascope-base
  elif ! engine pull --policy missing --quiet "$BASE_IMAGE" >/dev/null 2>&1; then
    lacking "$BASE_IMAGE can't be pulled. A base made from Debian's packages does as well:
  debootstrap --variant=minbase --include=python3,python3-venv,ca-certificates bookworm rootfs
  BASE_IMAGE=rootfs $0"
  fi
}

build() {
  base
  set -- --build-arg "BASE_IMAGE=$BASE_IMAGE" --build-arg "TORCH_VERSION=${TORCH_VERSION:-}" --build-arg "TORCH_INDEX=${TORCH_INDEX:-}"
  [ -z "${PIP_CONF:-}" ] || set -- "$@" --secret "id=pip,src=$PIP_CONF"
  for path in $SHARE; do set -- "$@" --volume "$path:$path:ro"; done
  begun=$(now)
  engine build --pull=false --format docker "$@" --tag "$IMAGE" "$top" # only Docker's format knows HEALTHCHECK
  say "built in $(since "$begun"): $(engine images --format '{{.Size}}' "$IMAGE")"
}

# What an engine would do with the image's own user, environment and entry point. Replaces the shell: for the background.
contain() {
  exec unshare --mount --pid --fork --kill-child sh -euc '
    mkdir -p "$2/root"; mount --bind "$1" "$2/root"; mount -o remount,bind,ro "$2/root"
    mount -t tmpfs -o mode=1777,noexec,nosuid,nodev tmpfs "$2/root/tmp"
    mount --bind "$2/data" "$2/root/data"
    mount -t proc proc "$2/root/proc"; mount --rbind /dev "$2/root/dev"
    user=$3; variables=$4; shift 4
    exec env -i $variables "$(command -v chroot)" "$0" setpriv --reuid="${user%:*}" --regid="${user#*:}" --clear-groups \
      --bounding-set=-all --inh-caps=-all --no-new-privs "$@"' "$@"
}

start() {
  config() { engine inspect --type image --format "$1" "$IMAGE"; }
  user=$(config '{{.OCIv1.Config.User}}')
  variables="$(config '{{range .OCIv1.Config.Env}}{{.}} {{end}}') DYNASCOPE_PORT=$PORT DYNASCOPE_PUBLIC_URL=http://localhost:$PORT"
  container=$(engine from --pull-never "$IMAGE")
  folder=$(mktemp -d)
  mkdir "$folder/data" && chown "$user" "$folder" "$folder/data"
  trap stop EXIT
  begun=$(now)
  # shellcheck disable=SC2046  the entry point is words
  contain "$folder/root" "$(engine mount "$container")" "$folder" "$user" "$variables" \
    $(config '{{range .OCIv1.Config.Entrypoint}}{{.}} {{end}}') >"$folder/log" 2>&1 &
  space=$!
}

stop() {
  server=$(pgrep -P "$space" || true)
  [ -z "$server" ] || kill "$server"
  wait "$space" || true
  engine rm "$container" >/dev/null
  rm -rf "$folder"
}

until_answers() {
  while ! curl -fs -m 5 -o /dev/null "http://localhost:$PORT/api/$1"; do
    kill -0 "$space" 2>/dev/null && [ "$(since "$begun" | cut -d. -f1)" -lt 90 ] || { cat "$folder/log" >&2; exit 1; }
    sleep 0.05
  done
  say "$1 after $(since "$begun")"
}

look() {
  until_answers healthz
  sed -n 1,5p "$folder/log"
  until_answers readyz
  server=$(pgrep -P "$space")
  say "user $(awk '/^Uid/ { print $2 }' "/proc/$server/status"), capabilities $(awk '/^CapBnd/ { print $2 }' "/proc/$server/status")"
  ! grep -q ' / / rw' "/proc/$server/mountinfo" || { say "the root can be written" >&2; exit 1; }
  ask() { curl -fsS -H "Authorization: Bearer $(cat "$folder/data/token")" -H 'Content-Type: application/json' "$@"; }
  run=$(ask -d '{"stop": {"max_epochs": 2}}' "http://localhost:$PORT/api/runs" | sed 's/^{"id":"\([^"]*\)".*/\1/')
  ask "http://localhost:$PORT/api/runs/$run/wait?timeout=60" | grep -o '"status":"finished"' || { cat "$folder/log" >&2; exit 1; }
}

case "${1:-all}" in
  build) build ;;
  start) start; look ;;
  all) build; start; look ;;
  *) sed -n 2,13p "$0" >&2; exit 64 ;;
esac
