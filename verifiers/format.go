package verifiers

import "strings"

// The tags of the R1-Zero response form.
const (
	thinkOpen, thinkClose   = "<think>", "</think>"
	answerOpen, answerClose = "<answer>", "</answer>"
)

// HasFormat tells whether the whole response is <think>…</think><answer>…</answer>. White space is allowed before,
// between and after the two parts; each of the four tags occurs exactly once; the answer is not blank.
func HasFormat(response string) bool {
	for _, tag := range []string{thinkOpen, thinkClose, answerOpen, answerClose} {
		if strings.Count(response, tag) != 1 {
			return false
		}
	}
	s := strings.TrimSpace(response)
	s, ok := strings.CutPrefix(s, thinkOpen)
	if !ok {
		return false
	}
	_, s, _ = strings.Cut(s, thinkClose)
	s, ok = strings.CutPrefix(strings.TrimSpace(s), answerOpen)
	if !ok {
		return false
	}
	s, ok = strings.CutSuffix(s, answerClose)
	return ok && strings.TrimSpace(s) != ""
}

// Answer is the text of the last complete <answer>…</answer>, trimmed. An answer that is opened later
// and never closed hides it: the response was cut while it changed its mind. Nested answers are none: which of
// them was meant is open.
func Answer(response string) (string, bool) {
	start := strings.LastIndex(response, answerOpen)
	if start < 0 {
		return "", false
	}
	s, rest, ok := strings.Cut(response[start+len(answerOpen):], answerClose)
	return strings.TrimSpace(s), ok && !strings.Contains(rest, answerClose)
}

// ThinkSpan is the byte range of the chain of thought: inside the first <think>…, up to the last </think>, or to the
// first <answer> where it is never closed. A response without tags is all thought.
func ThinkSpan(response string) (start, end int) {
	end = len(response)
	if i := strings.Index(response, thinkOpen); i >= 0 {
		start = i + len(thinkOpen)
	}
	if i := strings.LastIndex(response, thinkClose); i >= start {
		return start, i
	}
	if i := strings.Index(response[start:], answerOpen); i >= 0 {
		end = start + i
	}
	return start, end
}

// afterThink is what follows the chain of thought; nothing when a <think> is never closed, whatever stands in
// it: unfinished thinking is not paid.
func afterThink(response string) string {
	if i := strings.LastIndex(response, thinkClose); i >= 0 {
		response = response[i+len(thinkClose):]
	}
	if strings.Contains(response, thinkOpen) {
		return ""
	}
	return response
}

// clip shortens what is quoted in a reason.
func clip(s string, n int) string {
	if len(s) > n {
		s = s[:n] + "…"
	}
	return strings.ToValidUTF8(s, "?")
}
