// Package layering has only tests. They hold the whole module to what reviewers would otherwise have to
// remember: the direction of imports, the size of files and functions, and no state in packages.
package layering

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	slashpath "path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// module is the import path of the repository.
const module = "github.com/rltrain/rltrain"

// source is one hand-written file of the program, whatever build tags it has; tests are not read.
type source struct {
	path    string // below the repository's root, with slashes
	pkg     string // folder of path: the package's import path below module, "." for module itself
	imports []string
	lines   int
	fset    *token.FileSet
	tree    *ast.File
}

// sources reads all non-test Go files of the module.
func sources(t *testing.T) []source {
	t.Helper()
	root := filepath.Join("..", "..")
	mod, err := os.ReadFile(filepath.Join(root, "go.mod"))
	require.NoError(t, err)
	require.True(t, strings.HasPrefix(string(mod), "module "+module+"\n"), "go.mod names another module than %s", module)
	var all []source
	err = filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir():
			if path != root && ignored(path, entry.Name()) {
				return fs.SkipDir
			}
		case strings.HasSuffix(path, ".go") && !strings.HasSuffix(path, "_test.go"):
			text, err := os.ReadFile(path)
			require.NoError(t, err)
			name, err := filepath.Rel(root, path)
			require.NoError(t, err)
			if s := read(t, filepath.ToSlash(name), string(text)); !ast.IsGenerated(s.tree) {
				all = append(all, s)
			}
		}
		return nil
	})
	require.NoError(t, err)
	require.NotEmpty(t, all)
	return all
}

// ignored tells the folders that the go command does not look into either.
func ignored(path, name string) bool {
	if strings.HasPrefix(name, ".") || strings.HasPrefix(name, "_") || name == "testdata" || name == "vendor" {
		return true
	}
	_, err := os.Stat(filepath.Join(path, "go.mod"))
	return err == nil
}

func read(t *testing.T, path, text string) source {
	t.Helper()
	s := source{path: path, pkg: slashpath.Dir(path), fset: token.NewFileSet(), lines: strings.Count(text, "\n")}
	var err error
	s.tree, err = parser.ParseFile(s.fset, path, text, parser.ParseComments|parser.SkipObjectResolution)
	require.NoError(t, err)
	for _, spec := range s.tree.Imports {
		name, err := strconv.Unquote(spec.Path.Value)
		require.NoError(t, err)
		s.imports = append(s.imports, name)
	}
	return s
}

// line is where a node of the file begins.
func (s source) line(n ast.Node) int { return s.fset.Position(n.Pos()).Line }

// report fails the test with one line per fault.
func report(t *testing.T, faults []string) {
	t.Helper()
	slices.Sort(faults)
	for _, fault := range slices.Compact(faults) {
		t.Error(fault)
	}
}
