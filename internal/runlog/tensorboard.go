package runlog

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"io"
	"math"
	"time"

	"google.golang.org/protobuf/encoding/protowire"
)

// Field numbers of TensorFlow's event.proto and summary.proto.
const (
	eventWallTime    protowire.Number = 1 // double, seconds since 1970
	eventStep        protowire.Number = 2
	eventFileVersion protowire.Number = 3
	eventSummary     protowire.Number = 5
	summaryValue     protowire.Number = 1
	valueTag         protowire.Number = 1
	valueSimple      protowire.Number = 2 // float
)

// EventFile is the name of the event file of a run: TensorBoard looks for its second part, and takes the number for the
// seconds since 1970. It is the same each time, so that a second export replaces the first.
func EventFile(info Info) string {
	return fmt.Sprintf("events.out.tfevents.%d.rltrain", info.StartedAt.Unix())
}

// WriteEvents writes the scalars of a run as a TensorBoard event file: train/METRIC for each step, and eval/TASKS
// T=TEMPERATURE N×SAMPLES/METRIC for each evaluation. Their time is the start of the run and the seconds of the steps before.
// What is not defined is left out; TensorBoard's scalars are float32.
func WriteEvents(out io.Writer, info Info, steps []Step, evals []EvalRow) error {
	w := eventWriter{out: out}
	w.write(info.StartedAt, 0, eventFileVersion, []byte("brain.Event:2"))
	clock := info.StartedAt
	for _, s := range steps {
		evals = w.evalsUpTo(s.Step, clock, evals)
		if !math.IsNaN(s.StepS) {
			clock = clock.Add(time.Duration(s.StepS * float64(time.Second)))
		}
		var summary []byte
		for _, m := range stepMetrics() {
			summary = appendScalar(summary, "train/"+m.column, toFloat(m.field(&s)))
		}
		w.write(clock, s.Step, eventSummary, summary)
	}
	w.evalsUpTo(math.MaxInt, clock, evals)
	return w.err
}

// eventWriter frames events as TFRecords; after an error it writes no more.
type eventWriter struct {
	out io.Writer
	err error
}

// evalsUpTo writes the evaluations before training step step, and returns the others.
func (w *eventWriter) evalsUpTo(step int, at time.Time, evals []EvalRow) []EvalRow {
	for len(evals) > 0 && evals[0].Step <= step {
		e := evals[0]
		var summary []byte
		for _, m := range e.Metrics {
			summary = appendScalar(summary, fmt.Sprintf("eval/%s T=%g %d×%d/%s", e.Tasks, e.Temperature, e.NTasks, e.NSamples, m.Name), m.Value)
		}
		w.write(at, e.Step, eventSummary, summary)
		evals = evals[1:]
	}
	return evals
}

// appendScalar appends one Summary.Value, if it is defined.
func appendScalar(summary []byte, tag string, value float64) []byte {
	if math.IsNaN(value) {
		return summary
	}
	scalar := protowire.AppendTag(nil, valueTag, protowire.BytesType)
	scalar = protowire.AppendString(scalar, tag)
	scalar = protowire.AppendTag(scalar, valueSimple, protowire.Fixed32Type)
	scalar = protowire.AppendFixed32(scalar, math.Float32bits(float32(value)))
	return protowire.AppendBytes(protowire.AppendTag(summary, summaryValue, protowire.BytesType), scalar)
}

// write writes one Event with a payload of the field.
func (w *eventWriter) write(at time.Time, step int, field protowire.Number, payload []byte) {
	if w.err != nil {
		return
	}
	event := protowire.AppendTag(nil, eventWallTime, protowire.Fixed64Type)
	event = protowire.AppendFixed64(event, math.Float64bits(float64(at.UnixMicro())/1e6))
	event = protowire.AppendVarint(protowire.AppendTag(event, eventStep, protowire.VarintType), uint64(step))
	event = protowire.AppendBytes(protowire.AppendTag(event, field, protowire.BytesType), payload)
	_, w.err = w.out.Write(appendRecord(nil, event))
}

// appendRecord frames data as a TFRecord: length, its checksum, data, its checksum, little endian.
func appendRecord(out, data []byte) []byte {
	length := binary.LittleEndian.AppendUint64(nil, uint64(len(data)))
	out = binary.LittleEndian.AppendUint32(append(out, length...), maskedCRC(length))
	return binary.LittleEndian.AppendUint32(append(out, data...), maskedCRC(data))
}

// maskedCRC is CRC-32C, rotated and offset as TFRecord wants it: data that hold checksums themselves are no special case.
func maskedCRC(data []byte) uint32 {
	sum := crc32.Checksum(data, crc32.MakeTable(crc32.Castagnoli))
	return (sum>>15 | sum<<17) + 0xa282ead8
}
