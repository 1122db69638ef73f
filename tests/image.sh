#!/usr/bin/env bash
# Prove the images and serving/compose.yaml without Docker: build them as `make images` does, by podman on a base made here with
# mmdebstrap, start what compose.yaml says by podman-compose (tests/compose.sh), and ask it. Needs root, podman, runc, netavark,
# aardvark-dns, catatonit, iptables and mmdebstrap; says sizes and answers.
#   tests/image.sh RELEASE [options of podman build, such as --volume /etc/ssl/certs:/etc/ssl/certs:ro]
set -euo pipefail
if [ -z "${PATRONS_IMAGE_WORK:-}" ]; then # mounts and processes of its own, which end with it
  PATRONS_IMAGE_WORK=$(mktemp -d)
  export PATRONS_IMAGE_WORK
  trap 'rm -rf "$PATRONS_IMAGE_WORK"' EXIT
  unshare --mount --pid --fork --kill-child --mount-proc "$0" "$@"
  exit
fi
release=$(realpath "${1:?a release folder, such as data/processed/demo/release}")
shift
cd "$(dirname "${BASH_SOURCE[0]}")/.."
work=$PATRONS_IMAGE_WORK
for folder in /run/containers /run/netns /etc/containers/networks; do # what networks leave behind
  mkdir -p "$folder" && mount -t tmpfs none "$folder"
done

# a machine may lack what podman takes for granted: systemd, cgroups of one version, the right to raise limits
cat >"$work/containers.conf" <<'CONF'
[containers]
default_ulimits = ["nofile=1024:1024", "nproc=4096:4096"]
log_driver = "k8s-file"
[network]
network_backend = "netavark"
[engine]
runtime = "runc"
cgroup_manager = "cgroupfs"
events_logger = "file"
CONF
cat >"$work/storage.conf" <<CONF
[storage]
driver = "overlay"
graphroot = "$work/images"
runroot = "$work/run"
CONF
export CONTAINERS_CONF=$work/containers.conf CONTAINERS_STORAGE_CONF=$work/storage.conf

mmdebstrap --quiet --variant=minbase --include=ca-certificates,python3,python3-venv bookworm "$work/base.tar"
for base in $(sed -n 's/^FROM \(docker[^ ]*\).*/\1/p' serving/*Dockerfile serving/*/Dockerfile | sort -u); do
  podman import --quiet "$work/base.tar" "$base" >/dev/null 2>&1
done
rm "$work/base.tar"
BUILD="--isolation chroot --format docker --pull=never --layers=false $*" ENGINE=podman .ci/delivery images >"$work/log" 2>&1 ||
  { tail -30 "$work/log"; exit 1; }
podman images 2>/dev/null

unshare --net tests/compose.sh "$work" "$release"
