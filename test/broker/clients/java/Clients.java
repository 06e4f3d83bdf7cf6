import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.function.BooleanSupplier;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.AlterConfigOp;
import org.apache.kafka.clients.admin.ConfigEntry;
import org.apache.kafka.clients.admin.NewPartitions;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.clients.admin.RecordsToDelete;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.consumer.ConsumerRebalanceListener;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.config.ConfigResource;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;
import org.apache.kafka.common.utils.Exit;

/** What Kafka's own clients and console tools do with a broker; see ../java.e2e.test.ts. Arguments: brokers, what begins all names. */
public final class Clients {
  private static final long FIRST_TIMESTAMP = 1_700_000_000_000L;
  private static final long LIMIT_MS = 60_000;
  private static final Duration POLL = Duration.ofMillis(20);

  private static String brokers;
  private static String run;
  private static Admin admin;

  public static void main(String[] args) throws Exception {
    brokers = args[0];
    run = args[1];
    admin = Admin.create(Map.of("bootstrap.servers", brokers));
    for (String codec : List.of("none", "gzip", "snappy", "lz4", "zstd")) roundTrip(codec);
    idempotence();
    group("org.apache.kafka.clients.consumer.RangeAssignor", "range");
    group("org.apache.kafka.clients.consumer.CooperativeStickyAssignor", "cooperative-sticky");
    resuming();
    administration();
    errors();
    transactions();
    newProtocol();
    tools();
    admin.close();
    System.exit(0);
  }

  private static void roundTrip(String codec) throws Exception {
    String topic = newTopic("codec-" + codec, 1);
    List<ProducerRecord<String, String>> sent = new ArrayList<>();
    String[][] shapes = {{"plain", "value"}, {null, "without a key"}, {"tombstone", null}, {"empty", ""}, {"schlüssel", "Größe 🦆"}, {"long", "again and ".repeat(5_000)}};
    for (String[] shape : shapes) sent.add(new ProducerRecord<>(topic, 0, FIRST_TIMESTAMP + sent.size(), shape[0], shape[1]));
    for (int index = 0; index < 20; index++) sent.add(new ProducerRecord<>(topic, 0, FIRST_TIMESTAMP + sent.size(), "k" + index, "v" + index));
    sent.get(0).headers().add("trace", bytes("abc-123")).add("trace", bytes("again")).add("null", null);
    List<Future<RecordMetadata>> answers = new ArrayList<>();
    try (Producer<String, String> producer = newProducer(Map.of("compression.type", codec, "linger.ms", 20))) {
      for (ProducerRecord<String, String> each : sent) answers.add(producer.send(each));
    }
    List<Long> offsets = new ArrayList<>();
    for (Future<RecordMetadata> answer : answers) offsets.add(answer.get().offset());
    List<ConsumerRecord<String, String>> read = readAll(topic, 1, sent.size());
    tell("round trip (" + codec + ")", facts(
        "delivered", offsets.equals(numbers(0, sent.size(), 1)),
        "same", read.stream().map(Clients::shown).toList().equals(sent.stream().map(Clients::shown).toList()),
        "offsets", read.stream().map(ConsumerRecord::offset).toList().equals(numbers(0, sent.size(), 1))));
  }

  private static String shown(ConsumerRecord<String, String> each) {
    return each.key() + "|" + each.value() + "|" + each.timestamp() + "|" + shown(each.headers());
  }

  private static String shown(ProducerRecord<String, String> each) {
    return each.key() + "|" + each.value() + "|" + each.timestamp() + "|" + shown(each.headers());
  }

  private static String shown(Iterable<Header> headers) {
    StringBuilder text = new StringBuilder();
    for (Header header : headers) text.append(header.key()).append('=').append(header.value() == null ? "null" : new String(header.value(), StandardCharsets.UTF_8)).append(' ');
    return text.toString();
  }

  private static void idempotence() throws Exception {
    String topic = newTopic("idempotent", 3);
    try (Producer<String, String> producer = newProducer(Map.of("batch.size", 500, "linger.ms", 1))) {
      for (int number = 0; number < 3_000; number++) producer.send(new ProducerRecord<>(topic, number % 3, null, String.valueOf(number)));
    }
    List<ConsumerRecord<String, String>> read = readAll(topic, 3, 3_000);
    tell("idempotent producer", facts("in order", inOrder(read, 3, 3_000)));
  }

  private static List<Boolean> inOrder(List<ConsumerRecord<String, String>> read, int partitions, int count) {
    return IntStream.range(0, partitions).mapToObj(partition -> read.stream().filter(each -> each.partition() == partition).map(each -> Long.valueOf(each.value())).toList().equals(numbers(partition, count, partitions))).toList();
  }

  /** A consumer of a group that commits each poll. */
  private static final class Member {
    final Consumer<String, String> consumer;
    final Set<Integer> assigned = new TreeSet<>();
    final List<ConsumerRecord<String, String>> read;

    Member(String topic, String group, String assignor, List<ConsumerRecord<String, String>> read) {
      this.read = read;
      consumer = newConsumer(Map.of("group.id", run + "-" + group, "partition.assignment.strategy", assignor));
      consumer.subscribe(List.of(topic), new ConsumerRebalanceListener() {
        @Override public void onPartitionsAssigned(Collection<TopicPartition> partitions) {
          for (TopicPartition each : partitions) assigned.add(each.partition());
        }

        @Override public void onPartitionsRevoked(Collection<TopicPartition> partitions) {
          for (TopicPartition each : partitions) assigned.remove(each.partition());
        }
      });
    }

    void poll() {
      int before = read.size();
      for (ConsumerRecord<String, String> each : consumer.poll(POLL)) read.add(each);
      if (read.size() > before) consumer.commitSync();
    }
  }

  private static void group(String assignor, String name) throws Exception {
    String topic = newTopic("group-" + name, 4);
    List<ConsumerRecord<String, String>> read = new ArrayList<>();
    Member a = new Member(topic, name, assignor, read);
    until("one member has all", () -> { a.poll(); return a.assigned.size() == 4; });
    produceRound(topic, 0);
    until("the first round is read", () -> { a.poll(); return read.size() == 20; });
    Member b = new Member(topic, name, assignor, read);
    // Each poll of a member that rebalances blocks only as long as its argument says: one thread can be both.
    until("both have half", () -> { a.poll(); b.poll(); return a.assigned.size() == 2 && b.assigned.size() == 2 && Collections.disjoint(a.assigned, b.assigned); });
    produceRound(topic, 20);
    until("the second round is read", () -> { a.poll(); b.poll(); return read.size() == 40; });
    b.consumer.close();
    until("the first has all again", () -> { a.poll(); return a.assigned.size() == 4; });
    produceRound(topic, 40);
    until("the third round is read", () -> { a.poll(); return read.size() == 60; });
    Map<TopicPartition, OffsetAndMetadata> committed = a.consumer.committed(partitions(topic, 4));
    a.consumer.close();
    tell("group (" + name + ")", facts("in order", inOrder(read, 4, 60), "committed", committed.values().stream().map(OffsetAndMetadata::offset).toList()));
  }

  private static void produceRound(String topic, int first) {
    try (Producer<String, String> producer = newProducer(Map.of())) {
      for (int number = first; number < first + 20; number++) producer.send(new ProducerRecord<>(topic, number % 4, null, String.valueOf(number)));
    }
  }

  private static void resuming() throws Exception {
    String topic = newTopic("resume", 1);
    TopicPartition partition = new TopicPartition(topic, 0);
    try (Producer<String, String> producer = newProducer(Map.of())) {
      for (int index = 0; index < 10; index++) producer.send(new ProducerRecord<>(topic, 0, FIRST_TIMESTAMP + 1_000 * index, null, String.valueOf(index)));
    }
    String group = run + "-resume";
    admin.alterConsumerGroupOffsets(group, Map.of(partition, new OffsetAndMetadata(6))).all().get();
    List<String> read = new ArrayList<>();
    List<Object> byTime = new ArrayList<>();
    List<Long> ends = new ArrayList<>();
    try (Consumer<String, String> consumer = newConsumer(Map.of("group.id", group))) {
      consumer.subscribe(List.of(topic));
      until("the rest is read", () -> { for (ConsumerRecord<String, String> each : consumer.poll(POLL)) read.add(each.value()); return read.size() >= 4; });
      for (long ms : new long[] {0, 2_500, 60_000}) {
        var found = consumer.offsetsForTimes(Map.of(partition, FIRST_TIMESTAMP + ms)).get(partition);
        byTime.add(found == null ? "none" : found.offset());
      }
      ends.addAll(consumer.beginningOffsets(List.of(partition)).values());
      ends.addAll(consumer.endOffsets(List.of(partition)).values());
    }
    tell("resuming and times", facts("read", read, "by time", byTime, "low and high", ends));
  }

  private static void administration() throws Exception {
    String topic = newTopic("admin", 2);
    Object again = outcome(() -> admin.createTopics(List.of(new NewTopic(topic, 1, (short) 1))).all().get());
    Object wrong = outcome(() -> admin.createTopics(List.of(new NewTopic(run + "-wrong", 1, (short) 1).configs(Map.of("no.such.key", "1")))).all().get());
    Object replicated = outcome(() -> admin.createTopics(List.of(new NewTopic(run + "-wrong", 1, (short) 3))).all().get());
    admin.createPartitions(Map.of(topic, NewPartitions.increaseTo(5))).all().get();
    until("five partitions", () -> described(topic) == 5);
    Object less = outcome(() -> admin.createPartitions(Map.of(topic, NewPartitions.increaseTo(1))).all().get());
    ConfigResource resource = new ConfigResource(ConfigResource.Type.TOPIC, topic);
    admin.incrementalAlterConfigs(Map.of(resource, List.of(new AlterConfigOp(new ConfigEntry("retention.ms", "120000"), AlterConfigOp.OpType.SET)))).all().get();
    until("the new retention", () -> "120000".equals(config(resource, "retention.ms")));
    try (Producer<String, String> producer = newProducer(Map.of())) {
      for (int index = 0; index < 10; index++) producer.send(new ProducerRecord<>(topic, 0, FIRST_TIMESTAMP + (index == 4 ? 100 : index), null, String.valueOf(index)));
    }
    TopicPartition partition = new TopicPartition(topic, 0);
    long maxTime = admin.listOffsets(Map.of(partition, OffsetSpec.maxTimestamp())).partitionResult(partition).get().offset();
    long low = admin.deleteRecords(Map.of(partition, RecordsToDelete.beforeOffset(3))).lowWatermarks().get(partition).get().lowWatermark();
    String group = run + "-admin";
    admin.alterConsumerGroupOffsets(group, Map.of(partition, new OffsetAndMetadata(7, "kept"))).all().get();
    OffsetAndMetadata kept = admin.listConsumerGroupOffsets(group).partitionsToOffsetAndMetadata().get().get(partition);
    String state = admin.describeConsumerGroups(List.of(group)).describedGroups().get(group).get().groupState().toString();
    boolean isListed = admin.listGroups().all().get().stream().anyMatch(each -> each.groupId().equals(group));
    admin.deleteConsumerGroups(List.of(group)).all().get();
    Object groupGone = outcome(() -> admin.deleteConsumerGroups(List.of(group)).all().get());
    admin.deleteTopics(List.of(topic)).all().get();
    Object topicGone = outcome(() -> admin.deleteTopics(List.of(topic)).all().get());
    tell("administration", facts("again", again, "wrong", wrong, "replicated", replicated, "less", less, "max time", maxTime, "low", low, "kept", kept.offset() + " " + kept.metadata(), "state", state, "listed", isListed, "group gone", groupGone, "topic gone", topicGone, "nodes", admin.describeCluster().nodes().get().size(), "controller", admin.describeCluster().controller().get() != null));
  }

  private static int described(String topic) {
    try {
      return admin.describeTopics(List.of(topic)).allTopicNames().get().get(topic).partitions().size();
    } catch (Exception error) {
      throw new IllegalStateException(error);
    }
  }

  private static String config(ConfigResource resource, String name) {
    try {
      return admin.describeConfigs(List.of(resource)).all().get().get(resource).get(name).value();
    } catch (Exception error) {
      throw new IllegalStateException(error);
    }
  }

  private static void errors() throws Exception {
    String topic = newTopic("errors", 1);
    Object tooLarge;
    try (Producer<String, String> producer = newProducer(Map.of("max.request.size", 3_000_000))) {
      tooLarge = outcome(() -> producer.send(new ProducerRecord<>(topic, "x".repeat(1_500_000))).get());
    }
    Object outOfRange;
    try (Consumer<String, String> consumer = newConsumer(Map.of("auto.offset.reset", "none"))) {
      TopicPartition partition = new TopicPartition(topic, 0);
      consumer.assign(List.of(partition));
      consumer.seek(partition, 99);
      outOfRange = outcome(() -> until("an error", () -> { consumer.poll(POLL); return false; }));
    }
    tell("errors", facts("too large", tooLarge, "out of range", outOfRange));
  }

  private static void transactions() throws Exception {
    try (Producer<String, String> producer = newProducer(Map.of("transactional.id", run + "-transactional"))) {
      tell("transactions", outcome(producer::initTransactions));
    }
  }

  /** The newer groups (KIP-848), where they are not offered: the consumer must say so. */
  private static void newProtocol() throws Exception {
    String topic = newTopic("new-protocol", 1);
    try (Producer<String, String> producer = newProducer(Map.of())) {
      producer.send(new ProducerRecord<>(topic, "a"));
    }
    Map<String, Object> config = new HashMap<>(Map.of("group.id", run + "-new-protocol", "group.protocol", "consumer"));
    try (Consumer<String, String> consumer = newConsumer(config)) {
      consumer.subscribe(List.of(topic));
      tell("newer groups", outcome(() -> until("a record", () -> consumer.poll(POLL).count() > 0)));
    }
  }

  /** The console tools, each called as the scripts in Kafka's bin folder do, but in this Java machine. */
  private static void tools() throws Exception {
    Exit.setExitProcedure((code, message) -> { throw new ToolEnd(ends, code); });
    String topic = run + "-tools";
    String group = run + "-tools-group";
    Map<String, Object> told = new TreeMap<>();
    told.put("1 create", tool("org.apache.kafka.tools.TopicCommand", "", "--bootstrap-server", brokers, "--create", "--topic", topic, "--partitions", "2", "--config", "retention.ms=60000").contains("Created topic " + topic));
    told.put("2 produce", tool("org.apache.kafka.tools.ConsoleProducer", "a:1\nb:2\nc:3\n", "--bootstrap-server", brokers, "--topic", topic, "--property", "parse.key=true", "--property", "key.separator=:"));
    told.put("3 consume", sortedLines(tool("org.apache.kafka.tools.consumer.ConsoleConsumer", "", "--bootstrap-server", brokers, "--topic", topic, "--from-beginning", "--max-messages", "3", "--group", group, "--property", "print.key=true", "--timeout-ms", "60000")));
    told.put("4 describe", tool("org.apache.kafka.tools.TopicCommand", "", "--bootstrap-server", brokers, "--describe", "--topic", topic).contains("PartitionCount: 2"));
    told.put("5 list", Arrays.asList(tool("org.apache.kafka.tools.TopicCommand", "", "--bootstrap-server", brokers, "--list").split("\n")).contains(topic));
    told.put("6 offsets", sortedLines(tool("org.apache.kafka.tools.GetOffsetShell", "", "--bootstrap-server", brokers, "--topic", topic).replace(topic, "topic")).size());
    told.put("7 lag", tool("org.apache.kafka.tools.consumer.group.ConsumerGroupCommand", "", "--bootstrap-server", brokers, "--describe", "--group", group).lines().filter(line -> line.contains(topic)).map(line -> line.trim().split("\\s+")[5]).toList());
    told.put("8 reset", tool("org.apache.kafka.tools.consumer.group.ConsumerGroupCommand", "", "--bootstrap-server", brokers, "--group", group, "--topic", topic, "--reset-offsets", "--to-earliest", "--execute").lines().filter(line -> line.contains(topic)).count());
    told.put("9 configs", tool("kafka.admin.ConfigCommand", "", "--bootstrap-server", brokers, "--alter", "--entity-type", "topics", "--entity-name", topic, "--add-config", "max.message.bytes=2000").contains("Completed updating config"));
    told.put("10 versions", tool("org.apache.kafka.tools.BrokerApiVersionsCommand", "", "--bootstrap-server", brokers).contains("Fetch(1)"));
    told.put("11 delete group", tool("org.apache.kafka.tools.consumer.group.ConsumerGroupCommand", "", "--bootstrap-server", brokers, "--delete", "--group", group).contains("was successful"));
    told.put("12 delete", tool("org.apache.kafka.tools.TopicCommand", "", "--bootstrap-server", brokers, "--delete", "--topic", topic));
    tell("console tools", told);
  }

  /** How the tool wanted to end: the first counts, since some take their own end for an error and end again. */
  private static final List<Integer> ends = new ArrayList<>();

  private static final class ToolEnd extends RuntimeException {
    ToolEnd(List<Integer> ends, int code) {
      super("exit code " + code);
      ends.add(code);
    }
  }

  /** What a tool prints to its standard output; its input is `input`. */
  private static String tool(String name, String input, String... args) throws Exception {
    PrintStream out = System.out;
    ByteArrayOutputStream printed = new ByteArrayOutputStream();
    System.setOut(new PrintStream(printed, true, StandardCharsets.UTF_8));
    ends.clear();
    System.setIn(new ByteArrayInputStream(bytes(input)));
    try {
      scalaConsole(printed, () -> Class.forName(name).getMethod("main", String[].class).invoke(null, (Object) args));
    } catch (java.lang.reflect.InvocationTargetException error) {
      if (!(error.getCause() instanceof ToolEnd)) throw error;
      if (ends.get(0) != 0) throw new IllegalStateException(name + " ended with " + ends + ": " + printed, error);
    } finally {
      System.setOut(out);
    }
    return printed.toString(StandardCharsets.UTF_8).trim();
  }

  /** Tools in Scala print to a stream of their own, which was taken from System.out when it was first used. */
  private static void scalaConsole(ByteArrayOutputStream printed, Step step) throws Exception {
    PrintStream stream = new PrintStream(printed, true, StandardCharsets.UTF_8);
    Object[] failure = new Object[1];
    scala.Console.withOut(stream, () -> {
      try {
        step.run();
      } catch (Exception error) {
        failure[0] = error;
      }
      return null;
    });
    if (failure[0] != null) throw (Exception) failure[0];
  }

  private static List<String> sortedLines(String text) {
    return text.lines().sorted().toList();
  }

  private interface Step {
    void run() throws Exception;
  }

  /** "done", or the name of the error. */
  private static String outcome(Step step) {
    try {
      step.run();
      return "done";
    } catch (ExecutionException error) {
      return error.getCause().getClass().getSimpleName();
    } catch (Exception error) {
      return error.getClass().getSimpleName();
    }
  }

  private static String newTopic(String name, int partitions) throws Exception {
    String topic = run + "-" + name;
    admin.createTopics(List.of(new NewTopic(topic, partitions, (short) 1))).all().get();
    until(topic + " has leaders", () -> {
      try {
        return admin.describeTopics(List.of(topic)).allTopicNames().get().get(topic).partitions().stream().allMatch(each -> each.leader() != null);
      } catch (Exception error) {
        return false;
      }
    });
    return topic;
  }

  private static Producer<String, String> newProducer(Map<String, Object> config) {
    Properties properties = new Properties();
    properties.put(ProducerConfig.BOOTSTRAP_SERVERS_CONFIG, brokers);
    properties.put(ProducerConfig.DELIVERY_TIMEOUT_MS_CONFIG, 20_000);
    properties.put(ProducerConfig.REQUEST_TIMEOUT_MS_CONFIG, 10_000);
    properties.putAll(config);
    return new KafkaProducer<>(properties, new StringSerializer(), new StringSerializer());
  }

  private static Consumer<String, String> newConsumer(Map<String, Object> config) {
    Properties properties = new Properties();
    properties.put(ConsumerConfig.BOOTSTRAP_SERVERS_CONFIG, brokers);
    properties.put(ConsumerConfig.AUTO_OFFSET_RESET_CONFIG, "earliest");
    properties.put(ConsumerConfig.ENABLE_AUTO_COMMIT_CONFIG, false);
    properties.put(ConsumerConfig.FETCH_MAX_WAIT_MS_CONFIG, 50);
    if (!config.containsKey("group.protocol")) {
      properties.put(ConsumerConfig.HEARTBEAT_INTERVAL_MS_CONFIG, 200);
      properties.put(ConsumerConfig.SESSION_TIMEOUT_MS_CONFIG, 30_000);
    }
    properties.putAll(config);
    return new KafkaConsumer<>(properties, new StringDeserializer(), new StringDeserializer());
  }

  private static List<ConsumerRecord<String, String>> readAll(String topic, int partitions, int count) throws Exception {
    List<ConsumerRecord<String, String>> read = new ArrayList<>();
    try (Consumer<String, String> consumer = newConsumer(Map.of())) {
      consumer.assign(partitions(topic, partitions));
      consumer.seekToBeginning(consumer.assignment());
      until(count + " records are read", () -> { for (ConsumerRecord<String, String> each : consumer.poll(POLL)) read.add(each); return read.size() >= count; });
    }
    return read;
  }

  private static Set<TopicPartition> partitions(String topic, int count) {
    return IntStream.range(0, count).mapToObj(partition -> new TopicPartition(topic, partition)).collect(Collectors.toSet());
  }

  private static void until(String what, BooleanSupplier holds) throws InterruptedException {
    long deadline = System.currentTimeMillis() + LIMIT_MS;
    while (!holds.getAsBoolean()) {
      if (System.currentTimeMillis() > deadline) throw new IllegalStateException("not within " + LIMIT_MS + " ms: " + what);
      Thread.sleep(1);
    }
  }

  private static List<Long> numbers(int first, int end, int step) {
    List<Long> list = new ArrayList<>();
    for (long number = first; number < end; number += step) list.add(number);
    return list;
  }

  private static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }

  private static Map<String, Object> facts(Object... pairs) {
    Map<String, Object> map = new TreeMap<>();
    for (int index = 0; index < pairs.length; index += 2) map.put((String) pairs[index], pairs[index + 1]);
    return map;
  }

  private static void tell(String scenario, Object facts) {
    System.out.println("{\"scenario\":" + json(scenario) + ",\"facts\":" + json(facts) + "}");
  }

  private static String json(Object value) {
    if (value instanceof Map<?, ?> map) return map.entrySet().stream().map(each -> json(each.getKey()) + ":" + json(each.getValue())).collect(Collectors.joining(",", "{", "}"));
    if (value instanceof Collection<?> list) return list.stream().map(Clients::json).collect(Collectors.joining(",", "[", "]"));
    if (value instanceof Number || value instanceof Boolean || value == null) return String.valueOf(value);
    return '"' + value.toString().replace("\\", "\\\\").replace("\"", "\\\"").replace("\n", "\\n").replace("\t", "\\t") + '"';
  }
}
