package verifiers

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
	"regexp"
	"strconv"
	"strings"

	"github.com/rltrain/rltrain/datasets"
)

// Numeric judges one number by its value, exactly or within a tolerance: |answer - gold| at most
// Task.Tolerance, or at most Task.Relative times |gold|, whichever allows more. Both are 0 by default.
type Numeric struct{}

// Verify implements Verifier with the number in Task.Answer.
func (Numeric) Verify(_ context.Context, task datasets.Task, response string) (Verdict, error) {
	return judgeNumeric(response, []string{task.Answer}, task.Tolerance, task.Relative)
}

func judgeNumeric(response string, golds []string, absolute, relative json.Number) (Verdict, error) {
	margin, err := toleranceOf("tolerance", absolute)
	part, err2 := toleranceOf("relative", relative)
	if err = errors.Join(err, err2); err != nil {
		return Verdict{}, err
	}
	if part.Cmp(big.NewRat(1, 1)) >= 0 {
		return Verdict{}, fmt.Errorf("relative tolerance %s would accept 0 for any gold: give less than 1", relative)
	}
	var wanted []*big.Rat
	for _, gold := range golds {
		value, err := ParseNumber(gold)
		if err != nil {
			return Verdict{}, fmt.Errorf("gold: %w", err)
		}
		wanted = append(wanted, value)
	}
	if len(wanted) == 0 {
		return Verdict{}, errors.New("no gold: give a number")
	}
	return judgeText(response, taggedOnly, func(answer string) found {
		value, err := ParseNumber(answer)
		if err != nil {
			return found{Unparseable, err.Error()}
		}
		for _, want := range wanted {
			if near(value, want, margin, part) {
				return found{kind: Correct}
			}
		}
		return found{Wrong, fmt.Sprintf("%s is not %s", clip(answer, 80), clip(golds[0], 80))}
	}), nil
}

func toleranceOf(name string, n json.Number) (*big.Rat, error) {
	if n == "" {
		return new(big.Rat), nil
	}
	value, err := ParseNumber(n.String())
	if err != nil || value.Sign() < 0 {
		return nil, fmt.Errorf("field %q: %q: give a number of at least 0", name, clip(n.String(), 80))
	}
	return value, nil
}

// near tells whether |value-want| <= max(margin, part*|want|).
func near(value, want, margin, part *big.Rat) bool {
	distance := new(big.Rat).Sub(value, want)
	allowed := new(big.Rat).Mul(part, new(big.Rat).Abs(want))
	if allowed.Cmp(margin) < 0 {
		allowed = margin
	}
	return distance.Abs(distance).Cmp(allowed) <= 0
}

// What bounds the size of a number, so that comparing needs no budget of its own.
const (
	maxDigits   = 400 // bytes of a number's text
	maxExponent = 400
)

var (
	decimalNumber = regexp.MustCompile(`^([+-]?)(\d{1,3}(?:,\d{3})+|\d*)(?:\.(\d*))?(?:[eE]([+-]?\d{1,4}))?$`)
	integerRatio  = regexp.MustCompile(`^([+-]?)0*(\d+)\s*/\s*0*(\d+)$`)
)

// ParseNumber reads one number exactly: an integer, with thousands separators 1,234 or without, a decimal, one with an
// exponent of at most 400, or a fraction 3/4. There is no NaN, no infinity, no hexadecimal, no unit.
func ParseNumber(s string) (*big.Rat, error) {
	text := strings.ReplaceAll(strings.TrimSpace(s), "−", "-")
	if inner, ok := strings.CutPrefix(text, "$"); ok && strings.HasSuffix(inner, "$") {
		text = strings.TrimSpace(strings.TrimSuffix(inner, "$"))
	}
	if len(text) > maxDigits {
		return nil, fmt.Errorf("number of %d bytes, more than %d", len(text), maxDigits)
	}
	if m := integerRatio.FindStringSubmatch(text); m != nil {
		value, ok := new(big.Rat).SetString(m[1] + m[2] + "/" + m[3]) // without the zeros in front, which mean octal
		if !ok {
			return nil, fmt.Errorf("%q divides by zero", clip(s, 80))
		}
		return value, nil
	}
	m := decimalNumber.FindStringSubmatch(text)
	if m == nil || m[2]+m[3] == "" {
		return nil, fmt.Errorf("%q is no number such as 1,234, -0.5, 6.02e23 or 3/4", clip(s, 80))
	}
	if e, _ := strconv.Atoi(m[4]); e > maxExponent || e < -maxExponent {
		return nil, fmt.Errorf("exponent %s is beyond %d", m[4], maxExponent)
	}
	plain := m[1] + "0" + strings.ReplaceAll(m[2], ",", "") + "." + m[3] + "0"
	if m[4] != "" {
		plain += "e" + m[4]
	}
	value, ok := new(big.Rat).SetString(plain)
	if !ok {
		return nil, fmt.Errorf("%q is no number", clip(s, 80))
	}
	return value, nil
}
