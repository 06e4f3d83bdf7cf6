#!/bin/sh
# Waits until Kafka, its topics and users, Postgres and the cache are ready, and says which of them is not.
set -eu

run() {
  kubectl ${SKAFFOLD_KUBE_CONTEXT:+--context="$SKAFFOLD_KUBE_CONTEXT"} -n ping "$@"
}

run wait --timeout=600s --for=condition=Ready cluster.postgresql.cnpg.io/pg-cluster
run wait --timeout=600s --for=jsonpath='{.status.phase}'=Ready dragonfly/ping-cache
run wait --timeout=600s --for=condition=Ready kafka/ping-kafka-cluster
run wait --timeout=120s --for=condition=Ready \
  kafkatopic/ping-events kafkatopic/ping-events.dead-letter kafkauser/ping-server kafkauser/ping-processor
