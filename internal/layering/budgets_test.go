package layering

import (
	"fmt"
	"go/ast"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// Budgets: the profile that well-kept Go programs share, whatever their size.
const (
	maxFile     = 500 // lines of a file
	maxFunc     = 100 // lines of a function, signature and closing brace included
	longFunc    = 60
	maxLongPart = 0.05 // of all functions may be longer than longFunc
)

// longer lists the functions that may pass maxFunc, as "file name": reason.
var longer = map[string]string{}

func TestSizes(t *testing.T) {
	files := sources(t)
	report(t, sizeFaults(files, longer))
}

// sizeFaults also names what allowed lists without need.
func sizeFaults(files []source, allowed map[string]string) []string {
	var faults, long []string
	all, used := 0, map[string]bool{}
	for _, file := range files {
		if file.lines > maxFile {
			faults = append(faults, fmt.Sprintf("%s has %d lines, over %d: split it by what it names", file.path, file.lines, maxFile))
		}
		for _, decl := range file.tree.Decls {
			fn, ok := decl.(*ast.FuncDecl)
			if !ok {
				continue
			}
			all++
			lines := file.fset.Position(fn.End()).Line - file.line(fn.Type) + 1
			name := file.path + " " + fn.Name.Name
			if lines > longFunc {
				long = append(long, fmt.Sprintf("%s %d", name, lines))
			}
			if used[name] = used[name] || lines > maxFunc; lines > maxFunc && allowed[name] == "" {
				faults = append(faults, fmt.Sprintf("%s:%d: %s has %d lines, over %d: split it, or list it with a reason in longer (internal/layering/budgets_test.go)",
					file.path, file.line(fn), fn.Name.Name, lines, maxFunc))
			}
		}
	}
	if part := float64(len(long)) / float64(max(1, all)); part > maxLongPart {
		faults = append(faults, fmt.Sprintf("%d of %d functions (%.1f %%) have over %d lines, more than %.0f %%: %s",
			len(long), all, 100*part, longFunc, 100*maxLongPart, strings.Join(long, ", ")))
	}
	for name := range allowed {
		if !used[name] {
			faults = append(faults, fmt.Sprintf("%q is listed as longer than %d lines and is not: take it off the list", name, maxFunc))
		}
	}
	return faults
}

func TestSizeFaults(t *testing.T) {
	function := func(name string, lines int) string {
		return "func " + name + "() {\n" + strings.Repeat("\t_ = 0\n", lines-2) + "}\n"
	}
	check := func(text string, allowed map[string]string) []string {
		return sizeFaults([]source{read(t, "grpo/x.go", "package grpo\n"+text)}, allowed)
	}
	short := strings.Repeat("func _() {}\n", 40)
	require.Empty(t, check(short+function("f", maxFunc), nil))
	require.Empty(t, check(short+function("f", maxFunc+1), map[string]string{"grpo/x.go f": "a table"}))
	for _, test := range []struct {
		text    string
		allowed map[string]string
		fault   string
	}{
		{short + function("f", maxFunc+1), nil, "f has 101 lines"},
		{short + function("f", 3), map[string]string{"grpo/x.go f": "a table"}, "take it off"},
		{function("f", longFunc+1), nil, "1 of 1 functions"},
		{strings.Repeat("\n", maxFile), nil, "over 500"},
	} {
		faults := check(test.text, test.allowed)
		require.Len(t, faults, 1)
		require.Contains(t, faults[0], test.fault)
	}
}
