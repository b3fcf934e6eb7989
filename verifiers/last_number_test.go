package verifiers

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestLastNumber(t *testing.T) {
	for response, right := range map[string]bool{
		"7": true, " 7 apples.": true, "3 + 4 = 7": true, "The answer is 7.0!": true, "7 or 8": false, "12-7": true, "-7": false, "is −7": false,
		"": false, "seven": false, "17": false, "7/1": true, "$7$": true, "7, I think": true, "<answer>7</answer>": true,
	} {
		equal, ok := LastNumber(response, "7")
		require.True(t, ok)
		require.Equal(t, right, equal, response)
	}
	equal, ok := LastNumber("in all 1,234.5 of them", "1234.5")
	require.True(t, ok && equal)
	_, ok = LastNumber("7", "x + 1")
	require.False(t, ok, "a gold that is no number")
}
