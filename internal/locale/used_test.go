package locale_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"truynguon/internal/locale"
	"truynguon/static"
)

// Every message that the program asks for by name is in the catalogues: fault codes and keys written in
// the code, and keys in templates. Keys that are put together at run time are covered by the tests of the
// pages, which fail when Catalogue.Missed is not empty.
func TestEveryMessageThatIsAskedForExists(t *testing.T) {
	words, err := locale.Load(static.FS)
	if err != nil {
		t.Fatal(err)
	}
	need := func(at, key string) {
		for _, lang := range words.Languages() {
			p := words.Printer(lang)
			if !p.Has(key) && !p.Has(key+".other") {
				t.Errorf("%s: no message %q in %s", at, key, lang)
			}
		}
	}
	root := filepath.Join("..", "..")
	for _, dir := range []string{"internal", "cmd"} {
		err := filepath.WalkDir(filepath.Join(root, dir), func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
				return err
			}
			fset := token.NewFileSet()
			file, err := parser.ParseFile(fset, path, nil, 0)
			if err != nil {
				return err
			}
			ast.Inspect(file, func(n ast.Node) bool {
				call, ok := n.(*ast.CallExpr)
				if !ok {
					return true
				}
				at := fset.Position(call.Pos()).String()
				name, on := called(call)
				switch {
				case name == "New" && on == "fault" && len(call.Args) >= 2:
					if code, ok := literal(call.Args[1]); ok && code != "" {
						need(at, "fault."+code)
					}
				case name == "Add" && len(call.Args) >= 2:
					pointer, ok1 := literal(call.Args[0])
					code, ok2 := literal(call.Args[1])
					if ok2 && (!ok1 || strings.HasPrefix(pointer, "/")) && identifier.MatchString(code) {
						need(at, "fault."+code)
					}
				case (name == "T" || name == "N") && len(call.Args) >= 1:
					if key, ok := literal(call.Args[0]); ok && !strings.HasSuffix(key, ".") {
						need(at, key)
					}
				}
				return true
			})
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	asked := regexp.MustCompile(`\.[TN] "([^"]+)"`)
	err = fs.WalkDir(static.FS, ".", func(path string, _ fs.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(path, ".tmpl") {
			return err
		}
		text, err := fs.ReadFile(static.FS, path)
		if err != nil {
			return err
		}
		for _, m := range asked.FindAllStringSubmatch(string(text), -1) {
			need(path, m[1])
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(root, "go.mod")); err != nil {
		t.Fatal("the walk began in the wrong place")
	}
}

var identifier = regexp.MustCompile(`^[a-z][a-z0-9_]*$`)

// called is the name of the function or method that is called, and what stands before the dot.
func called(call *ast.CallExpr) (name, on string) {
	switch f := call.Fun.(type) {
	case *ast.SelectorExpr:
		if x, ok := f.X.(*ast.Ident); ok {
			on = x.Name
		}
		return f.Sel.Name, on
	case *ast.Ident:
		return f.Name, ""
	}
	return "", ""
}

func literal(e ast.Expr) (string, bool) {
	l, ok := e.(*ast.BasicLit)
	if !ok || l.Kind != token.STRING {
		return "", false
	}
	s, err := strconv.Unquote(l.Value)
	return s, err == nil
}
