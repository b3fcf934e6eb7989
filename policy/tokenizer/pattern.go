package tokenizer

import (
	"fmt"
	"regexp"
	"strings"
)

// space is what \s is to the Python tokenizers (Oniguruma): Unicode's White_Space. Go's \s is less.
const space = `\t-\r\x{85}\p{Z}`

// translate returns a pattern for Go's regexp that means what pattern means to the Python
// tokenizers. What the two engines understand differently is refused rather than guessed.
func translate(pattern string) (string, error) {
	var out strings.Builder
	refuse := func(what, try string) (string, error) {
		return "", fmt.Errorf("pattern %s: %s: %s", pattern, what, try)
	}
	class, first := false, 0 // inside [...], and where its first character is
	for i := 0; i < len(pattern); i++ {
		rest := pattern[i:]
		switch c := pattern[i]; {
		case c == '\\':
			text, n, ok := escape(rest, class)
			if !ok {
				return refuse(fmt.Sprintf("%.3q differs between regular expression engines or is not known to Go's", rest), "write the characters out in a class")
			}
			out.WriteString(text)
			i += n - 1
			continue
		case class && c == '^' && i == first:
			first++
		case class && c == ']' && i == first:
			return refuse("a class that begins with ]", `write \]`)
		case class && c == ']':
			class = false
		case class && (c == '[' || strings.HasPrefix(rest, "&&")):
			return refuse("a class within a class", `write it as one class, a plain bracket as \[`)
		case !class && c == '[':
			class, first = true, i+1
		case strings.HasPrefix(rest, "(?") && !class && !strings.HasPrefix(rest, "(?:"):
			return refuse(fmt.Sprintf("%.4q", rest), "look-ahead, look-behind, flags and names are not supported by Go's engine or differ, only (?: is")
		case !class && (c == '^' || c == '$'):
			return refuse(fmt.Sprintf("%q is an anchor", c), `anchors are not supported, for the character write \`+string(c))
		case !class && (strings.HasPrefix(rest, "{,") || strings.HasPrefix(rest, "}?") || strings.HasPrefix(rest, "}+")):
			return refuse(fmt.Sprintf("%.2q differs between regular expression engines", rest), "write the repetition another way")
		}
		out.WriteByte(pattern[i])
	}
	return out.String(), nil
}

// escape translates the escape that rest begins with; n is its length.
func escape(rest string, class bool) (text string, n int, ok bool) {
	if len(rest) < 2 {
		return "", 0, false
	}
	switch c := rest[1]; {
	case c == 's' && class:
		return space, 2, true
	case c == 's':
		return "[" + space + "]", 2, true
	case c == 'S' && !class:
		return "[^" + space + "]", 2, true
	case c == 'd':
		return `\p{Nd}`, 2, true
	case c == 'D' && !class:
		return `\P{Nd}`, 2, true
	case strings.IndexByte("tnrfv", c) >= 0, c < 0x80 && !isWord(c):
		return rest[:2], 2, true
	case (c == 'p' || c == 'P') && strings.HasPrefix(rest[2:], "{"):
		if end := strings.IndexByte(rest, '}'); end > 0 && rest[3] != '^' {
			return rest[:end+1], end + 1, true
		}
	}
	return "", 0, false
}

func isWord(c byte) bool {
	return c == '_' || '0' <= c && c <= '9' || 'a' <= c|0x20 && c|0x20 <= 'z'
}

// compile parses a translated pattern.
func compile(pattern string) (*regexp.Regexp, error) {
	text, err := translate(pattern)
	if err != nil {
		return nil, err
	}
	re, err := regexp.Compile(text)
	if err != nil {
		return nil, fmt.Errorf("pattern %s: %w (Go's engine is RE2: no look-around, no possessive repetition)", pattern, err)
	}
	if re.MatchString("") {
		return nil, fmt.Errorf("pattern %s matches the empty text: write + where it says * or ?", pattern)
	}
	return re, nil
}
