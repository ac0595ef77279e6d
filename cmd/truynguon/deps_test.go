package main

import (
	"encoding/json"
	"errors"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.yaml.in/yaml/v3"
)

const module = "truynguon"

// ours says which packages of ours a package may import, both named from the module's root.
// Imports point down: what speaks to people knows the domain, the domain knows the standards and
// where records lie, and nothing knows what is above it. A new package has to be entered here and
// in .golangci.yml, which says the same so that an editor can say it first.
var ours = map[string][]string{
	"internal/fault":           {},
	"internal/gs1":             {"internal/fault"},
	"internal/epcis":           {"internal/fault", "internal/gs1"},
	"internal/geo":             {"internal/fault"},
	"internal/store":           {"internal/fault"},
	"internal/store/storetest": {"internal/fault", "internal/store"},
	"internal/store/sqlite":    {"internal/fault", "internal/store"},
	"internal/store/mongo":     {"internal/fault", "internal/store"},
	"internal/blob":            {"internal/fault"},
	"internal/blob/blobtest":   {"internal/fault", "internal/blob"},
	"internal/blob/dir":        {"internal/fault", "internal/blob"},
	"internal/blob/minio":      {"internal/fault", "internal/blob"},
	"internal/trace":           {"internal/fault", "internal/geo", "internal/gs1", "internal/epcis", "internal/store", "internal/blob"},
	"internal/auth":            {"internal/fault", "internal/store"},
	"internal/label":           {"internal/fault", "internal/gs1"},
	"internal/locale":          {"internal/fault"},
	"internal/notify":          {},
	"internal/report":          {"internal/fault", "internal/locale", "internal/trace"},
	"internal/sample":          {"internal/fault", "internal/gs1", "internal/epcis", "internal/store", "internal/blob", "internal/trace", "internal/auth", "configs"},
	"internal/web": {"internal/fault", "internal/geo", "internal/gs1", "internal/epcis", "internal/store", "internal/blob", "internal/trace",
		"internal/auth", "internal/label", "internal/locale", "internal/report", "static", "configs"},
	"internal/browsertest": {"internal/trace", "internal/auth", "internal/blob", "internal/store", "internal/store/mongo", "internal/locale", "internal/sample", "internal/web",
		"internal/store/sqlite", "internal/blob/dir", "static", "configs"}, // it has tests only
	"internal/testservers": {},
	"static":               {},
	"configs":              {},
	"cmd/truynguon": {"internal/fault", "internal/gs1", "internal/epcis", "internal/store", "internal/store/sqlite",
		"internal/store/mongo", "internal/blob", "internal/blob/dir", "internal/blob/minio", "internal/trace",
		"internal/auth", "internal/label", "internal/locale", "internal/notify", "internal/report", "internal/sample", "internal/web", "static", "configs"},
}

// forTests may be imported from test files only, by any of them.
var forTests = []string{"internal/store/storetest", "internal/blob/blobtest", "internal/testservers"}

// pure packages do no I/O and know no clock: what they answer depends on what they are given.
var pure = []string{"internal/fault", "internal/geo", "internal/gs1", "internal/epcis", "internal/label"}

// foreign says which packages may import a module that is not ours, outside of tests. A module that
// is not here may be imported from tests only.
var foreign = map[string][]string{
	"github.com/caarlos0/env/v11":            {"cmd/truynguon"},
	"github.com/go-playground/validator/v10": {"internal/web", "cmd/truynguon"},
	"github.com/gofiber/fiber/v2":            {"internal/web"},
	"github.com/minio/minio-go/v7":           {"internal/blob/minio"},
	"github.com/skip2/go-qrcode":             {"internal/label"},
	"github.com/valyala/fasthttp":            {"internal/web"}, // fiber's own types are made of it
	"github.com/xuri/excelize/v2":            {"internal/report"},
	"go.mongodb.org/mongo-driver/v2":         {"internal/store/mongo"},
	"golang.org/x/crypto":                    {"internal/auth"},
	"golang.org/x/image":                     {"internal/blob", "internal/label"},
	"go.yaml.in/yaml/v3":                     {"internal/label", "internal/sample", "internal/trace"},
	// Vietnamese can be written in more than one way; whatever compares text has to fold it.
	"golang.org/x/text":  {"internal/auth", "internal/fault", "internal/label", "internal/locale", "internal/trace", "internal/web"},
	"modernc.org/sqlite": {"internal/store/sqlite"},
}

// pkg is what go list says of a package, as far as it matters here.
type pkg struct {
	ImportPath   string
	Dir          string
	Standard     bool
	GoFiles      []string
	Imports      []string
	TestImports  []string
	XTestImports []string
}

// goList returns what go list prints for the arguments.
func goList(t *testing.T, args ...string) []pkg {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "go", append([]string{"list", "-json"}, args...)...)
	cmd.Dir = filepath.Join("..", "..")
	out, err := cmd.Output()
	if err != nil {
		var exit *exec.ExitError
		if errors.As(err, &exit) {
			t.Fatalf("%v: %v\n%s", cmd, err, exit.Stderr)
		}
		t.Fatalf("%v: %v", cmd, err)
	}
	var pkgs []pkg
	for dec := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p pkg
		if err := dec.Decode(&p); errors.Is(err, io.EOF) {
			return pkgs
		} else if err != nil {
			t.Fatal(err)
		}
		pkgs = append(pkgs, p)
	}
}

// within reports whether an import path is the module or package at root, or below it.
func within(path, root string) bool {
	return path == root || strings.HasPrefix(path, root+"/")
}

// standard reports whether a path is of the standard library, whose first element has no dot.
func standard(path string) bool {
	first, _, _ := strings.Cut(path, "/")
	return !strings.Contains(first, ".") && !within(path, module)
}

func TestImportsPointDown(t *testing.T) {
	for _, p := range goList(t, "./...") {
		name := strings.TrimPrefix(p.ImportPath, module+"/")
		allowed, ok := ours[name]
		if !ok {
			t.Errorf("%s: not in the table of what may import what; enter it in deps_test.go and .golangci.yml", name)
			continue
		}
		for _, imp := range p.Imports {
			imported := strings.TrimPrefix(imp, module+"/")
			switch {
			case imp == "testing" && slices.Contains(forTests, name):
			case imp == "testing":
				t.Errorf("%s imports testing: that belongs in a test file", name)
			case standard(imp):
				if slices.Contains(pure, name) && impure(imp) {
					t.Errorf("%s imports %s: it must do no I/O", name, imp)
				}
			case !within(imp, module):
				if !slices.ContainsFunc(keysWithin(imp), func(m string) bool { return slices.Contains(foreign[m], name) }) &&
					!slices.Contains(forTests, name) {
					t.Errorf("%s imports %s: only %v may, outside of tests", name, imp, importersOf(imp))
				}
			case !slices.Contains(allowed, imported):
				t.Errorf("%s imports %s: it may import %v only", name, imported, allowed)
			}
		}
		// A test of a package may set up what is below it for real, and use what is there for
		// tests. What is above it would make the test one of something else.
		for _, imp := range slices.Concat(p.TestImports, p.XTestImports) {
			imported := strings.TrimPrefix(imp, module+"/")
			if within(imp, "github.com/chromedp") && name != "internal/browsertest" {
				t.Errorf("a test of %s imports %s: a browser is for internal/browsertest only", name, imp)
			}
			if !within(imp, module) || imported == name || slices.Contains(forTests, imported) || slices.Contains(allowed, imported) {
				continue
			}
			if !slices.Contains(usableInTests(name), imported) {
				t.Errorf("a test of %s imports %s, which is not below it", name, imported)
			}
		}
	}
}

// usableInTests returns the packages that the tests of a package may import besides its own and
// those made for tests: adapters of what it stands on, the samples for what shows them, and data.
func usableInTests(name string) []string {
	usable := []string{"static", "configs", "internal/locale"} // that a code has words is part of a package's test
	if slices.Contains(ours[name], "internal/store") {
		usable = append(usable, "internal/store/sqlite")
	}
	if slices.Contains(ours[name], "internal/blob") {
		usable = append(usable, "internal/blob/dir")
	}
	if slices.Contains(ours[name], "internal/trace") {
		usable = append(usable, "internal/sample")
	}
	return usable
}

// keysWithin returns the modules of the table that an import path belongs to.
func keysWithin(imp string) []string {
	var keys []string
	for m := range foreign {
		if within(imp, m) {
			keys = append(keys, m)
		}
	}
	return keys
}

// importersOf returns who may import a path that is not ours.
func importersOf(imp string) []string {
	var who []string
	for _, m := range keysWithin(imp) {
		who = append(who, foreign[m]...)
	}
	return who
}

// impure reports whether a standard package lets its importer reach outside the process, or
// chance. Package time is not among them: it is also the type of a date; clocks are looked for below.
func impure(imp string) bool {
	for _, root := range []string{"context", "net", "os", "io/fs", "io/ioutil", "syscall", "log", "crypto/rand", "math/rand", "database", "plugin"} {
		if within(imp, root) {
			return imp != "net/url" // which only takes strings apart
		}
	}
	return false
}

func TestPurePackagesHaveNoClock(t *testing.T) {
	clock := []string{"Now", "Since", "Until", "Sleep", "After", "AfterFunc", "Tick", "NewTimer", "NewTicker"}
	for _, p := range goList(t, "./internal/...") {
		name := strings.TrimPrefix(p.ImportPath, module+"/")
		if !slices.Contains(pure, name) {
			continue
		}
		for _, file := range p.GoFiles {
			fset := token.NewFileSet()
			f, err := parser.ParseFile(fset, filepath.Join(p.Dir, file), nil, parser.SkipObjectResolution)
			if err != nil {
				t.Fatal(err)
			}
			ast.Inspect(f, func(n ast.Node) bool {
				sel, ok := n.(*ast.SelectorExpr)
				if !ok {
					return true
				}
				if x, ok := sel.X.(*ast.Ident); ok && x.Name == "time" && slices.Contains(clock, sel.Sel.Name) {
					t.Errorf("%s: time.%s: %s must be told what time it is", fset.Position(n.Pos()), sel.Sel.Name, name)
				}
				return true
			})
		}
	}
}

// TestProgramHoldsNoTestCode looks at everything that is linked into the program, however it got
// there.
func TestProgramHoldsNoTestCode(t *testing.T) {
	for _, p := range goList(t, "-deps", "./cmd/truynguon") {
		name := strings.TrimPrefix(p.ImportPath, module+"/")
		if slices.Contains(forTests, name) {
			t.Errorf("the program contains %s", p.ImportPath)
		}
	}
}

// depguardRule is a rule of depguard in .golangci.yml.
type depguardRule struct {
	ListMode string   `yaml:"list-mode"`
	Files    []string `yaml:"files,flow"`
	Allow    []string `yaml:"allow,flow,omitempty"`
	Deny     []struct {
		Pkg  string `yaml:"pkg"`
		Desc string `yaml:"desc"`
	} `yaml:"deny"`
}

// TestLinterSaysTheSame proves that depguard in .golangci.yml enforces the tables above: a rule per
// package for what is ours, and a rule per module for what is not.
func TestLinterSaysTheSame(t *testing.T) {
	raw, err := os.ReadFile(filepath.Join("..", "..", ".golangci.yml"))
	if err != nil {
		t.Fatal(err)
	}
	var file struct {
		Linters struct {
			Settings struct {
				Depguard struct {
					Rules map[string]depguardRule `yaml:"rules"`
				} `yaml:"depguard"`
			} `yaml:"settings"`
		} `yaml:"linters"`
	}
	if err := yaml.Unmarshal(raw, &file); err != nil {
		t.Fatal(err)
	}
	rules := file.Linters.Settings.Depguard.Rules
	want := map[string]depguardRule{}
	for name, allowed := range ours {
		r := depguardRule{ListMode: "lax", Files: []string{"**/" + name + "/*.go", "!$test"}}
		for _, a := range allowed {
			r.Allow = append(r.Allow, module+"/"+a+"$")
		}
		r.Deny = append(r.Deny, struct {
			Pkg  string `yaml:"pkg"`
			Desc string `yaml:"desc"`
		}{module + "/", "imports point down: see ours in cmd/truynguon/deps_test.go"})
		want[strings.ReplaceAll(name, "/", "-")] = r
	}
	for mod, users := range foreign {
		r := depguardRule{ListMode: "lax", Files: []string{"!$test"}}
		for _, u := range users {
			r.Files = append(r.Files, "!**/"+u+"/*.go")
		}
		r.Deny = append(r.Deny, struct {
			Pkg  string `yaml:"pkg"`
			Desc string `yaml:"desc"`
		}{mod, "for " + strings.Join(users, " and ") + " only"})
		want[strings.NewReplacer("/", "-", ".", "-").Replace(mod)] = r
	}
	if diff := cmp.Diff(want, rules); diff != "" {
		var generated strings.Builder
		enc := yaml.NewEncoder(&generated)
		enc.SetIndent(2)
		if err := enc.Encode(map[string]any{"rules": want}); err != nil {
			t.Fatal(err)
		}
		t.Errorf("depguard in .golangci.yml (-want +got):\n%s\nIt should read:\n%s", diff, indent(generated.String(), 6))
	}
}

// indent moves every line n spaces to the right.
func indent(s string, n int) string {
	var b strings.Builder
	for line := range strings.Lines(s) {
		b.WriteString(strings.Repeat(" ", n) + line)
	}
	return b.String()
}

// TestLimitsOfTheTables guards the tables themselves against a slip of the pen.
func TestLimitsOfTheTables(t *testing.T) {
	for name, allowed := range ours {
		for _, a := range allowed {
			if _, ok := ours[a]; !ok {
				t.Errorf("%s may import %s, which is not in the table", name, strconv.Quote(a))
			}
			if slices.Contains(forTests, a) {
				t.Errorf("%s may import %s, which is for tests", name, a)
			}
			if slices.Contains(ours[a], name) {
				t.Errorf("%s and %s may import each other", name, a)
			}
		}
	}
}
