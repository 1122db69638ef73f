#!/bin/sh
# Tell the balancer (serving/haproxy.cfg) who answers. It keeps that over a reload and a restart.
#   serving/balancer.sh show           who answers, and the replicas
#   serving/balancer.sh green          let green answer from now on; blue lets blue, which is also the way back
#   serving/balancer.sh drain blue2    send blue2 nothing new; ready blue2 undoes it
#   serving/balancer.sh reload         read haproxy.cfg again
# It needs socat, and the rights of the balancer's user. PATRONS_BALANCER_RUN is the balancer's folder (/run/patrons).
set -eu
run=${PATRONS_BALANCER_RUN:-/run/patrons}

stop() {
  echo "balancer: $1" >&2
  exit 2
}
ask() { # the answer of the runtime API; of a change it is empty, or an error
  echo "$1" | socat - "$run/haproxy.sock"
}
change() {
  answer=$(ask "$1")
  [ -z "$answer" ] || stop "haproxy answered: $answer"
}
status() { # of a backend as a whole: UP or DOWN
  ask "show stat $1 2 -1" | grep "^$1,BACKEND," | cut -d , -f 18
}
keep() {
  ask "show servers state" >"$run/servers.partial"
  mv "$run/servers.partial" "$run/servers"
}

[ -S "$run/haproxy.sock" ] || stop "there is no balancer at $run: start haproxy, or set PATRONS_BALANCER_RUN."
case ${1:-} in
blue | green)
  [ "$(status "$1")" = UP ] || stop "no replica of $1 is ready, so it was left as it is. Start one, or see: $0 show"
  case $1 in green) state=ready ;; *) state=maint ;; esac
  change "set server switch/green state $state"
  keep
  echo "$1 answers."
  ;;
drain | ready)
  case ${2:-} in
  blue[1-8] | green[1-8]) change "set server ${2%?}/$2 state $1" ;;
  *) stop "${2:-no name} is no replica: blue1 to blue8, green1 to green8." ;;
  esac
  keep
  ;;
reload)
  keep
  kill -USR2 "$(cat "$run/haproxy.pid")"
  ;;
show)
  case $(ask "show stat switch 4 -1" | grep '^switch,green,' | cut -d , -f 18) in
  MAINT*) echo "blue answers." ;;
  *) echo "green answers." ;;
  esac
  ask "show stat" | grep -E '^(blue|green),(blue|green)' | grep -v ',MAINT' |
    awk -F , '{ print $2 ": " $18 ", " $5 " requests at the moment" }'
  ;;
*) stop "say blue, green, drain, ready, reload or show." ;;
esac
