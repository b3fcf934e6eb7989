package web

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

func badValue(name, text, want string) error {
	return badRequest{fmt.Errorf("%s %q: give %s", name, oneLine(text, 80), want)}
}

// wholeNumber reads a field of a form; an empty one is not set.
func wholeNumber(text, name string) (value int, set bool, err error) {
	text = strings.TrimSpace(text)
	if text == "" {
		return 0, false, nil
	}
	value, err = strconv.Atoi(text)
	if err != nil || value < 0 {
		return 0, false, badValue(name, text, "a whole number from 0")
	}
	return value, true, nil
}

// realNumber is NaN for an empty field.
func realNumber(text, name string) (float64, error) {
	text = strings.TrimSpace(text)
	if text == "" {
		return math.NaN(), nil
	}
	v, err := strconv.ParseFloat(text, 64)
	if err != nil || math.IsNaN(v) {
		return 0, badValue(name, text, "a number")
	}
	return v, nil
}
