import java.time.Duration;
import java.util.*;
import org.apache.kafka.clients.admin.*;
import org.apache.kafka.clients.consumer.*;
import org.apache.kafka.clients.producer.*;
import org.apache.kafka.common.*;
import org.apache.kafka.common.config.*;
import org.apache.kafka.common.serialization.*;

/** Uses what Java's clients can do, for the recorder. Steps that the versions of a level do not allow are skipped. */
public class Everything {
    interface Step { void run() throws Exception; }

    static void step(String name, Step step) {
        try { step.run(); } catch (Exception error) { System.out.println(name + ": " + error); }
    }

    public static void main(String[] args) throws Exception {
        String brokers = args[0];
        String topic = "recorded-java-" + args[1];
        Admin admin = Admin.create(Map.<String, Object>of("bootstrap.servers", brokers, "client.id", "java-admin", "default.api.timeout.ms", "8000", "request.timeout.ms", "4000"));
        TopicPartition first = new TopicPartition(topic, 0);
        step("create topics", () -> admin.createTopics(List.of(new NewTopic(topic, 2, (short) 1).configs(Map.of("retention.ms", "60000")))).all().get());
        step("create partitions", () -> admin.createPartitions(Map.of(topic, NewPartitions.increaseTo(3))).all().get());
        step("produce without waiting", () -> produce(brokers, topic, Map.of("enable.idempotence", "false", "acks", "0")));
        step("produce", () -> produce(brokers, topic, Map.of("enable.idempotence", "false", "acks", "1", "compression.type", "gzip")));
        step("produce idempotently", () -> produce(brokers, topic, Map.of("enable.idempotence", "true")));
        step("consume", () -> consume(brokers, topic, admin));
        step("list offsets", () -> {
            for (OffsetSpec spec : List.of(OffsetSpec.earliest(), OffsetSpec.forTimestamp(1), OffsetSpec.maxTimestamp()))
                admin.listOffsets(Map.of(first, spec)).all().get();
        });
        step("list groups", () -> admin.listGroups().all().get());
        step("list stable groups", () -> admin.listGroups(new ListGroupsOptions().inGroupStates(Set.of(GroupState.STABLE))).all().get());
        step("describe groups", () -> admin.describeClassicGroups(List.of("recorded-java")).all().get());
        step("list group offsets", () -> admin.listConsumerGroupOffsets("recorded-java").all().get());
        step("alter group offsets", () -> admin.alterConsumerGroupOffsets("recorded-java", Map.of(first, new OffsetAndMetadata(1, Optional.of(0), "by hand"))).all().get());
        step("delete groups", () -> admin.deleteConsumerGroups(List.of("recorded-java")).all().get());
        step("consume as a static member", () -> poll(consumer(brokers, Map.of("group.instance.id", "one")), topic, false));
        ConfigResource resource = new ConfigResource(ConfigResource.Type.TOPIC, topic);
        step("alter configs", () -> admin.incrementalAlterConfigs(Map.of(resource, List.of(
            new AlterConfigOp(new ConfigEntry("retention.ms", "70000"), AlterConfigOp.OpType.SET),
            new AlterConfigOp(new ConfigEntry("segment.bytes", null), AlterConfigOp.OpType.DELETE)))).all().get());
        step("describe configs", () -> admin.describeConfigs(List.of(resource), new DescribeConfigsOptions().includeSynonyms(true).includeDocumentation(true)).all().get());
        step("describe the cluster", () -> admin.describeCluster().nodes().get());
        step("delete records", () -> admin.deleteRecords(Map.of(first, RecordsToDelete.beforeOffset(1))).all().get());
        step("describe topics", () -> admin.describeTopics(List.of(topic)).allTopicNames().get());
        step("an unknown topic", () -> admin.deleteTopics(List.of("unknown-topic")).all().get());
        step("a topic by its id", () -> admin.deleteTopics(TopicCollection.ofTopicIds(List.of(admin.describeTopics(List.of(topic)).allTopicNames().get().get(topic).topicId()))).all().get());
        step("a topic that is there", () -> admin.deleteTopics(List.of(topic)).all().get());
        admin.close(Duration.ofSeconds(2));
    }

    static void produce(String brokers, String topic, Map<String, Object> options) throws Exception {
        Map<String, Object> config = new HashMap<>(Map.of("bootstrap.servers", brokers, "client.id", "java-producer", "max.block.ms", "8000", "delivery.timeout.ms", "8000", "request.timeout.ms", "4000", "linger.ms", "0"));
        config.putAll(options);
        try (Producer<String, String> producer = new KafkaProducer<>(config, new StringSerializer(), new StringSerializer())) {
            producer.send(new ProducerRecord<>(topic, 0, "key", "value")).get();
            producer.send(new ProducerRecord<>(topic, 0, null, "x".repeat(300))).get();
        }
    }

    static Consumer<String, String> consumer(String brokers, Map<String, Object> options) {
        Map<String, Object> config = new HashMap<>(Map.of("bootstrap.servers", brokers, "client.id", "java-consumer", "group.id", "recorded-java", "auto.offset.reset", "earliest",
            "heartbeat.interval.ms", "200", "enable.auto.commit", "false", "default.api.timeout.ms", "8000"));
        config.putAll(options);
        return new KafkaConsumer<>(config, new StringDeserializer(), new StringDeserializer());
    }

    static void consume(String brokers, String topic, Admin admin) throws Exception {
        try (Consumer<String, String> consumer = consumer(brokers, Map.of("isolation.level", "read_committed"))) {
            poll(consumer, topic, true);
            step("describe the group", () -> admin.describeConsumerGroups(List.of("recorded-java")).all().get());
            step("commit", () -> consumer.commitSync(Map.of(new TopicPartition(topic, 0), new OffsetAndMetadata(2, Optional.of(0), "note"))));
            step("committed", () -> consumer.committed(Set.of(new TopicPartition(topic, 0), new TopicPartition(topic, 1))));
            step("offsets for times", () -> consumer.offsetsForTimes(Map.of(new TopicPartition(topic, 0), 1L)));
            consumer.poll(Duration.ofMillis(700));
        }
    }

    static void poll(Consumer<String, String> consumer, String topic, boolean isOpen) {
        consumer.subscribe(List.of(topic));
        long end = System.currentTimeMillis() + 8000;
        int seen = 0;
        while (seen < 4 && System.currentTimeMillis() < end) {
            for (ConsumerRecord<String, String> ignored : consumer.poll(Duration.ofMillis(300))) seen++;
            if (!isOpen && seen == 0 && !consumer.assignment().isEmpty()) break;
        }
        step("commit all", () -> consumer.commitSync());
        if (!isOpen) consumer.close();
    }
}
