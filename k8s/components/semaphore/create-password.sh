#!/bin/sh
# Creates the namespace and in it the password of the semaphore's role in Postgres, unless it exists: git has none, and no
# operator creates it. Skaffold calls this; by hand it uses the current context.
set -eu
cd "$(dirname "$0")"

run() {
  kubectl ${SKAFFOLD_KUBE_CONTEXT:+--context="$SKAFFOLD_KUBE_CONTEXT"} "$@"
}

run apply -f ../../infra/namespace.yaml
if run -n ping get secret semaphore-postgres >/dev/null 2>&1; then
  exit 0
fi
# 192 random bits as hexadecimal digits, passed through a pipe: an argument could be read from the list of processes.
od -An -N24 -tx1 /dev/urandom | tr -d ' \n' |
  run -n ping create secret generic semaphore-postgres --type=kubernetes.io/basic-auth \
    --from-literal=username=semaphore --from-file=password=/dev/stdin
# With this label the operator sets the password again when the secret changes.
run -n ping label secret semaphore-postgres cnpg.io/reload=true
