//go:build linux

package python

import (
	"context"
	"math/rand/v2"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// solved is a program that passes its tests, with what plain Python runs to the same end.
type solved struct {
	tests Tests
	plain func(program string) Script
}

func solutions(t *testing.T) []solved {
	var all []solved
	for _, r := range corpus[humanEval](t, "humaneval/HumanEval.jsonl") {
		all = append(all, solved{r.tests(r.Solution), func(program string) Script {
			return oracle(program, []string{r.besides()})
		}})
	}
	for _, r := range corpus[mbpp](t, "mbpp/sanitized-mbpp.jsonl") {
		tests := r.tests(r.Code)
		all = append(all, solved{tests, func(program string) Script {
			return oracle(program, append(append([]string{}, tests.Setup...), tests.Tests...))
		}})
	}
	return all
}

// scrambled changes bytes at random: some put in, left out, or taken from elsewhere in the text.
func scrambled(random *rand.Rand, text string) string {
	bytes := []byte(text)
	for range 1 + random.IntN(4) {
		at, length := random.IntN(len(bytes)), 1+random.IntN(12)
		end := min(at+length, len(bytes))
		from := random.IntN(len(bytes))
		piece := append([]byte{}, bytes[from:min(from+length, len(bytes))]...)
		switch random.IntN(4) {
		case 0:
			bytes = append(bytes[:at], bytes[end:]...)
		case 1:
			bytes = append(bytes[:at], append(piece, bytes[at:]...)...)
		case 2:
			bytes = append(bytes[:at], append(piece, bytes[end:]...)...)
		default:
			bytes[at] = byte(random.IntN(256))
		}
		if len(bytes) == 0 {
			return " "
		}
	}
	return string(bytes)
}

// TestManyPrograms judges solutions changed at random, with lines of hostile programs put in, for RLTRAIN_FUZZ (a duration; 2 s if
// not set). None may be paid whose tests do not pass in plain Python. Unlike FuzzPrograms it takes any machine's load.
func TestManyPrograms(t *testing.T) {
	lasts := 2 * time.Second
	if text := os.Getenv("RLTRAIN_FUZZ"); text != "" {
		var err error
		lasts, err = time.ParseDuration(text)
		require.NoError(t, err)
	}
	all, p := solutions(t), newPool(t, Options{Workers: 2, Time: 300 * time.Millisecond})
	hostile := hostileLines(t)
	var tried, paid atomic.Int64
	var wait sync.WaitGroup
	for stream, end := uint64(0), time.Now().Add(lasts); stream < 2; stream++ {
		wait.Go(func() {
			random := rand.New(rand.NewPCG(uint64(end.UnixNano()), stream))
			for time.Now().Before(end) {
				one := all[random.IntN(len(all))]
				switch random.IntN(3) {
				case 0:
					one.tests.Program = scrambled(random, one.tests.Program)
				case 1:
					one.tests.Program = varied(one.tests.Program, uint16(1+random.IntN(1<<16-1)), hostile)
				default:
					one.tests.Program = scrambled(random, varied(one.tests.Program, uint16(random.IntN(12)), hostile))
				}
				tried.Add(1)
				if one.paid(t, p) {
					paid.Add(1)
				}
			}
		})
	}
	wait.Wait()
	require.Positive(t, tried.Load())
	t.Logf("%d programs judged in %v, %d of them paid, whose tests pass in plain Python too", tried.Load(), lasts, paid.Load())
}

// paid tells whether a program is, and checks it if so.
func (s solved) paid(t *testing.T, p *Pool) bool {
	r, err := p.Test(context.Background(), s.tests)
	if err != nil {
		t.Errorf("an error, which is ours: %v\n%q", err, s.tests.Program)
		return false
	}
	if r.Outcome != Passed {
		return false
	}
	script := s.plain(s.tests.Program)
	script.Time = 5 * time.Second // judge and program in one
	plainly, err := p.Run(context.Background(), script)
	if err != nil || !strings.Contains(plainly.Stderr, held) {
		t.Errorf("paid here, and %s in plain Python: %s %v\n%s", plainly.Outcome, plainly.Reason, err, s.tests.Program)
	}
	return true
}
