//go:build linux

package python

import (
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// forger answers the judge's questions itself, with messages made by hand: the first is load's.
const forger = `
import os, struct
def size(n): return struct.pack("<I", n)
def text(s): return b"s" + size(len(s)) + s.encode()
def several(tag, *values): return tag + size(len(values)) + b"".join(values)
def pairs(values): return b"d" + size(len(values)) + b"".join(text(k) + v for k, v in values.items())
def number(n): return b"i" + size(8) + n.to_bytes(8, "little", signed=True)
def answer(*values):
    data = several(b"t", text("value"), *values)
    data = size(len(data)) + data
    while data:
        data = data[os.write(3, data):]
def question():
    data = b""
    while len(data) < 4 or len(data) < 4 + struct.unpack_from("<I", data)[0]:
        data += os.read(3, 1 << 16)
    return data
`

// Answers that no honest program gives earn nothing, and are no way to have a task left out instead of lost.
func TestForged(t *testing.T) {
	p := newPool(t, Options{Workers: 1, Time: time.Second})
	reference := "def reference(x): return x * x\n"
	check := "def check(c):\n    y = 1\n    for i in range(y, 9): assert c(i) == reference(i)\n"
	deep := "question()\nanswer(several(b'l', number(1)) if 0 else " + "b'l\\1\\0\\0\\0' * 104 + number(1), pairs({}))\n"
	for _, test := range []struct {
		name, program string
		tests, setup  []string
	}{
		{
			"the function to be tested is said to be the tests' own",
			"answer(text('loaded'), pairs({'limit': text('value')}), several(b'l', text('reference')))\nquestion()\nanswer(number(9))\nwhile True: question(); answer(number(0), pairs({}))",
			[]string{check + "limit\n"}, []string{reference},
		},
		{
			"a name of the judge's own", "answer(text('loaded'), pairs({}), several(b'l', text('unit!')))\nwhile True: question(); answer(number(0), pairs({}))",
			[]string{"def check(c):\n    assert c(0, None) is None\n    assert c(1, None) is None\n"}, nil,
		},
		{
			"a result too deep to be passed on", "answer(text('loaded'), pairs({'f': text('function')}), several(b'l', text('f')))\n" + deep + "question()",
			[]string{"assert f(f(1)) == 1"}, nil,
		},
		{
			"results too long to be passed on together", "answer(text('loaded'), pairs({'f': text('function')}), several(b'l', text('f')))\nfor _ in range(2): question(); answer(text('x' * 9000000), pairs({}))\nquestion()",
			[]string{"assert f(f(1), f(2)) == 1"}, nil,
		},
		{
			"an object for a kind", "answer(text('loaded'), pairs({'f': b'h' + size(0) + b'\\1'}), several(b'l', text('f')))\nwhile True: question(); answer(number(0), pairs({}))",
			[]string{"assert f(1) == 1"}, nil,
		},
		{
			"an argument changed to an object", "answer(text('loaded'), pairs({'f': text('function')}), several(b'l', text('f')))\n" +
				"while True: question(); answer(number(0), b'd' + size(1) + number(0) + several(b'l', b'h' + size(0) + b'\\1'))",
			[]string{"a = [1]\nf(a)\nassert a == [2]"}, nil,
		},
		{
			"an exception with a long text", "answer(text('loaded'), pairs({'f': text('function')}), several(b'l', text('f')))\nquestion()\n" +
				"data = several(b't', text('raised'), text('ValueError'), text('\\n' * 15000000))\nos.write(3, size(len(data)))\nwhile data: data = data[os.write(3, data):]\nquestion()",
			[]string{"assert f(1) == 1"}, nil,
		},
	} {
		r, err := p.Test(t.Context(), Tests{Program: forger + test.program, Tests: test.tests, Setup: test.setup})
		require.NoError(t, err, test.name)
		require.Contains(t, []Outcome{Failed, TimedOut}, r.Outcome, "%s: %+v", test.name, r)
		good(t, p)
	}
}

// What compares equal in plain Python does here, and nothing else.
func TestEqualities(t *testing.T) {
	p := newPool(t, Options{})
	var asserts []string
	values := []string{
		"1", "True", "1.0", "(1+0j)", "0", "False", "0.0", "-0.0", "float('nan')", "float('inf')", "-float('inf')", "None", "''", "'1'", "b'1'", "[1]", "(1,)", "[True]", "[1.0]",
		"{1}", "frozenset({1})", "{1: 2}", "{True: 2.0}", "range(1, 2)", "[]", "()", "{}", "set()", "2**53", "float(2**53)", "2**53 + 1", "10**400", "bytearray(b'1')",
		"'e\\u0301'", "'\\xe9'", "[[1], (2,)]", "[(1,), [2]]", "int", "dict(a=1).keys()", "{'a'}",
	}
	for i, a := range values {
		for _, b := range values[i:] {
			asserts = append(asserts, "f("+a+") == "+b, "f("+b+") == "+a)
		}
	}
	for _, a := range values {
		asserts = append(asserts, "f("+a+")", "str(f("+a+")) == str("+a+")", "type(f("+a+")) is type("+a+")")
	}
	var tests []string
	for _, a := range asserts {
		tests = append(tests, "assert "+a)
	}
	program := "def f(x): return x"
	r, err := p.Test(t.Context(), Tests{Program: program, Tests: tests})
	require.NoError(t, err)
	text := program + "\nheld = 0\n"
	for _, a := range asserts {
		text += "held += bool(" + a + ")\n"
	}
	plainly, err := p.Run(t.Context(), Script{Program: text + "print(held)", Cases: []Case{{Output: "every one"}}})
	require.NoError(t, err)
	require.Equal(t, Failed, r.Outcome)
	require.Contains(t, plainly.Reason, `"`+strconv.Itoa(r.Passed)+`"`, "%+v", r)
	t.Logf("%d of %d comparisons hold, as in plain Python", r.Passed, r.Total)
}
