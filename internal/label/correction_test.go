package label

import (
	"strings"
	"testing"
)

// The estimate of a code's size is exact for what has no runs of digits or capitals, and never below.
func TestModulesAreEstimated(t *testing.T) {
	for c := range levels {
		for _, alphabet := range []string{"a", "A:/", "a1", "A0000000000000a"} {
			step := 3
			if testing.Short() {
				step = 17
			}
			for n := 1; n < 300; n += step {
				content := strings.Repeat(alphabet, n/len(alphabet)+1)[:n]
				code, err := qr(content, c)
				if err != nil {
					t.Fatal(err)
				}
				if got := c.modules(content); got < len(code) || alphabet == "a" && got != len(code) {
					t.Fatalf("level %d, %d of %q: %d modules, estimated as %d", c, n, alphabet, len(code), got)
				}
			}
		}
		if got := c.modules(strings.Repeat("a", c.capacity())); got != 177+8 {
			t.Errorf("level %d at its capacity: %d", c, got)
		}
		if got := c.modules(strings.Repeat("a", c.capacity()+1)); got != 0 {
			t.Errorf("level %d over its capacity: %d", c, got)
		}
	}
}

// Correction and squares are chosen for the space.
func TestCorrectionIsChosen(t *testing.T) {
	for _, tt := range []struct {
		side float64
		want Correction
		warn string
	}{
		{60, Quartile, ""}, {27, Quartile, ""}, {20, Medium, ""}, {14, Medium, "module"}, {12.6, Low, "module correction"},
	} {
		d := layout(t, Label{Content: link, Width: tt.side, Height: tt.side}, 0)
		var warned []string
		for _, w := range d.Warnings {
			warned = append(warned, w.Code)
		}
		if d.Correction != tt.want || strings.Join(warned, " ") != tt.warn {
			t.Errorf("%v mm: level %d, squares of %v, %v", tt.side, d.Correction, d.Module, warned)
		}
	}
}

func TestCapacityIsReached(t *testing.T) {
	for c := range levels {
		if _, err := qr(strings.Repeat("a", c.capacity()), c); err != nil {
			t.Errorf("level %d: %v", c, err)
		}
	}
}
