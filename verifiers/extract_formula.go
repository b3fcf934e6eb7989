package verifiers

import "strings"

// delimiters of formulas, the longer before its prefix.
func delimiters() [][2]string {
	return [][2]string{{"$$", "$$"}, {"$", "$"}, {`\[`, `\]`}, {`\(`, `\)`}}
}

// formulaAnswer is the formula that the last line ends in. Formulas with nothing but commas, "and" and "or" between
// them are one list, as for boxes.
func formulaAnswer(text string) (string, bool) {
	text = strings.TrimRight(tailOf(text), " \t\r\n.。*")
	spans := formulasIn(lastParagraph(text))
	if len(spans.list) == 0 || spans.list[len(spans.list)-1].end != len(spans.text) {
		return "", false
	}
	answer := joinBoxes(spans.text, spans.list)
	if len(spans.list) == 1 || !strings.Contains(answer, ",") {
		answer = value(answer)
	}
	return answer, answer != ""
}

// lastParagraph is the last line, or the displayed formula of several lines that the text ends in.
func lastParagraph(text string) string {
	for _, d := range [][2]string{{`\[`, `\]`}, {"$$", "$$"}} {
		if body, ok := strings.CutSuffix(text, d[1]); ok {
			if i := strings.LastIndex(body, d[0]); i >= 0 {
				return text[i:]
			}
		}
	}
	return text[strings.LastIndexByte(text, '\n')+1:]
}

// spanList is the formulas of a text.
type spanList struct {
	text string
	list []box
}

// formulasIn lists the formulas of s. A dollar after a backslash is money.
func formulasIn(s string) spanList {
	spans := spanList{text: s}
	for i := 0; i < len(s); i++ {
		for _, d := range delimiters() {
			if !strings.HasPrefix(s[i:], d[0]) {
				continue
			}
			inner := s[i+len(d[0]):]
			n := endOf(inner, d[1])
			if n < 0 {
				return spans
			}
			spans.list = append(spans.list, box{i, i + len(d[0]) + n + len(d[1]), inner[:n]})
			i += len(d[0]) + n + len(d[1]) - 1
			break
		}
		if i < len(s) && s[i] == '\\' {
			i++
		}
	}
	return spans
}

// endOf is where the closing delimiter stands in s, or -1.
func endOf(s, closing string) int {
	for i := 0; i < len(s); i++ {
		if strings.HasPrefix(s[i:], closing) {
			return i
		}
		if s[i] == '\\' {
			i++
		}
	}
	return -1
}
