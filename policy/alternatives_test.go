package policy_test

import (
	"encoding/json"
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rltrain/rltrain/policy"
)

func TestAlternativesAsJSON(t *testing.T) {
	list := []policy.Alternative{{Text: "\u202e \"<", Logprob: -0.5}, {Text: "", Logprob: float32(math.Inf(-1))}}
	text, err := json.Marshal(list)
	require.NoError(t, err)
	require.Contains(t, string(text), `["",null]`)
	var back []policy.Alternative
	require.NoError(t, json.Unmarshal(text, &back))
	require.Equal(t, list, back)
	for _, bad := range []string{`["a"]`, `["a",1,2]`, `{"a":1}`, `[1,"a"]`, `["a","b"]`} {
		require.Error(t, json.Unmarshal([]byte(bad), new(policy.Alternative)), bad)
	}
}
