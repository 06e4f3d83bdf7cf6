#!/bin/sh
# Creates the namespace and in it the password of the cache, unless it exists: git has none, and no operator creates it.
# Skaffold calls this; by hand it uses the current context. To change the password, delete the secret, call this again,
# and restart what uses it (docs/operations.md).
set -eu
cd "$(dirname "$0")"

run() {
  kubectl ${SKAFFOLD_KUBE_CONTEXT:+--context="$SKAFFOLD_KUBE_CONTEXT"} "$@"
}

run apply -f namespace.yaml
if run -n ping get secret ping-cache-password >/dev/null 2>&1; then
  exit 0
fi
# 192 random bits as hexadecimal digits, passed through a pipe: an argument could be read from the list of processes.
od -An -N24 -tx1 /dev/urandom | tr -d ' \n' |
  run -n ping create secret generic ping-cache-password --from-file=password=/dev/stdin
