// What franz-go does with a broker; see ../franz-go.e2e.test.ts. Arguments: brokers, what begins all names.
// Prints a JSON line for each thing done, with what came of it.
package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
)

const (
	firstTimestamp = 1_700_000_000_000
	limit          = 60 * time.Second
)

var (
	brokers, run string
	admin        *kadm.Client
)

func main() {
	brokers, run = os.Args[1], os.Args[2]
	ctx, cancel := context.WithTimeout(context.Background(), 4*limit)
	defer cancel()
	admin = kadm.NewClient(newClient())
	for _, codec := range []string{"none", "gzip", "snappy", "lz4", "zstd"} {
		roundTrip(ctx, codec)
	}
	idempotence(ctx)
	group(ctx, "range", kgo.RangeBalancer())
	group(ctx, "cooperative-sticky", kgo.CooperativeStickyBalancer())
	resuming(ctx)
	staticMember(ctx)
	administration(ctx)
	failures(ctx)
	transactions(ctx)
	regexAndRaw(ctx)
}

func newClient(opts ...kgo.Opt) *kgo.Client {
	client, err := kgo.NewClient(append([]kgo.Opt{
		kgo.SeedBrokers(brokers), kgo.ClientID("franz-go"), kgo.RecordPartitioner(kgo.ManualPartitioner()), kgo.FetchMaxWait(100 * time.Millisecond),
		kgo.MetadataMinAge(50 * time.Millisecond), kgo.HeartbeatInterval(200 * time.Millisecond), kgo.SessionTimeout(30 * time.Second),
	}, opts...)...)
	must(err)
	return client
}

func codecOf(name string) kgo.CompressionCodec {
	return map[string]kgo.CompressionCodec{
		"none": kgo.NoCompression(), "gzip": kgo.GzipCompression(), "snappy": kgo.SnappyCompression(), "lz4": kgo.Lz4Compression(), "zstd": kgo.ZstdCompression(),
	}[name]
}

func roundTrip(ctx context.Context, codec string) {
	topic := newTopic(ctx, "codec-"+codec, 1)
	shapes := []*kgo.Record{
		{Key: []byte("plain"), Value: []byte("value"), Headers: []kgo.RecordHeader{{Key: "trace", Value: []byte("abc-123")}, {Key: "trace", Value: []byte("again")}, {Key: "null"}}},
		{Value: []byte("without a key")}, {Key: []byte("tombstone")}, {Key: []byte("empty"), Value: []byte{}},
		{Key: []byte("schlüssel"), Value: []byte("Größe 🦆")}, {Key: []byte("long"), Value: bytes.Repeat([]byte("again and "), 5_000)},
	}
	for index := range 20 {
		shapes = append(shapes, &kgo.Record{Key: []byte("k" + strconv.Itoa(index)), Value: []byte("v" + strconv.Itoa(index))})
	}
	for index, record := range shapes {
		record.Topic, record.Timestamp = topic, time.UnixMilli(firstTimestamp+int64(index))
	}
	producer := newClient(kgo.ProducerBatchCompression(codecOf(codec)))
	defer producer.Close()
	sent := producer.ProduceSync(ctx, shapes...)
	must(sent.FirstErr())
	read := readAll(ctx, topic, 1, len(shapes))
	same, offsets := true, true
	for index, got := range read {
		want := shapes[index]
		same = same && equal(got.Key, want.Key) && equal(got.Value, want.Value) && got.Timestamp.Equal(want.Timestamp) && fmt.Sprint(got.Headers) == fmt.Sprint(want.Headers)
		offsets = offsets && got.Offset == int64(index) && sent[index].Record.Offset == int64(index)
	}
	tell("round trip ("+codec+")", facts{"same": same, "offsets": offsets})
}

// equal tells nothing (null) from empty.
func equal(a, b []byte) bool {
	return bytes.Equal(a, b) && (a == nil) == (b == nil)
}

func idempotence(ctx context.Context) {
	topic := newTopic(ctx, "idempotent", 3)
	producer := newClient(kgo.MaxBufferedRecords(100), kgo.ProducerBatchMaxBytes(1_000))
	for number := range 3_000 {
		producer.Produce(ctx, &kgo.Record{Topic: topic, Partition: int32(number % 3), Value: []byte(strconv.Itoa(number))}, func(_ *kgo.Record, err error) { must(err) })
	}
	must(producer.Flush(ctx))
	producer.Close()
	tell("idempotent producer", facts{"in order": inOrder(readAll(ctx, topic, 3, 3_000), 3, 3_000)})
}

func inOrder(read []*kgo.Record, partitions, count int) []bool {
	right := make([]bool, partitions)
	for partition := range partitions {
		want := partition
		right[partition] = true
		for _, record := range read {
			if int(record.Partition) == partition {
				right[partition] = right[partition] && string(record.Value) == strconv.Itoa(want)
				want += partitions
			}
		}
		right[partition] = right[partition] && want >= count
	}
	return right
}

// member reads until it is closed and commits what it read.
type member struct {
	client *kgo.Client
	done   chan struct{}
	mutex  sync.Mutex
	owned  map[int32]bool
	// Held from the first record of a poll until it is committed.
	work    sync.Mutex
	leaving bool
}

func join(ctx context.Context, topic, group string, balancer kgo.GroupBalancer, see func(*kgo.Record)) *member {
	m := &member{done: make(chan struct{}), owned: map[int32]bool{}}
	change := func(owned bool) func(context.Context, *kgo.Client, map[string][]int32) {
		return func(_ context.Context, _ *kgo.Client, partitions map[string][]int32) {
			m.mutex.Lock()
			defer m.mutex.Unlock()
			for _, partition := range partitions[topic] {
				if owned {
					m.owned[partition] = true
				} else {
					delete(m.owned, partition)
				}
			}
		}
	}
	m.client = newClient(kgo.ConsumerGroup(run+"-"+group), kgo.ConsumeTopics(topic), kgo.Balancers(balancer), kgo.DisableAutoCommit(), kgo.BlockRebalanceOnPoll(),
		kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()), kgo.OnPartitionsAssigned(change(true)), kgo.OnPartitionsRevoked(change(false)), kgo.OnPartitionsLost(change(false)))
	go func() {
		defer close(m.done)
		for {
			fetches := m.client.PollFetches(ctx)
			if fetches.IsClientClosed() || ctx.Err() != nil {
				return
			}
			m.work.Lock()
			if m.leaving {
				m.work.Unlock()
				return
			}
			fetches.EachRecord(see)
			if !fetches.Empty() {
				must(m.client.CommitUncommittedOffsets(ctx))
			}
			m.work.Unlock()
			m.client.AllowRebalance()
		}
	}()
	return m
}

func (m *member) count() int {
	m.mutex.Lock()
	defer m.mutex.Unlock()
	return len(m.owned)
}

func (m *member) leave() {
	m.work.Lock()
	m.leaving = true
	m.work.Unlock()
	m.client.CloseAllowingRebalance()
	<-m.done
}

func group(ctx context.Context, name string, balancer kgo.GroupBalancer) {
	topic := newTopic(ctx, "group-"+name, 4)
	var mutex sync.Mutex
	var read []*kgo.Record
	see := func(record *kgo.Record) {
		mutex.Lock()
		defer mutex.Unlock()
		read = append(read, record)
	}
	hasRead := func(count int) func() bool {
		return func() bool {
			mutex.Lock()
			defer mutex.Unlock()
			return len(read) == count
		}
	}
	a := join(ctx, topic, name, balancer, see)
	until("one member has all", func() bool { return a.count() == 4 })
	produceRound(ctx, topic, 0)
	until("the first round is read", hasRead(20))
	b := join(ctx, topic, name, balancer, see)
	until("both have half", func() bool { return a.count() == 2 && b.count() == 2 })
	produceRound(ctx, topic, 20)
	until("the second round is read", hasRead(40))
	b.leave()
	until("the first has all again", func() bool { return a.count() == 4 })
	produceRound(ctx, topic, 40)
	until("the third round is read", hasRead(60))
	a.leave()
	offsets, err := admin.FetchOffsets(ctx, run+"-"+name)
	must(err)
	committed := []int64{}
	for partition := range int32(4) {
		committed = append(committed, offsets[topic][partition].At)
	}
	tell("group ("+name+")", facts{"in order": inOrder(read, 4, 60), "committed": committed})
}

func produceRound(ctx context.Context, topic string, first int) {
	producer := newClient()
	defer producer.Close()
	for number := first; number < first+20; number++ {
		producer.Produce(ctx, &kgo.Record{Topic: topic, Partition: int32(number % 4), Value: []byte(strconv.Itoa(number))}, func(_ *kgo.Record, err error) { must(err) })
	}
	must(producer.Flush(ctx))
}

func produceTimed(ctx context.Context, topic string) {
	producer := newClient()
	defer producer.Close()
	for index := range 10 {
		must(producer.ProduceSync(ctx, &kgo.Record{Topic: topic, Value: []byte(strconv.Itoa(index)), Timestamp: time.UnixMilli(firstTimestamp + int64(index)*1_000)}).FirstErr())
	}
}

func resuming(ctx context.Context) {
	topic := newTopic(ctx, "resume", 1)
	produceTimed(ctx, topic)
	var offsets kadm.Offsets
	offsets.Add(kadm.Offset{Topic: topic, Partition: 0, At: 6, LeaderEpoch: -1})
	must(admin.CommitAllOffsets(ctx, run+"-resume", offsets))
	consumer := newClient(kgo.ConsumerGroup(run+"-resume"), kgo.ConsumeTopics(topic), kgo.DisableAutoCommit())
	read := []string{}
	for len(read) < 4 {
		fetches := consumer.PollFetches(ctx)
		must(fetches.Err())
		fetches.EachRecord(func(record *kgo.Record) { read = append(read, string(record.Value)) })
	}
	consumer.Close()
	byTime := []int64{}
	for _, ms := range []int64{0, 2_500, 60_000} {
		listed, err := admin.ListOffsetsAfterMilli(ctx, firstTimestamp+ms, topic)
		must(err)
		byTime = append(byTime, listed[topic][0].Offset)
	}
	starts, err := admin.ListStartOffsets(ctx, topic)
	must(err)
	ends, err := admin.ListEndOffsets(ctx, topic)
	must(err)
	tell("resuming and times", facts{"read": read, "by time": byTime, "low and high": []int64{starts[topic][0].Offset, ends[topic][0].Offset}})
}

func staticMember(ctx context.Context) {
	topic := newTopic(ctx, "static", 2)
	ids := map[string]bool{}
	generations := map[int32]bool{}
	for range 2 {
		assigned := make(chan struct{}, 1)
		client := newClient(kgo.ConsumerGroup(run+"-static"), kgo.InstanceID("one"), kgo.ConsumeTopics(topic), kgo.OnPartitionsAssigned(func(context.Context, *kgo.Client, map[string][]int32) { assigned <- struct{}{} }))
		<-assigned
		id, generation := client.GroupMetadata()
		ids[id], generations[generation] = true, true
		client.Close()
	}
	tell("static member", facts{"ids": len(ids), "generations": len(generations)})
}

func administration(ctx context.Context) {
	topic := newTopic(ctx, "admin", 2)
	_, again := admin.CreateTopic(ctx, 1, 1, nil, topic)
	_, wrong := admin.CreateTopic(ctx, 1, 1, map[string]*string{"no.such.key": kadm.StringPtr("1")}, run+"-wrong")
	added, err := admin.CreatePartitions(ctx, 3, topic)
	must(errors.Join(err, added.Error()))
	less, err := admin.UpdatePartitions(ctx, 1, topic)
	must(err)
	altered, err := admin.AlterTopicConfigs(ctx, []kadm.AlterConfig{{Name: "retention.ms", Value: kadm.StringPtr("120000")}}, topic)
	must(errors.Join(err, altered[0].Err))
	until("the new retention", func() bool {
		described, err := admin.DescribeTopicConfigs(ctx, topic)
		must(err)
		return slices.ContainsFunc(described[0].Configs, func(each kadm.Config) bool { return each.Key == "retention.ms" && *each.Value == "120000" })
	})
	produceTimed(ctx, topic)
	maximal, err := admin.ListMaxTimestampOffsets(ctx, topic)
	must(err)
	var upTo kadm.Offsets
	upTo.Add(kadm.Offset{Topic: topic, Partition: 0, At: 3})
	deleted, err := admin.DeleteRecords(ctx, upTo)
	must(err)
	name := run + "-admin"
	var offsets kadm.Offsets
	offsets.Add(kadm.Offset{Topic: topic, Partition: 0, At: 7, LeaderEpoch: -1, Metadata: "kept"})
	must(admin.CommitAllOffsets(ctx, name, offsets))
	fetched, err := admin.FetchOffsets(ctx, name)
	must(err)
	described, err := admin.DescribeGroups(ctx, name)
	must(err)
	listed, err := admin.ListGroups(ctx)
	must(err)
	_, err = admin.DeleteGroup(ctx, name)
	must(err)
	_, groupGone := admin.DeleteGroup(ctx, name)
	_, err = admin.DeleteTopic(ctx, topic)
	must(err)
	_, topicGone := admin.DeleteTopic(ctx, topic)
	cluster, err := admin.BrokerMetadata(ctx)
	must(err)
	tell("administration", facts{
		"again": nameOf(again), "wrong": nameOf(wrong), "partitions": added[topic].Err == nil, "less": nameOf(less[topic].Err), "max time": maximal[topic][0].Offset, "low": deleted[topic][0].LowWatermark,
		"kept": fmt.Sprint(fetched[topic][0].At, " ", fetched[topic][0].Metadata), "state": described[name].State, "listed": slices.Contains(listed.Groups(), name),
		"group gone": nameOf(groupGone), "topic gone": nameOf(topicGone), "nodes": len(cluster.Brokers), "controller": cluster.Controller == cluster.Brokers[0].NodeID,
	})
}

func failures(ctx context.Context) {
	topic := newTopic(ctx, "errors", 1)
	producer := newClient(kgo.ProducerBatchMaxBytes(3_000_000), kgo.ProducerBatchCompression(kgo.NoCompression()))
	tooLarge := producer.ProduceSync(ctx, &kgo.Record{Topic: topic, Value: bytes.Repeat([]byte("x"), 1_500_000)}).FirstErr()
	producer.Close()
	consumer := newClient(kgo.ConsumePartitions(map[string]map[int32]kgo.Offset{topic: {0: kgo.NewOffset().At(99)}}), kgo.ConsumeResetOffset(kgo.NoResetOffset()))
	outOfRange := consumer.PollFetches(ctx).Err()
	consumer.Close()
	tell("errors", facts{"too large": nameOf(tooLarge), "out of range": nameOf(outOfRange)})
}

func transactions(ctx context.Context) {
	topic := newTopic(ctx, "transactional", 1)
	producer := newClient(kgo.TransactionalID(run + "-transactional"))
	defer producer.Close()
	err := producer.BeginTransaction()
	if err == nil {
		err = producer.ProduceSync(ctx, &kgo.Record{Topic: topic, Value: []byte("a")}).FirstErr()
	}
	if err == nil {
		err = producer.EndTransaction(ctx, kgo.TryCommit)
	}
	tell("transactions", nameOf(err))
}

// regexAndRaw subscribes by a pattern, so that metadata of all topics are asked for, while a topic appears.
func regexAndRaw(ctx context.Context) {
	first := newTopic(ctx, "pattern-1", 1)
	consumer := newClient(kgo.ConsumeRegex(), kgo.ConsumeTopics("^"+run+"-pattern-.*"), kgo.MetadataMaxAge(200*time.Millisecond), kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()))
	defer consumer.Close()
	second := newTopic(ctx, "pattern-2", 1)
	produceTimed(ctx, first)
	produceTimed(ctx, second)
	read := map[string]int{}
	for read[first] < 10 || read[second] < 10 {
		fetches := consumer.PollFetches(ctx)
		must(fetches.Err())
		fetches.EachRecord(func(record *kgo.Record) { read[record.Topic]++ })
	}
	tell("pattern", facts{"first": read[first], "second": read[second]})
}

func newTopic(ctx context.Context, short string, partitions int32) string {
	topic := run + "-" + short
	_, err := admin.CreateTopic(ctx, partitions, 1, nil, topic)
	must(err)
	until(topic+" can be used", func() bool {
		listed, err := admin.ListEndOffsets(ctx, topic)
		return err == nil && listed.Error() == nil && len(listed[topic]) == int(partitions)
	})
	return topic
}

func readAll(ctx context.Context, topic string, partitions, count int) []*kgo.Record {
	starts := map[int32]kgo.Offset{}
	for partition := range partitions {
		starts[int32(partition)] = kgo.NewOffset().AtStart()
	}
	consumer := newClient(kgo.ConsumePartitions(map[string]map[int32]kgo.Offset{topic: starts}))
	defer consumer.Close()
	var read []*kgo.Record
	for len(read) < count {
		fetches := consumer.PollFetches(ctx)
		must(fetches.Err())
		fetches.EachRecord(func(record *kgo.Record) { read = append(read, record) })
	}
	return read
}

func until(what string, holds func() bool) {
	for deadline := time.Now().Add(limit); !holds(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			must(fmt.Errorf("not within %s: %s", limit, what))
		}
	}
}

// nameOf is Kafka's name of an error, or "done".
func nameOf(err error) string {
	if err == nil {
		return "done"
	}
	var known *kerr.Error
	if errors.As(err, &known) {
		return known.Message
	}
	return err.Error()
}

type facts map[string]any

func tell(scenario string, found any) {
	var line strings.Builder
	encoder := json.NewEncoder(&line)
	encoder.SetEscapeHTML(false)
	must(encoder.Encode(struct {
		Scenario string `json:"scenario"`
		Facts    any    `json:"facts"`
	}{scenario, found}))
	fmt.Print(line.String())
}

func must(err error) {
	if err != nil {
		panic(err)
	}
}
