package verifiers

import "strings"

const (
	boxed = `\boxed`
	fbox  = `\fbox`
)

// box is the byte range of a \boxed{…} or \fbox{…} and what stands in it.
type box struct {
	start, end int
	content    string
}

// lastBox is the content of the last \boxed{…} or \fbox{…}, its brackets balanced; `\boxed 5` is read too. Boxes
// that stand together are one answer, see joinBoxes.
func lastBox(text string) (string, found) {
	answer, hit, f := boxAnswer(text)
	if !hit {
		return "", nothing()
	}
	return answer, f
}

// boxAnswer is lastBox, with hit telling whether there is any box.
func boxAnswer(text string) (answer string, hit bool, f found) {
	boxes, open, hit := findBoxes(text)
	switch {
	case !hit:
		return "", false, found{}
	case open:
		return "", true, found{Unparseable, "the last \\boxed is not closed"}
	}
	return joinBoxes(text, boxes), true, found{}
}

// findBoxes lists the outermost boxes that are closed. open tells that the last one is not. A box inside a box
// belongs to the outer one: the inner one alone would be an answer picked from a list of guesses.
func findBoxes(text string) (boxes []box, open, hit bool) {
	var opened []openBox
	depth := 0
	for i := firstBox(text); i < len(text); i++ {
		switch text[i] {
		case '{':
			depth++
		case '}':
			depth--
			if n := len(opened) - 1; n >= 0 && depth <= opened[n].depth {
				start := opened[n].start
				boxes = append(dropInside(boxes, start), box{start, i + 1, text[opened[n].inner:i]})
				opened = opened[:n]
			}
			if len(opened) == 0 {
				depth = 0 // brackets outside boxes need not match
			}
		case '\\':
			skip, length := boxCommand(text[i:])
			if length == 0 {
				i += skip
				continue
			}
			hit = true
			at := i + length + blanks(text[i+length:])
			if at < len(text) && text[at] == '{' {
				opened = append(opened, openBox{i, at + 1, depth})
				depth++
				i = at
			} else if word := bareArgument(text[at:]); word != "" {
				boxes = append(boxes, box{i, at + len(word), word})
				i = at + len(word) - 1
			}
		}
	}
	last := len(opened) - 1
	open = last >= 0 && (len(boxes) == 0 || boxes[len(boxes)-1].start < opened[last].start)
	return boxes, open, hit
}

// openBox is a box that is being read: where it and its content start, and how many brackets are open around it.
type openBox struct{ start, inner, depth int }

// dropInside takes the boxes off the end of the list that start after start.
func dropInside(boxes []box, start int) []box {
	n := len(boxes)
	for n > 0 && boxes[n-1].start > start {
		n--
	}
	return boxes[:n]
}

// firstBox is where the first box starts, or the length of the text.
func firstBox(text string) int {
	first := len(text)
	for _, command := range []string{boxed, fbox} {
		if i := strings.Index(text[:first], command); i >= 0 {
			first = i
		}
	}
	return first
}

// boxCommand is the length of the box command that s starts with. Where there is none, skip is how many bytes
// after the backslash belong to it: \{ is text and \\ a new line, though not in \\boxed, escaped twice.
func boxCommand(s string) (skip, length int) {
	switch {
	case strings.HasPrefix(s, boxed):
		return 0, len(boxed)
	case strings.HasPrefix(s, fbox):
		return 0, len(fbox)
	case strings.HasPrefix(s[1:], boxed), strings.HasPrefix(s[1:], fbox):
		return 0, 0
	case len(s) > 1 && strings.IndexByte(`{}\`, s[1]) >= 0:
		return 1, 0
	}
	return 0, 0
}

func blanks(s string) int { return len(s) - len(strings.TrimLeft(s, " \t\n")) }

// maxBare bounds the argument of a box without brackets.
const maxBare = 200

// bareArgument is the word after `\boxed `: a command with its groups, a tuple, or what ends at white space.
func bareArgument(s string) string {
	if len(s) > maxBare {
		s = s[:maxBare]
	}
	depth, end := 0, len(s)
	for i := 0; i < len(s) && end == len(s); i++ {
		switch c := s[i]; {
		case strings.IndexByte("([{", c) >= 0:
			depth++
		case strings.IndexByte(")]}", c) >= 0:
			if depth--; depth < 0 {
				end = i
			}
		case c == '$' || c == '\n' || depth <= 0 && (c == ' ' || c == '\t'):
			end = i
		}
	}
	return strings.TrimRight(s[:end], ".,;:")
}

// joinBoxes is the answer of the last box, or of the boxes that end the list with nothing between them but commas,
// "and", "or" and names (`x = \boxed{1} or x = \boxed{2}`): together they are one list, and must match as a
// whole. So naming two guesses pays no more than naming them in one box. Equal boxes are one.
func joinBoxes(text string, boxes []box) string {
	if len(boxes) == 0 {
		return "" // \boxed with nothing after it
	}
	first := len(boxes) - 1
	for first > 0 && len(boxes)-first < maxParts && joins(text[boxes[first-1].end:boxes[first].start]) {
		first--
	}
	parts, names := boxes[first:], map[string]bool{}
	equal := true
	for _, b := range parts {
		equal = equal && strings.TrimSpace(b.content) == strings.TrimSpace(parts[0].content)
	}
	if equal {
		return unnest(parts[0].content)
	}
	for i, b := range parts {
		names[nameBefore(text, parts, i, b.start)] = true
	}
	var out strings.Builder
	for i, b := range parts {
		if i > 0 {
			out.WriteString(", ")
		}
		if name := nameBefore(text, parts, i, b.start); len(names) > 1 && name != "" {
			out.WriteString(name + " = ")
		}
		out.WriteString(unnest(b.content))
	}
	return out.String()
}

// maxParts is how many boxes make one answer: more are none that anybody asks for.
const maxParts = 50

// unnest is the content of a box without the commands of boxes in it.
func unnest(content string) string {
	if strings.Contains(content, boxed) || strings.Contains(content, fbox) {
		content = strings.NewReplacer(boxed, "", fbox, "").Replace(content)
	}
	return strings.TrimSpace(content)
}
