package runlog_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/csv"
	"encoding/json"
	"hash/crc32"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/parquet-go/parquet-go"
	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/encoding/protowire"

	"github.com/rltrain/rltrain/internal/runlog"
)

func exportedSteps() []runlog.Step {
	return []runlog.Step{
		{Step: 0, Phase: runlog.PhaseTrain, RewardMean: 0.1, PCorrectReflect: math.NaN(), RatioMax: math.Inf(1), Tokens: 5, StepS: 2},
		{Step: 1, Phase: runlog.PhaseTrain, RewardMean: 1. / 3, PCorrectReflect: 0.5, StepS: 1},
	}
}

func exportedEvals() []runlog.EvalRow {
	e := runlog.Eval{Tasks: "countdown/test", NTasks: 4, NSamples: 2, Temperature: 1, Metrics: []runlog.Metric{{Name: "pass@1", Value: 0.25, Low: math.NaN(), High: math.NaN()}}}
	return []runlog.EvalRow{{Step: 0, Eval: e}, {Step: 2, Eval: e}}
}

func TestTableAsText(t *testing.T) {
	var out bytes.Buffer
	require.NoError(t, runlog.StepTable(exportedSteps()).WriteCSV(&out))
	rows, err := csv.NewReader(&out).ReadAll()
	require.NoError(t, err)
	require.Equal(t, append([]string{"step", "phase"}, runlog.StepColumns()...), rows[0])
	require.Equal(t, []string{"1", "train", "0.3333333333333333"}, rows[2][:3])

	out.Reset()
	require.NoError(t, runlog.EvalTable(exportedEvals()).WriteJSONL(&out))
	require.JSONEq(t, `{"step":2,"tasks":"countdown/test","n_tasks":4,"n_samples":2,"temperature":1,"metric":"pass@1","value":0.25,"ci_low":null,"ci_high":null}`,
		strings.Split(out.String(), "\n")[1])

	out.Reset()
	require.NoError(t, runlog.StepTable(exportedSteps()).WriteJSONL(&out))
	var first map[string]any
	require.NoError(t, json.NewDecoder(&out).Decode(&first))
	require.Nil(t, first["ratio_max"], "JSON has no infinity")
}

func TestRolloutTable(t *testing.T) {
	log := mustCreate(t)
	groups, advantages := makeGroups(2, 2)
	hostile := "a\x00b\u202e\"\n=1,\xff"
	groups[0].Rollouts[0].Text = hostile
	require.NoError(t, log.RecordStep(context.Background(), runlog.Step{}, groups, advantages, nil))
	var kept string
	for r, err := range log.Rollouts(context.Background(), runlog.Filter{Limit: 1}) {
		require.NoError(t, err)
		kept = r.Response
	}
	column := strings.Join(runlog.RolloutColumns()[:9], ",")
	require.True(t, strings.HasSuffix(column, ",response"))

	var out bytes.Buffer
	require.NoError(t, log.RolloutTable(context.Background()).WriteCSV(&out))
	rows, err := csv.NewReader(&out).ReadAll()
	require.NoError(t, err)
	require.Len(t, rows, 5)
	require.Equal(t, kept, rows[1][8])

	out.Reset()
	require.NoError(t, log.RolloutTable(context.Background()).WriteJSONL(&out))
	var first map[string]any
	require.NoError(t, json.NewDecoder(&out).Decode(&first))
	require.Equal(t, kept, first["response"])

	out.Reset()
	require.NoError(t, log.RolloutTable(context.Background()).WriteParquet(&out))
	type row struct {
		Response  string   `parquet:"response"`
		Advantage *float64 `parquet:"advantage,optional"`
		Format    bool     `parquet:"format"`
	}
	read, err := parquet.Read[row](bytes.NewReader(out.Bytes()), int64(out.Len()))
	require.NoError(t, err)
	require.Len(t, read, 4)
	require.Equal(t, kept, read[0].Response)
	require.Equal(t, -0.5, *read[0].Advantage)
	require.True(t, read[0].Format)
}

func TestTableStopsAtAnError(t *testing.T) {
	log := mustCreate(t)
	groups, advantages := makeGroups(1, 1)
	require.NoError(t, log.RecordStep(context.Background(), runlog.Step{}, groups, advantages, nil))
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	table := log.RolloutTable(ctx)
	require.ErrorIs(t, table.WriteCSV(&bytes.Buffer{}), context.Canceled)
	require.ErrorIs(t, table.WriteJSONL(&bytes.Buffer{}), context.Canceled)
	require.ErrorIs(t, table.WriteParquet(&bytes.Buffer{}), context.Canceled)
}

func TestParquetKeepsOrderTypesAndNulls(t *testing.T) {
	var out bytes.Buffer
	require.NoError(t, runlog.StepTable(exportedSteps()).WriteParquet(&out))
	file, err := parquet.OpenFile(bytes.NewReader(out.Bytes()), int64(out.Len()))
	require.NoError(t, err)
	var names []string
	for _, field := range file.Schema().Fields() {
		names = append(names, field.Name())
	}
	require.Equal(t, append([]string{"step", "phase"}, runlog.StepColumns()...), names)
	type row struct {
		Step    int64    `parquet:"step"`
		Phase   string   `parquet:"phase"`
		Reward  *float64 `parquet:"reward_mean,optional"`
		Reflect *float64 `parquet:"p_correct_reflect,optional"`
		Tokens  int64    `parquet:"tokens"`
	}
	read, err := parquet.Read[row](bytes.NewReader(out.Bytes()), int64(out.Len()))
	require.NoError(t, err)
	tenth, third, half := 0.1, 1./3, 0.5
	require.Equal(t, []row{{0, "train", &tenth, nil, 5}, {1, "train", &third, &half, 0}}, read)
}

// scalar is one value read back from an event file.
type scalar struct {
	wall  float64
	step  uint64
	tag   string
	value float32
}

func TestEventsReadBack(t *testing.T) {
	info := runlog.Info{StartedAt: time.Unix(1700000000, 0)}
	require.Equal(t, "events.out.tfevents.1700000000.rltrain", runlog.EventFile(info))
	var out bytes.Buffer
	require.NoError(t, runlog.WriteEvents(&out, info, exportedSteps(), exportedEvals()))
	events := mustReadRecords(t, out.Bytes())
	require.Equal(t, "brain.Event:2", string(mustFields(t, events[0])[3][0].([]byte)))
	var got []scalar
	for _, event := range events[1:] {
		fields := mustFields(t, event)
		for _, value := range mustFields(t, fields[5][0].([]byte))[1] {
			v := mustFields(t, value.([]byte))
			got = append(got, scalar{math.Float64frombits(fields[1][0].(uint64)), fields[2][0].(uint64), string(v[1][0].([]byte)), math.Float32frombits(v[2][0].(uint32))})
		}
	}
	tag := "eval/countdown/test T=1 4×2/pass@1"
	require.Equal(t, scalar{1700000000, 0, tag, 0.25}, got[0], "before the first step")
	require.Equal(t, scalar{1700000003, 2, tag, 0.25}, got[len(got)-1])
	require.Contains(t, got, scalar{1700000002, 0, "train/reward_mean", 0.1})
	require.Contains(t, got, scalar{1700000003, 1, "train/p_correct_reflect", 0.5})
	for _, s := range got {
		require.False(t, s.step == 0 && s.tag == "train/p_correct_reflect", "it is not defined there")
	}
}

// mustReadRecords takes TFRecords apart, by the format's description and not by the writer's code.
func mustReadRecords(t *testing.T, data []byte) (records [][]byte) {
	t.Helper()
	check := func(part []byte, want uint32) {
		sum := crc32.Checksum(part, crc32.MakeTable(crc32.Castagnoli))
		unmasked := want - 0xa282ead8
		require.Equal(t, sum, unmasked>>17|unmasked<<15)
	}
	for len(data) > 0 {
		n := binary.LittleEndian.Uint64(data)
		check(data[:8], binary.LittleEndian.Uint32(data[8:]))
		record := data[12 : 12+n]
		check(record, binary.LittleEndian.Uint32(data[12+n:]))
		records, data = append(records, record), data[16+n:]
	}
	return records
}

// mustFields takes one message apart, by field number.
func mustFields(t *testing.T, message []byte) map[int][]any {
	t.Helper()
	fields := map[int][]any{}
	for len(message) > 0 {
		number, kind, n := protowire.ConsumeTag(message)
		require.Positive(t, n)
		message = message[n:]
		var value any
		switch kind {
		case protowire.VarintType:
			value, n = protowire.ConsumeVarint(message)
		case protowire.Fixed64Type:
			value, n = protowire.ConsumeFixed64(message)
		case protowire.Fixed32Type:
			value, n = protowire.ConsumeFixed32(message)
		case protowire.BytesType:
			value, n = protowire.ConsumeBytes(message)
		}
		require.Positive(t, n)
		fields[int(number)], message = append(fields[int(number)], value), message[n:]
	}
	return fields
}
