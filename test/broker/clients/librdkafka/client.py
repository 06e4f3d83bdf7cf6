"""What librdkafka's Python client does with a broker; see ../librdkafka.e2e.test.ts.

usage: client.py <brokers> <run>; <run> begins all names. Prints a JSON line for each thing done, with what came of it.
"""
import json
import sys
import time

import confluent_kafka
from confluent_kafka import Consumer, KafkaException, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, ConfigResource, NewPartitions, NewTopic

BROKERS, RUN = sys.argv[1:3]
CODECS = ["none", "gzip", "snappy", "lz4", "zstd"]
FIRST_TIMESTAMP = 1_700_000_000_000
LIMIT_S = 60

admin = AdminClient({"bootstrap.servers": BROKERS})


def tell(scenario, facts):
    print(json.dumps({"scenario": scenario, "facts": facts}), flush=True)


def until(what, holds, pause=0.02):
    deadline = time.monotonic() + LIMIT_S
    while not holds():
        if time.monotonic() > deadline:
            raise TimeoutError(f"not within {LIMIT_S} s: {what}")
        time.sleep(pause)


def results(futures):
    """The outcome of each: its value, or the name of its error."""
    def outcome(future):
        try:
            future.result(LIMIT_S)
            return "done"
        except KafkaException as error:
            return error.args[0].name()
    return [outcome(future) for future in futures.values()]


def new_topic(short, partitions, **config):
    name = f"{RUN}-{short}"
    told = results(admin.create_topics([NewTopic(name, partitions, 1, config={key.replace("_", "."): value for key, value in config.items()})]))
    assert told == ["done"], told

    def is_led():
        topic = admin.list_topics(name, 5).topics[name]
        return len(topic.partitions) == partitions and all(each.leader >= 0 for each in topic.partitions.values())
    until(f"{name} has leaders", is_led)
    return name


def new_producer(**config):
    return Producer({"bootstrap.servers": BROKERS, "linger.ms": 5, **{key.replace("_", "."): value for key, value in config.items()}})


def new_consumer(group, **config):
    base = {
        "bootstrap.servers": BROKERS, "group.id": f"{RUN}-{group}", "auto.offset.reset": "earliest", "session.timeout.ms": 30000,
        "heartbeat.interval.ms": 200, "fetch.wait.max.ms": 50, "enable.auto.commit": False, "enable.partition.eof": False,
    }
    return Consumer({**base, **{key.replace("_", "."): value for key, value in config.items()}})


def poll(consumer, read, timeout=0.05):
    message = consumer.poll(timeout)
    if message is None:
        return
    if message.error():
        raise KafkaException(message.error())
    read.append(message)


def read_all(topic, partitions, count, **config):
    consumer = new_consumer("reader", **config)
    consumer.assign([TopicPartition(topic, partition, 0) for partition in range(partitions)])
    read = []
    until(f"{count} records are read", lambda: poll(consumer, read) or len(read) >= count, pause=0)
    consumer.close()
    return read


def text(value):
    return None if value is None else value.decode()


def round_trips():
    records = [("plain", "value", []), (None, "without a key", []), ("tombstone", None, []), ("empty", "", []), ("headers", "two", [("trace", b"abc-123"), ("trace", b"again"), ("null", None)]), ("schlüssel", "Größe 🦆", []), ("long", "again and " * 5_000, [])]
    records += [(f"k{index}", f"v{index}", []) for index in range(20)]
    for codec in CODECS:
        topic = new_topic(f"codec-{codec}", 1)
        producer = new_producer(compression_type=codec)
        offsets = []
        for index, (key, value, headers) in enumerate(records):
            producer.produce(topic, value, key, 0, on_delivery=lambda error, message: offsets.append(error and error.name() or message.offset()), timestamp=FIRST_TIMESTAMP + index, headers=headers)
        left = producer.flush(LIMIT_S)
        read = read_all(topic, 1, len(records), check_crcs=True)
        got = [(text(message.key()), text(message.value()), message.headers() or []) for message in read]
        tell(f"round trip ({codec})", {
            "unsent": left,
            "delivered": offsets == list(range(len(records))),
            "same": got == records,
            "offsets": [message.offset() for message in read] == list(range(len(records))),
            "timestamps": [message.timestamp()[1] for message in read] == [FIRST_TIMESTAMP + index for index in range(len(records))],
        })


def idempotence():
    topic = new_topic("idempotent", 3)
    producer = new_producer(enable_idempotence=True, batch_num_messages=20)
    for number in range(3_000):
        producer.produce(topic, str(number), partition=number % 3)
        producer.poll(0)
    left = producer.flush(LIMIT_S)
    read = read_all(topic, 3, 3_000)
    in_order = [[int(message.value()) for message in read if message.partition() == partition] == list(range(partition, 3_000, 3)) for partition in range(3)]
    tell("idempotent producer", {"unsent": left, "in order": in_order})


class Member:
    def __init__(self, group, topic, read, strategy):
        self.assigned = set()
        self.read = read
        self.consumer = new_consumer(group, partition_assignment_strategy=strategy)
        cooperative = strategy == "cooperative-sticky"

        def on_assign(consumer, partitions):
            self.assigned |= {each.partition for each in partitions}
            (consumer.incremental_assign if cooperative else consumer.assign)(partitions)

        def on_revoke(consumer, partitions):
            self.assigned -= {each.partition for each in partitions}
            consumer.incremental_unassign(partitions) if cooperative else consumer.unassign()
        self.consumer.subscribe([topic], on_assign=on_assign, on_revoke=on_revoke)

    def poll(self):
        before = len(self.read)
        poll(self.consumer, self.read)
        if len(self.read) > before:
            self.consumer.commit(message=self.read[-1], asynchronous=False)


def group(strategy):
    topic = new_topic(f"group-{strategy}", 4)
    producer = new_producer()
    read = []

    def produce_round(first):
        for number in range(first, first + 20):
            producer.produce(topic, str(number), partition=number % 4)
        producer.flush(LIMIT_S)

    def polled(members, holds):
        def step():
            for member in members:
                member.poll()
            return holds()
        return step
    a = Member(strategy, topic, read, strategy)
    until("one member has all", polled([a], lambda: a.assigned == {0, 1, 2, 3}))
    produce_round(0)
    until("the first round is read", polled([a], lambda: len(read) == 20))
    b = Member(strategy, topic, read, strategy)
    until("both have half", polled([a, b], lambda: len(a.assigned) == 2 and len(b.assigned) == 2 and not a.assigned & b.assigned))
    produce_round(20)
    until("the second round is read", polled([a, b], lambda: len(read) == 40))
    b.consumer.close()
    until("the first has all again", polled([a], lambda: a.assigned == {0, 1, 2, 3}))
    produce_round(40)
    until("the third round is read", polled([a], lambda: len(read) == 60))
    committed = a.consumer.committed([TopicPartition(topic, partition) for partition in range(4)], LIMIT_S)
    a.consumer.close()
    tell(f"group ({strategy})", {
        "in order": [[int(message.value()) for message in read if message.partition() == partition] == list(range(partition, 60, 4)) for partition in range(4)],
        "committed": [each.offset for each in committed],
    })


def resuming():
    topic = new_topic("resume", 1)
    producer = new_producer()
    for index in range(10):
        producer.produce(topic, str(index), partition=0, timestamp=FIRST_TIMESTAMP + 1_000 * index)
    producer.flush(LIMIT_S)
    consumer = new_consumer("resume")
    consumer.commit(offsets=[TopicPartition(topic, 0, 6)], asynchronous=False)
    consumer.subscribe([topic])
    read = []
    until("the rest is read", lambda: poll(consumer, read) or len(read) >= 4, pause=0)
    low_high = consumer.get_watermark_offsets(TopicPartition(topic, 0), LIMIT_S)
    by_time = [consumer.offsets_for_times([TopicPartition(topic, 0, FIRST_TIMESTAMP + ms)], LIMIT_S)[0].offset for ms in (0, 2_500, 60_000)]
    consumer.close()
    tell("resuming and times", {"read": [text(message.value()) for message in read], "low and high": low_high, "by time": by_time})


def static_member():
    topic = new_topic("static", 2)
    read = []
    for _ in range(2):
        consumer = new_consumer("static", group_instance_id="one")
        consumer.subscribe([topic])
        until("it has both", lambda: poll(consumer, read) or len(consumer.assignment()) == 2)
        consumer.close()
    tell("static member", {"read": len(read)})


def administration():
    topic = new_topic("admin", 2, retention_ms="60000")
    again = results(admin.create_topics([NewTopic(topic, 1, 1)]))
    wrong = results(admin.create_topics([NewTopic(f"{RUN}-wrong", 1, 1, config={"no.such.key": "1"})]))
    more = results(admin.create_partitions([NewPartitions(topic, 5)]))
    until("five partitions", lambda: len(admin.list_topics(topic, 5).topics[topic].partitions) == 5)
    less = results(admin.create_partitions([NewPartitions(topic, 1)]))
    resource = ConfigResource(ConfigResource.Type.TOPIC, topic)

    def retention():
        entry = list(admin.describe_configs([resource]).values())[0].result(LIMIT_S)["retention.ms"]
        return entry.value
    first = retention()
    changed = results(admin.alter_configs([ConfigResource(ConfigResource.Type.TOPIC, topic, set_config={"retention.ms": "120000"})]))
    until("the new retention", lambda: retention() == "120000")
    gone = results(admin.delete_topics([topic]))
    until("the topic is gone", lambda: topic not in admin.list_topics(timeout=5).topics)
    gone_again = results(admin.delete_topics([topic]))
    tell("administration", {"again": again, "wrong": wrong, "more": more, "less": less, "first": first, "changed": changed, "gone": gone, "gone again": gone_again})


def newer_administration():
    from confluent_kafka import ConsumerGroupTopicPartitions, ConsumerGroupState, TopicCollection
    from confluent_kafka.admin import AlterConfigOpType, ConfigEntry, OffsetSpec
    topic = new_topic("newer-admin", 1)
    producer = new_producer()
    for index in range(10):
        producer.produce(topic, str(index), partition=0, timestamp=FIRST_TIMESTAMP + 1_000 * index)
    producer.flush(LIMIT_S)
    group_id = f"{RUN}-newer-admin"

    def value(futures):
        return list(futures.values())[0].result(LIMIT_S)
    offset = lambda spec: value(admin.list_offsets({TopicPartition(topic, 0): spec})).offset
    offsets = [offset(OffsetSpec.earliest()), offset(OffsetSpec.latest()), offset(OffsetSpec.max_timestamp()), offset(OffsetSpec.for_timestamp(FIRST_TIMESTAMP + 2_500))]
    deleted = value(admin.delete_records([TopicPartition(topic, 0, 3)])).low_watermark
    altered = value(admin.alter_consumer_group_offsets([ConsumerGroupTopicPartitions(group_id, [TopicPartition(topic, 0, 4)])]))
    listed = value(admin.list_consumer_group_offsets([ConsumerGroupTopicPartitions(group_id)]))
    groups = admin.list_consumer_groups(states={ConsumerGroupState.EMPTY}).result(LIMIT_S)
    described = value(admin.describe_consumer_groups([group_id]))
    removed = value(admin.delete_consumer_groups([group_id]))
    entry = ConfigEntry("cleanup.policy", "compact", incremental_operation=AlterConfigOpType.APPEND)
    value(admin.incremental_alter_configs([ConfigResource(ConfigResource.Type.TOPIC, topic, incremental_configs=[entry])]))
    cluster = admin.describe_cluster().result(LIMIT_S)
    topics = value(admin.describe_topics(TopicCollection([topic])))
    tell("newer administration", {
        "offsets": offsets, "low watermark": deleted, "altered": [each.offset for each in altered.topic_partitions], "listed": [each.offset for each in listed.topic_partitions],
        "is listed": group_id in [each.group_id for each in groups.valid], "state": described.state.name, "removed": removed, "nodes": len(cluster.nodes), "has controller": cluster.controller is not None,
        "described": [len(topics.partitions), topics.partitions[0].leader is not None],
    })


def errors():
    topic = new_topic("errors", 1)
    told = []
    producer = new_producer(message_max_bytes=3_000_000)
    producer.produce(topic, "x" * 1_500_000, on_delivery=lambda error, _: told.append(error.name()))
    producer.flush(LIMIT_S)
    consumer = new_consumer("errors", allow_auto_create_topics=False)
    try:
        unknown = consumer.get_watermark_offsets(TopicPartition(f"{RUN}-unknown", 0), LIMIT_S)
    except KafkaException as error:
        unknown = error.args[0].name()
    consumer.close()
    tell("errors", {"too large": told, "unknown topic": unknown})


def transactions():
    """The first call of a transactional producer tells whether there are transactions."""
    producer = new_producer(transactional_id=f"{RUN}-transactional")
    try:
        producer.init_transactions(LIMIT_S)
        tell("transactions", "begun")
    except KafkaException as error:
        tell("transactions", {"name": error.args[0].name(), "is fatal or final": not error.args[0].retriable()})


tell("version", {"client": confluent_kafka.version()[0] if isinstance(confluent_kafka.version(), tuple) else confluent_kafka.version(), "librdkafka": confluent_kafka.libversion()[0]})
round_trips()
idempotence()
group("range")
group("cooperative-sticky")
resuming()
static_member()
administration()
if hasattr(AdminClient, "list_offsets"):
    newer_administration()
errors()
transactions()
