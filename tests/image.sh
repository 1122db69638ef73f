#!/usr/bin/env bash
# Prove the images without a Docker engine: build them with buildah in a chroot, on a base made here with mmdebstrap, start
# the API and ask it for a customer, start MLflow and log in. Needs root, buildah and mmdebstrap; says sizes and answers.
#   tests/image.sh RELEASE [options of buildah bud, such as --volume /etc/ssl/certs:/etc/ssl/certs:ro]
set -euo pipefail
release=$(realpath "${1:?a release folder, such as data/processed/demo/release}")
shift
cd "$(dirname "${BASH_SOURCE[0]}")/.."
work=$(mktemp -d)
free_port() { python3 -c 'import socket; one = socket.socket(); one.bind(("127.0.0.1", 0)); print(one.getsockname()[1])'; }
export STORAGE_DRIVER=vfs BUILDAH_ISOLATION=chroot
images=${PATRONS_IMAGES:-$work/images}
buildah_() { buildah --root "$images" --runroot "$work/run" "$@"; }
server="" # process group of what is started
set -m
stop() { if [ -n "$server" ]; then kill -- "-$server" 2>/dev/null || true; wait "$server" 2>/dev/null || true; fi; }
finish() {
  stop
  buildah_ rm --all >/dev/null 2>&1 || true
  for _ in 1 2 3 4 5; do # buildah leaves mounts of the folder on itself, for a moment also after its end
    while umount --lazy "$images/overlay" 2>/dev/null; do :; done
    rm -rf "$work" 2>/dev/null && break
    sleep 2
  done
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

build() { # Dockerfile, name, options of buildah bud
  buildah_ bud --isolation chroot --format docker --pull-never --layers=false "${@:3}" -f "$1" -t "$2" . >"$work/log" 2>&1 ||
    { tail -30 "$work/log"; exit 1; }
}
until_answered() { # address, log of the server
  local started=$SECONDS
  until curl -sf "$1" >/dev/null; do
    kill -0 "$server" 2>/dev/null && [ $((SECONDS - started)) -lt 180 ] || { cat "$2"; exit 1; }
    sleep 1
  done
  echo "ready after $((SECONDS - started)) s; the process runs as: $(buildah_ run "$container" -- id -u)"
}
status() { curl -s -o /dev/null -w '%{http_code}' "$@"; }
expect() { [ "$2" = "$3" ] || { echo "$1 it answered $3"; exit 1; }; }

build serving/Dockerfile patrons "$@"
build serving/tracking.Dockerfile patrons-tracking "$@"
buildah_ images

port=$(free_port)
container=$(buildah_ from --pull-never patrons)
cp -r "$release" "$work/release"
chmod -R a+rX "$work" && install -d -m 700 -o 10001 "$work/keys"
keys() { PATRONS_KEYS=$work/keys/keys.json "${PYTHON:-.venv/bin/python}" -m patrons.cli.main keys "$@"; }
key=$(keys add image | head -1)
buildah_ run --volume "$work/release:/srv/releases/champion:ro" --volume "$work/keys:/srv/keys:ro" \
  "$container" -- python serving/api.py --release /srv/releases/champion --port "$port" >"$work/api.log" 2>&1 &
server=$!
until_answered "http://127.0.0.1:$port/health/ready" "$work/api.log"
"${PYTHON:-.venv/bin/python}" - "$release" >"$work/request" <<'PY'
import json
import pathlib
import sys

golden = json.loads((pathlib.Path(sys.argv[1]) / "golden.json").read_text())
print(json.dumps({"customers": [golden[0]["request"]]}))
PY
asked=(-H 'Content-Type: application/json' -d @"$work/request" "http://127.0.0.1:$port/predict")
expect "without a key" 401 "$(status "${asked[@]}")"
curl -sf -H "Authorization: Bearer $key" "${asked[@]}"
echo
keys revoke image
sleep 1.5
expect "after its key was revoked" 401 "$(status -H "Authorization: Bearer $key" "${asked[@]}")"
buildah_ run "$container" -- sh -c 'ls /opt/patrons/bin | grep -ci jupyter || true' | sed 's/^/Jupyter commands in it: /'
stop

port=$(free_port) tracking="http://127.0.0.1:$port"
container=$(buildah_ from --pull-never patrons-tracking)
command=$(buildah_ inspect --format '{{range .OCIv1.Config.Cmd}}{{.}} {{end}}' "$container")
# shellcheck disable=SC2086
buildah_ run --env MLFLOW_AUTH_ADMIN_PASSWORD=only-here-0000 --env MLFLOW_FLASK_SERVER_SECRET_KEY=only-here \
  "$container" -- ${command/--port 5000/--port $port} >"$work/tracking.log" 2>&1 &
server=$!
until_answered "$tracking/health" "$work/tracking.log"
search="$tracking/api/2.0/mlflow/experiments/search?max_results=1"
expect "without a password" 401 "$(status "$search")"
expect "with a wrong one" 401 "$(status -u admin:password1234 "$search")"
expect "with its own" 200 "$(status -u admin:only-here-0000 "$search")"
echo "MLflow: 401 without its password, 200 with it"
