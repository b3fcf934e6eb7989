package verifiers

import (
	"context"
	"encoding/json"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rltrain/rltrain/datasets"
)

// An echo of the question has the right value and no work in it.
func TestEchoOfTheQuestion(t *testing.T) {
	for _, test := range []struct {
		question, gold, response string
		want                     Kind
	}{
		{`Simplify $\sqrt{242}$.`, `11\sqrt2`, tagged(`\sqrt{242}`), Wrong}, {`Simplify $\sqrt{242}$.`, `11\sqrt2`, tagged(`$11\sqrt{2}$`), Correct}, {`Simplify \[\frac{6}{8} x.\]`, `\frac34x`, tagged(`\dfrac{6}{8}x`), Wrong},
		{`Which is larger, $\sqrt{8}$ or $3$?`, `3`, tagged(`3`), Correct}, {`Which is irrational, $\sqrt{8}$ or $3$?`, `\sqrt 8`, tagged(`\sqrt{8}`), Correct}, {`Is $0.5$ larger than $0.3$?`, `\frac12`, tagged(`0.5`), Correct},
		{"", `11\sqrt2`, tagged(`\sqrt{242}`), Correct},
	} {
		task := datasets.Task{Kind: "math", Question: test.question, Answer: test.gold}
		v, err := DefaultRules().Verify(context.Background(), task, test.response)
		require.NoError(t, err)
		require.Equal(t, test.want, v.Kind, "%s: %s", test.question, v.Reason)
		line, err := json.Marshal(map[string]string{"question": test.question, "gold": test.gold, "response": test.response})
		require.NoError(t, err)
		got, _ := judge(t, "math", string(line), 1)
		require.Equal(t, string(test.want), fmt.Sprint(got[0]["verdict"]), test.question)
	}
}
