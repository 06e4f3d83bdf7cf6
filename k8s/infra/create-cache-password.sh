#!/bin/sh
# Makes the namespace and in it the password of the cache, unless there is one: git has none, and no operator makes it.
# Skaffold calls it; by hand it takes the current context. To have another password: delete the secret, call it again,
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
# 192 random bits as hexadecimal digits, handed on by a pipe: an argument could be read from the list of processes.
od -An -N24 -tx1 /dev/urandom | tr -d ' \n' |
  run -n ping create secret generic ping-cache-password --from-file=password=/dev/stdin
