package verifiers

import (
	"regexp"
	"strings"
)

// ExtractCode finds the program in what follows the chain of thought: in the last <answer>…</answer> if there is one;
// there the last fenced block, else the text itself if it has a def.
func ExtractCode(response string) (string, bool) {
	text := afterThink(response)
	answer, tagged := Answer(text)
	if tagged {
		text = answer
	} else if strings.Contains(text, answerOpen) {
		return "", false // cut inside the answer
	}
	if block, found, closed := lastFence(text); found {
		return block, closed && strings.TrimSpace(block) != ""
	}
	if strings.TrimSpace(text) == "" || !tagged && !defLine.MatchString(text) {
		return "", false
	}
	return strings.Trim(text, "\r\n") + "\n", true
}

var defLine = regexp.MustCompile(`(?m)^def\s+\w+\s*\(`)

// lastFence finds the last block between lines that start with ```.
func lastFence(text string) (block string, found, closed bool) {
	if !strings.Contains(text, "```") {
		return "", false, false
	}
	open, start, at := false, 0, 0
	for line := range strings.Lines(text) {
		if at += len(line); !strings.HasPrefix(strings.TrimLeft(line, " \t"), "```") {
			continue
		}
		if open {
			block, closed = text[start:at-len(line)], true
		} else {
			start, found, closed = at, true, false
		}
		open = !open
	}
	return block, found, closed
}
