package runlog_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"
)

// BenchmarkRecordStep256 is one step of the demo's recipe: 32 prompts with 8 samples.
func BenchmarkRecordStep256(b *testing.B) { benchmarkRecord(b, 32) }

// BenchmarkRecordStep2048 has eight times as many prompts.
func BenchmarkRecordStep2048(b *testing.B) { benchmarkRecord(b, 256) }

func benchmarkRecord(b *testing.B, groups int) {
	log := mustCreate(b)
	g, a := makeGroups(groups, 8)
	for step := 0; b.Loop(); step++ {
		require.NoError(b, log.RecordStep(context.Background(), makeStep(step), g, a, nil))
	}
}
