package verifiers

import (
	"regexp"
	"strings"
)

// spokenNumber finds the numbers in prose: 7, -3, 1,234.5, 3/4.
var spokenNumber = regexp.MustCompile(`[-−]?\d+(?:,\d{3})*(?:\.\d+)?(?:/\d+)?`)

// LastNumber tells whether the last number in a response is the gold, in whatever form or words the response is. It is the most lenient
// way to read an answer: beside the verdict it tells a gain in the form from one in the reckoning. ok is false where the gold is no
// number.
func LastNumber(response, gold string) (equal, ok bool) {
	want, err := ParseNumber(gold)
	if err != nil {
		return false, false
	}
	text := tailOf(response)
	all := spokenNumber.FindAllStringIndex(text, -1)
	if len(all) == 0 {
		return false, true
	}
	last := all[len(all)-1]
	number := text[last[0]:last[1]]
	if last[0] > 0 && strings.ContainsAny(text[last[0]-1:last[0]], "0123456789)") { // 12-5 ends in 5
		number = strings.TrimLeft(number, "-−")
	}
	value, err := ParseNumber(number)
	return err == nil && value.Cmp(want) == 0, true
}
