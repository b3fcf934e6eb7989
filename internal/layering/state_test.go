package layering

import (
	"fmt"
	"go/ast"
	"go/token"
	"go/types"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// variables lists the package-level variables beyond the kinds in constant, as "package name": reason. Nothing may
// change them after the program has started.
var variables = map[string]string{
	"datasets phrases":      "a table; callers get copies",
	"internal/reflect cues": "a table of compiled patterns",
}

// constant lists the calls whose results never change: sentinel errors and compiled patterns.
var constant = []string{"errors.New", "fmt.Errorf", "regexp.MustCompile"}

func TestNoPackageState(t *testing.T) {
	report(t, stateFaults(sources(t), variables))
}

// stateFaults finds init functions and variables of packages; it also names what allowed lists without need.
func stateFaults(files []source, allowed map[string]string) []string {
	var faults []string
	used := map[string]bool{}
	for _, file := range files {
		for _, decl := range file.tree.Decls {
			if fn, ok := decl.(*ast.FuncDecl); ok && fn.Recv == nil && fn.Name.Name == "init" {
				faults = append(faults, fmt.Sprintf("%s:%d: an init function: call it from where it is needed, in sight", file.path, file.line(fn)))
			}
			group, ok := decl.(*ast.GenDecl)
			if !ok || group.Tok != token.VAR {
				continue
			}
			for _, spec := range group.Specs {
				for _, name := range mutable(group, spec.(*ast.ValueSpec)) {
					key := file.pkg + " " + name.Name
					if used[key] = true; allowed[key] == "" {
						faults = append(faults, fmt.Sprintf("%s:%d: variable %s of the package: make it a const, a function's result or a field, or list it with a reason in variables (internal/layering/state_test.go)",
							file.path, file.line(name), name.Name))
					}
				}
			}
		}
	}
	for key := range allowed {
		if !used[key] {
			faults = append(faults, fmt.Sprintf("%q is listed as a variable and is none: take it off the list", key))
		}
	}
	return faults
}

// mutable returns the names of a declaration that are neither _ (a check of an interface), embedded files nor constant.
func mutable(group *ast.GenDecl, spec *ast.ValueSpec) []*ast.Ident {
	if embedded(group.Doc) || embedded(spec.Doc) {
		return nil
	}
	var names []*ast.Ident
	for i, name := range spec.Names {
		if name.Name != "_" && (i >= len(spec.Values) || !isConstant(spec.Values[i])) {
			names = append(names, name)
		}
	}
	return names
}

func embedded(doc *ast.CommentGroup) bool {
	return doc != nil && slices.ContainsFunc(doc.List, func(c *ast.Comment) bool { return strings.HasPrefix(c.Text, "//go:embed ") })
}

func isConstant(value ast.Expr) bool {
	call, ok := value.(*ast.CallExpr)
	return ok && slices.Contains(constant, types.ExprString(call.Fun))
}

func TestStateFaults(t *testing.T) {
	check := func(text string, allowed map[string]string) []string {
		return stateFaults([]source{read(t, "grpo/x.go", "package grpo\n"+text+"\n")}, allowed)
	}
	for _, fine := range []string{
		`var errX = errors.New("x")`,
		`var re = regexp.MustCompile("x")`,
		"//go:embed x.sql\nvar files embed.FS",
		"var (\n\t//go:embed x.sql\n\tfiles embed.FS\n)",
		"var _ fmt.Stringer = x{}",
		"type t struct{}\nfunc (t) init() { var local int; _ = local }",
	} {
		require.Empty(t, check(fine, nil), fine)
	}
	require.Empty(t, check("var table = [...]int{1}", map[string]string{"grpo table": "a table"}))
	for text, fault := range map[string]string{
		"func init() {}":               "an init function",
		"var count int":                "variable count",
		"var table = map[int]int{}":    "variable table",
		`var a, b = f()`:               "variable a",
		`var e, n = errors.New(""), 1`: "variable n",
	} {
		faults := check(text, nil)
		require.NotEmpty(t, faults, text)
		require.Contains(t, faults[0], fault)
	}
	faults := check("", map[string]string{"grpo gone": "a table"})
	require.Len(t, faults, 1)
	require.Contains(t, faults[0], "take it off")
}
