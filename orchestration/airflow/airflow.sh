#!/usr/bin/env bash
# Airflow with the project's settings; `make airflow` sets it up.
#   airflow.sh start             everything, at http://127.0.0.1:8090, until Ctrl-C
#   airflow.sh dags test demo    one run of a DAG, here and now
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
project=$(cd "$here/../.." && pwd)
port=${PATRONS_AIRFLOW_PORT:-8090}

export AIRFLOW_HOME=${AIRFLOW_HOME:-$here/state}
export AIRFLOW__CORE__DAGS_FOLDER=$here/dags
export AIRFLOW__CORE__PLUGINS_FOLDER=$here/plugins
export AIRFLOW__CORE__LOAD_EXAMPLES=false
export AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_USERS=admin:admin
export AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE=$AIRFLOW_HOME/passwords.json
export AIRFLOW__API__HOST=127.0.0.1
export AIRFLOW__API__PORT=$port
export AIRFLOW__API__BASE_URL=http://127.0.0.1:$port

if [ ! -x "$project/.venv-airflow/bin/airflow" ]; then
  echo "Airflow is not installed: make airflow installs and starts it." >&2
  exit 2
fi
passwords=$AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE
( # for you alone; what tasks write has the rights of your umask, as replicas and node_exporter read it
  umask 077
  mkdir -p "$AIRFLOW_HOME"
  if [ ! -s "$passwords" ]; then
    "$project/.venv-airflow/bin/python" -c 'import json, secrets; print(json.dumps({"admin": secrets.token_urlsafe(18)}))' >"$passwords"
  fi
)
airflow=$project/.venv-airflow/bin/airflow
if [ "${1:-}" = start ]; then # as `airflow standalone`, whose servers of logs other machines could reach
  "$airflow" db migrate >"$AIRFLOW_HOME/migrate.log" 2>&1 || { tail -n 20 "$AIRFLOW_HOME/migrate.log" >&2; exit 1; }
  echo "Airflow at http://127.0.0.1:$port, user admin; the password is in $passwords, which only you can read."
  trap 'kill $(jobs -p) 2>/dev/null; wait' EXIT
  trap 'exit 130' INT
  trap 'exit 143' TERM
  for part in "scheduler --skip-serve-logs" dag-processor api-server; do
    # shellcheck disable=SC2086 # words
    "$airflow" $part >"$AIRFLOW_HOME/${part%% *}.log" 2>&1 &
  done
  wait -n || true
  echo "A part of Airflow has ended: see the logs in $AIRFLOW_HOME. The others are ended, too." >&2
  exit 1
fi
if [ "${1:-} ${2:-}" = "dags test" ]; then
  export PATRONS_AIRFLOW_TEST=1 # which breaks at the end of a run with a deadline, in Airflow 3.3.2
fi
exec "$airflow" "$@"
