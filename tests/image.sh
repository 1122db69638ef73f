#!/usr/bin/env bash
# Prove the image without a Docker engine: build it with buildah in a chroot, on a base made here with mmdebstrap, start
# the API in it and ask it for a customer. Needs root, buildah and mmdebstrap; says the size and the first answer.
#   tests/image.sh RELEASE [options of buildah bud, such as --volume /etc/ssl/certs:/etc/ssl/certs:ro]
set -euo pipefail
release=$(realpath "${1:?a release folder, such as data/processed/demo/release}")
shift
cd "$(dirname "${BASH_SOURCE[0]}")/.."
work=$(mktemp -d)
port=$(python3 -c 'import socket; one = socket.socket(); one.bind(("127.0.0.1", 0)); print(one.getsockname()[1])')
export STORAGE_DRIVER=vfs BUILDAH_ISOLATION=chroot
buildah_() { buildah --root "${PATRONS_IMAGES:-$work/images}" --runroot "$work/run" "$@"; }
server="" # process group of the API
set -m
finish() {
  if [ -n "$server" ]; then kill -- "-$server" 2>/dev/null || true; wait "$server" 2>/dev/null || true; fi
  buildah_ rm --all >/dev/null 2>&1 || true
  rm -rf "$work"
}
trap finish EXIT

base=$(sed -n 's/^FROM \([^ ]*\) AS build$/\1/p' serving/Dockerfile)
if ! buildah_ inspect --type image "$base" >/dev/null 2>&1; then
  mmdebstrap --quiet --variant=minbase --include=ca-certificates,python3,python3-venv bookworm "$work/base.tar"
  container=$(buildah_ from scratch)
  buildah_ add --quiet "$container" "$work/base.tar" / >/dev/null
  buildah_ commit --quiet "$container" "$base" >/dev/null
  buildah_ rm "$container" >/dev/null
  rm "$work/base.tar"
fi

buildah_ bud --isolation chroot --format docker --pull-never --layers=false "$@" -f serving/Dockerfile -t patrons . >"$work/log" 2>&1 ||
  { tail -30 "$work/log"; exit 1; }
buildah_ images

container=$(buildah_ from --pull-never patrons)
cp -r "$release" "$work/release"
printf '{}' >"$work/keys.json"
key=$(PATRONS_KEYS=$work/keys.json "${PYTHON:-.venv/bin/python}" -m patrons.cli keys add image | head -1)
chmod -R a+rX "$work" && chmod 644 "$work/keys.json"
buildah_ run --volume "$work/release:/srv/releases/champion:ro" --volume "$work/keys.json:/run/secrets/patrons_keys:ro" \
  "$container" -- python serving/api.py --release /srv/releases/champion --port "$port" >"$work/api.log" 2>&1 &
server=$!
started=$SECONDS
until curl -sf "http://127.0.0.1:$port/health/ready" >/dev/null; do
  kill -0 "$server" 2>/dev/null && [ $((SECONDS - started)) -lt 180 ] || { cat "$work/api.log"; exit 1; }
  sleep 1
done
echo "ready after $((SECONDS - started)) s; the process runs as: $(buildah_ run "$container" -- id -u)"
"${PYTHON:-.venv/bin/python}" - "$release" >"$work/request" <<'PY'
import json
import pathlib
import sys

golden = json.loads((pathlib.Path(sys.argv[1]) / "golden.json").read_text())
print(json.dumps({"customers": [golden[0]["request"]]}))
PY
code=$(curl -s -o /dev/null -w '%{http_code}' -H 'Content-Type: application/json' -d @"$work/request" "http://127.0.0.1:$port/predict")
[ "$code" = 401 ] || { echo "without a key it answered $code"; exit 1; }
curl -sf -H "Authorization: Bearer $key" -H 'Content-Type: application/json' -d @"$work/request" "http://127.0.0.1:$port/predict"
echo
buildah_ run "$container" -- sh -c 'ls /opt/patrons/bin | grep -ci jupyter || true' | sed 's/^/Jupyter commands in it: /'
