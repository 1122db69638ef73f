#!/usr/bin/env bash
# Start serving/compose.yaml as it is, by podman-compose in a network of its own, where its ports are free, and ask it as its
# users do. Called by tests/image.sh: tests/compose.sh FOLDER RELEASE
set -euo pipefail
work=$1 release=$2 python=${PYTHON:-.venv/bin/python}
ip link set lo up

mkdir -p "$work/releases" data/ledger data/campaigns data/processed reports
install -d -m 700 -o 10001 "$work/keys" "$work/backups"
cp -r "$release" "$work/releases/demo-a"
for name in blue green champion; do echo demo-a >"$work/releases/$name"; done
chmod a+rx "$work" && chmod -R a+rX "$work/releases"
sed -e "s|^PATRONS_RELEASES=.*|PATRONS_RELEASES=$work/releases|" -e "s|^PATRONS_KEYS_FOLDER=.*|PATRONS_KEYS_FOLDER=$work/keys|" \
  -e "s|^PATRONS_BACKUPS=.*|PATRONS_BACKUPS=$work/backups|" -e "s|^MLFLOW_AUTH_ADMIN_PASSWORD=|&only-here-0000|" \
  -e "s|^MLFLOW_FLASK_SERVER_SECRET_KEY=|&only-here|" serving/env.example >"$work/env"
compose() { "$(dirname "$python")/podman-compose" --env-file "$work/env" --file serving/compose.yaml "$@"; }
keys() { PATRONS_KEYS=$work/keys/keys.json "$python" -m patrons.cli.main keys "$@"; }
status() { curl -s -o /dev/null -w '%{http_code}' "$@"; }
expect() { [ "$2" = "$3" ] || { echo "$1 it answered $3"; exit 1; }; }
balancer() { podman exec patrons_balancer_1 /srv/balancer.sh "$@"; }

key=$(keys add image | head -1)
compose up --detach --no-build >"$work/up" 2>&1 || { cat "$work/up"; exit 1; }
names=$(podman ps --all --format '{{.Names}}' 2>/dev/null)
[ "$(wc -w <<<"$names")" = 8 ] || { cat "$work/up"; exit 1; }
waiting=$names
until [ -z "$waiting" ]; do # there may be no systemd here, which asks for health
  [ "$SECONDS" -lt 420 ] || { for name in $waiting; do echo "$name:"; podman logs --tail 20 "$name" 2>&1; done; exit 1; }
  still=""
  for name in $waiting; do podman healthcheck run "$name" >/dev/null 2>&1 || still="$still $name"; done
  waiting=${still# }
  [ -z "$waiting" ] || sleep 1
done
echo "healthy after $SECONDS s: $(tr '\n' ' ' <<<"$names")"
for name in $names; do # without root, rights and a writable image, as compose.yaml says
  podman exec "$name" sh -c 'id -u; grep CapEff /proc/self/status' | tr '\n' ' ' | grep -q '^1000[1-3] CapEff:.0000000000000000' ||
    { echo "$name runs with more rights than it needs"; exit 1; }
  case $name in
  *_app_* | *_tracking_*) ;;
  *) ! podman exec "$name" sh -c 'echo x >/srv/written' 2>/dev/null || { echo "$name may be written to"; exit 1; } ;;
  esac
done

"$python" -c 'import json, sys; print(json.dumps({"customers": [json.load(open(sys.argv[1]))[0]["request"]]}))' \
  "$release/golden.json" >"$work/request"
asked=(-H 'Content-Type: application/json' -d @"$work/request" http://127.0.0.1:8000/predict)
expect "without a key" 401 "$(status "${asked[@]}")"
curl -sf -H "Authorization: Bearer $key" "${asked[@]}"
echo
until [ "$(balancer show | grep -c ': UP')" = 4 ]; do # it asks for the addresses of a name every second
  [ "$SECONDS" -lt 420 ] || { balancer show; exit 1; }
  sleep 1
done
balancer green
expect "after a flip" 200 "$(status -H "Authorization: Bearer $key" "${asked[@]}")"
balancer blue
keys revoke image
sleep 1.5
expect "after its key was revoked" 401 "$(status -H "Authorization: Bearer $key" "${asked[@]}")"
podman exec patrons_blue_1 sh -c 'ls /opt/patrons/bin | grep -ci jupyter || true' | sed 's/^/Jupyter commands in it: /'
expect "the app" 200 "$(status http://127.0.0.1:8501/_stcore/health)"
ls "$work"/backups/2*/manifest.json

search="http://127.0.0.1:5000/api/2.0/mlflow/experiments/search?max_results=1"
expect "without a password" 401 "$(status "$search")"
expect "with a wrong one" 401 "$(status -u admin:password1234 "$search")"
expect "with its own" 200 "$(status -u admin:only-here-0000 "$search")"
echo "MLflow: 401 without its password, 200 with it"
