package tokenizer

import (
	"regexp"
	"strings"

	"github.com/nikolalohinski/gonja/v2/exec"
)

// What published templates use and the Jinja library (gonja 2.9.1) does not do is put another way before it
// parses: a[-1], which it takes for nothing where the list has one element, as a[-1:][0]; and
// (a if c else b), which it does not parse, as ((c)|pick((a),(b))).

var negativeIndex = regexp.MustCompile(`^\[\s*(-\d+)\s*\]`)

// adapt rewrites the tags of a template; the text between them stays.
func adapt(source string) string {
	var b strings.Builder
	for {
		i := strings.IndexByte(source, '{')
		if i < 0 || i+1 >= len(source) {
			return b.String() + source
		}
		closing := map[byte]string{'{': "}}", '%': "%}", '#': "#}"}[source[i+1]]
		if closing == "" {
			b.WriteString(source[:i+1])
			source = source[i+1:]
			continue
		}
		b.WriteString(source[:i+2])
		source = source[i+2:]
		n := tagEnd(source, closing)
		if closing == "#}" {
			b.WriteString(source[:n])
		} else {
			b.WriteString(adaptExpression(source[:n]))
		}
		source = source[n:]
	}
}

// tagEnd is where a tag ends: at closing outside of quotes. A comment has none.
func tagEnd(text, closing string) int {
	for i := 0; i < len(text); i++ {
		if strings.HasPrefix(text[i:], closing) {
			return i
		}
		if closing != "#}" {
			i += quoted(text[i:])
		}
	}
	return len(text)
}

// quoted returns how many bytes follow the first one up to the end of a quoted text, 0 if text begins with none.
func quoted(text string) int {
	if text[0] != '"' && text[0] != '\'' {
		return 0
	}
	for i := 1; i < len(text); i++ {
		switch text[i] {
		case '\\':
			i++
		case text[0]:
			return i
		}
	}
	return len(text) - 1
}

func adaptExpression(text string) string {
	var b strings.Builder
	for i := 0; i < len(text); i++ {
		if m := negativeIndex.FindStringSubmatch(text[i:]); m != nil {
			b.WriteString("[" + m[1] + ":][0]")
			i += len(m[0]) - 1
			continue
		}
		if n := groupEnd(text[i:]); text[i] == '(' && n > 0 {
			b.WriteString("(" + adaptGroup(text[i+1:i+n]) + ")")
			i += n
			continue
		}
		n := quoted(text[i:])
		b.WriteString(text[i : i+n+1])
		i += n
	}
	return b.String()
}

// groupEnd is where the bracket that text begins with is closed, 0 if it is not.
func groupEnd(text string) int {
	depth := 0
	for i := 0; i < len(text); i++ {
		switch text[i] {
		case '(', '[', '{':
			depth++
		case ')', ']', '}':
			depth--
		}
		if depth == 0 {
			return i
		}
		i += quoted(text[i:])
	}
	return 0
}

// adaptGroup rewrites what is between parentheses.
func adaptGroup(text string) string {
	first, comma := outerWord(text, "if"), outerWord(text, ",")
	if first < 0 || comma >= 0 {
		return adaptExpression(text)
	}
	yes, condition, no := text[:first], text[first+len("if"):], "''"
	if i := outerWord(condition, "else"); i >= 0 {
		condition, no = condition[:i], condition[i+len("else"):]
	}
	return "(" + adaptExpression(condition) + ")|pick((" + adaptExpression(yes) + "),(" + adaptGroup(no) + "))"
}

// outerWord finds a word, or a sign, outside of quotes and brackets; -1 if there is none.
func outerWord(text, word string) int {
	for i := 0; i < len(text); i++ {
		if strings.HasPrefix(text[i:], word) && (word == "," || (i == 0 || !isWord(text[i-1])) && (i+len(word) == len(text) || !isWord(text[i+len(word)]))) {
			return i
		}
		if n := groupEnd(text[i:]); n > 0 && strings.IndexByte("([{", text[i]) >= 0 {
			i += n
			continue
		}
		i += quoted(text[i:])
	}
	return -1
}

// pick is the filter of adaptGroup.
func pick(_ *exec.Evaluator, in *exec.Value, params *exec.VarArgs) *exec.Value {
	if in.IsError() {
		return in
	}
	if len(params.Args) != 2 {
		return exec.AsValue("")
	}
	if in.IsTrue() {
		return params.Args[0]
	}
	return params.Args[1]
}
