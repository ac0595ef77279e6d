package label

import (
	"regexp"
	"strconv"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// The path of a drawing, filled by the even-odd rule, is the code and nothing else.
func TestOutline(t *testing.T) {
	for _, content := range []string{"a", link, url(300)} {
		code, err := QR(content)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(code, fill(t, outline(code), len(code))); diff != "" {
			t.Errorf("%q: %s", content, diff)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		code := rapid.SliceOfN(rapid.SliceOfN(rapid.Bool(), 5, 5), 5, 5).Draw(t, "code")
		if diff := cmp.Diff(code, fill(t, outline(code), 5)); diff != "" {
			t.Fatal(diff)
		}
	})
}

var command = regexp.MustCompile(`([Mhvz])(-?\d*)(?: (\d+))?`)

// fill reads a path back: each vertical side turns over everything at its right.
func fill(t rapid.TB, path string, n int) [][]bool {
	out := make([][]bool, n)
	for y := range out {
		out[y] = make([]bool, n)
	}
	var x, y, startX, startY int
	vertical := func(to int) {
		for row := min(y, to); row < max(y, to); row++ {
			for col := x; col < n; col++ {
				out[row][col] = !out[row][col]
			}
		}
	}
	for _, c := range command.FindAllStringSubmatch(path, -1) {
		number, _ := strconv.Atoi(c[2])
		switch c[1] {
		case "M":
			x = number
			y, _ = strconv.Atoi(c[3])
			startX, startY = x, y
		case "h":
			x += number
		case "v":
			vertical(y + number)
			y += number
		case "z":
			if x != startX && y != startY {
				t.Fatalf("a side at an angle in %q", path)
			}
			vertical(startY)
			y, x = startY, startX
		}
	}
	return out
}
