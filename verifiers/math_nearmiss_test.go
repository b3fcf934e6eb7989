package verifiers

import (
	"math/big"
	"math/rand/v2"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// otherNotations are rewrites that change the meaning. A random number picks the place.
func otherNotations(rng *rand.Rand) []rewrite {
	onePlace := func(name, pattern string, change func(match string) string) rewrite {
		re := regexp.MustCompile(pattern)
		return rewrite{name, func(s string) string {
			places := re.FindAllStringIndex(s, -1)
			if len(places) == 0 {
				return s
			}
			at := places[rng.IntN(len(places))]
			return s[:at[0]] + change(s[at[0]:at[1]]) + s[at[1]:]
		}}
	}
	digit := func(by byte) func(string) string {
		return func(d string) string { return string('0' + (d[0]-'0'+by)%10) }
	}
	return []rewrite{
		onePlace("digit + 1", "[0-9]", digit(1)), onePlace("digit - 1", "[0-9]", digit(9)), onePlace("digit + 5", "[0-9]", digit(5)),
		onePlace("dropped minus", `-`, func(string) string { return "" }).where(func(s string) bool { return noProse(s) && strings.HasPrefix(s, "-") }),
		onePlace("plus for minus", `-`, func(string) string { return "+" }).where(noProse), onePlace("minus for plus", `\+`, func(string) string { return "-" }).where(noProse),
		onePlace("negative", `^[0-9\\].*`, func(s string) string { return "-" + s }).where(func(s string) bool { r := plainValue(s); return r != nil && r.Sign() != 0 }),
		onePlace("closed", `\(`, func(string) string { return "[" }).where(func(s string) bool { return regexp.MustCompile(`^\([^a-z(),]*,[^a-z(),]*[\])]$`).MatchString(s) }),
		onePlace("opened", `\[`, func(string) string { return "(" }).where(noProse), onePlace("opened end", `\]`, func(string) string { return ")" }).where(noProse),
		onePlace("upside down", `^.*$`, func(s string) string {
			r := plainValue(s)
			if r == nil || r.Sign() == 0 || r.IsInt() && r.Num().CmpAbs(big.NewInt(1)) == 0 || new(big.Rat).Abs(r).Cmp(big.NewRat(1, 1)) == 0 {
				return s
			}
			return new(big.Rat).Inv(r).RatString()
		}),
		onePlace("ten times", `^.*$`, func(s string) string {
			if r := plainValue(s); r != nil && r.Sign() != 0 {
				return new(big.Rat).Mul(r, big.NewRat(10, 1)).RatString()
			}
			return s
		}),
		onePlace("rounded", `^.*$`, func(s string) string {
			if r := plainValue(s); r != nil && terminating(r) == "" {
				return r.FloatString(3)
			}
			return s
		}),
		{"dropped item", func(s string) string {
			if items := listItems(s); items != nil {
				return strings.Join(items[1:], ", ")
			}
			return s
		}},
		{"one more item", func(s string) string {
			if items := listItems(s); items != nil {
				return s + ", 7919"
			}
			return s
		}},
		{"hedged", func(s string) string { return s + " or 7919" }}, {"hedged in words", func(s string) string { return s + `\text{ or } 7919` }}, {"listed", func(s string) string { return s + ", 7919" }},
		{"plus one", func(s string) string {
			if strings.ContainsAny(s, "=<>,[$") || !noProse(s) || regexp.MustCompile(`\\(le|ge|in|cup|pm|infty|circ)|%|^\(|_|:`).MatchString(s) {
				return s
			}
			return s + "+1"
		}},
		onePlace("power + 1", `\^\{?[2-9]\}?`, func(s string) string { return strings.ReplaceAll(strings.ReplaceAll(s, "2", "7"), "3", "8") }).where(noProse),
		onePlace("other root", `\\sqrt\{`, func(string) string { return `\sqrt[3]{` }), onePlace("no root", `\\sqrt`, func(string) string { return "" }),
		{"swapped pair", func(s string) string {
			m := regexp.MustCompile(`^\(([^(),\[\]]+),([^(),\[\]]+)\)$`).FindStringSubmatch(s)
			if m == nil || strings.TrimSpace(m[1]) == strings.TrimSpace(m[2]) {
				return s
			}
			return "(" + m[2] + "," + m[1] + ")"
		}},
		onePlace("other variable", `\b[xyn]\b`, func(string) string { return "w" }).where(func(s string) bool {
			return noProse(s) && !strings.Contains(s, "=") && !strings.Contains(s, `\in`) && !strings.ContainsAny(s, "<>") && !strings.Contains(s, `\le`) && !strings.Contains(s, `\ge`) && !strings.Contains(s, `\neq`) && !strings.Contains(s, `\mid`)
		}),
		replacing("strict", `\le `, "<", `\leq`, "<", `\ge `, ">", `\geq`, ">"), replacing("not strict", "<", `\le `, ">", `\ge `), replacing("turned inequality", "<", ">", ">", "<", `\le`, `\ge`, `\ge`, `\le`),
		replacing("cos for sin", `\sin`, `\cos`), replacing("no i", "i", "").where(func(s string) bool { return regexp.MustCompile(`^[0-9+\-]*[0-9]i$`).MatchString(s) }), replacing("no pi", `\pi`, "").where(func(s string) bool { return regexp.MustCompile(`^[0-9]+\\pi$`).MatchString(s) }),
		replacing("opposite infinity", `-\infty`, `\infty`).where(noProse), replacing("cap", `\cup`, `\cap`),
		matching("half of ±", `\\pm`, "+"),
	}
}

// allGolds are the different golds of every set at hand, in order.
func allGolds(t *testing.T) []string {
	dir := datasetsFolder(t)
	var golds []string
	for _, set := range goldSets() {
		for _, gold := range set.read(t, dir) {
			golds = append(golds, finalPart(gold))
		}
	}
	slices.Sort(golds)
	return slices.Compact(golds)
}

// TestMathRewrites writes golds in all other ways that mean the same, each of which is correct from either side, and in
// ways that mean something else, none of which is paid. It takes 2,000 golds, or all where RLTRAIN_ALL_PAIRS is set.
func TestMathRewrites(t *testing.T) {
	golds := allGolds(t)
	rng := rand.New(rand.NewPCG(2026, 12))
	if os.Getenv("RLTRAIN_ALL_PAIRS") == "" {
		rng.Shuffle(len(golds), func(i, j int) { golds[i], golds[j] = golds[j], golds[i] })
		golds = golds[:2000]
	}
	judge := func(all []rewrite, label bool) (cases int) {
		for _, r := range all {
			for _, gold := range golds {
				answer := r.apply(gold)
				if answer == gold || strings.Contains(gold, `\approx`) {
					continue
				}
				cases++
				if accepts(gold, answer) != label || accepts(answer, gold) != label {
					t.Errorf("%s: gold %s, answer %s: should be %v", r.name, gold, answer, label)
				}
			}
		}
		return cases
	}
	same := judge(sameNotations(), true)
	other := judge(otherNotations(rng), false)
	require.Greater(t, same, 25_000)
	require.Greater(t, other, 12_000)
	t.Logf("%d golds: %d rewrites in %d ways that are equal, %d in %d ways that are not", len(golds), same, len(sameNotations()), other, len(otherNotations(rng)))
}
