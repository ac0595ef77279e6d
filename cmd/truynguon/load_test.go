package main

import (
	"fmt"
	"net/http"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"truynguon/internal/testservers"
)

// recallSpreads is how soon a recall must show on every server (5 seconds). The one that was told of it
// shows it at the very next request.
const recallSpreads = 5 * time.Second

// TestRecallSpreads recalls lots while two servers that share a database are busy: visitors look at the
// lots all the time, so that their pages are kept ready, and cooperatives register others. If this test
// looks for data races, so do the servers.
func TestRecallSpreads(t *testing.T) {
	heavy := traffic{lots: 5, visitors: 4, registrars: 2}
	if testing.Short() {
		heavy.lots = 2
	}
	t.Run("sqlite", func(t *testing.T) {
		testRecallSpreads(t, heavy, slices.Concat(anywhere(), onSQLite(t), inFolder(t)))
	})
	t.Run("mongodb", func(t *testing.T) {
		settings := slices.Concat(anywhere(), onMongo(t), inFolder(t))
		busy := heavy
		if testservers.OwnMongo() { // which is right and slow: it is busy with this already
			busy = traffic{lots: 2, visitors: 2}
		}
		testRecallSpreads(t, busy, settings)
	})
}

// traffic is how many lots are recalled, and who is busy meanwhile: visitors on both servers, registrars
// on the one that is told of the recalls. What is changed through a server empties what it keeps ready,
// so that the other one keeps its pages as long as it may.
type traffic struct{ lots, visitors, registrars int }

func testRecallSpreads(t *testing.T, busy traffic, settings []string) {
	path, err := exec.LookPath("truynguon") // this test binary
	if err != nil {
		t.Fatal(err)
	}
	v := settle(t, opened(t, settings), 1+busy.registrars)
	here := serving(t, path, t.TempDir(), settings)
	there := serving(t, path, t.TempDir(), settings)
	c := newCaller(here.base, v.keys[0])
	var codes []string
	for i := range busy.lots {
		code := str(c.must(t, http.StatusCreated, http.MethodPost, "/batches", v.lot(fmt.Sprintf("R-%d", i))), "code")
		c.must(t, http.StatusOK, http.MethodPost, "/batches/"+code+"/release", nil)
		codes = append(codes, code)
	}

	var over atomic.Bool
	var scans, registrations atomic.Int64
	var load sync.WaitGroup
	defer load.Wait()
	defer over.Store(true)
	for i := range busy.visitors {
		p := []*process{here, there}[i%2]
		load.Go(func() {
			visitor := newVisitor(p.base)
			for n := i; !over.Load(); n++ {
				path := forms[n%len(forms)](codes[n%len(codes)], n%len(codes))
				if a, err := visitor.get(path); err != nil || a.status != http.StatusOK {
					t.Errorf("%s answers %d, %v", path, a.status, err)
					return
				}
				scans.Add(1)
			}
		})
	}
	for i := range busy.registrars {
		load.Go(func() {
			c := newCaller(here.base, v.keys[1+i])
			for n := 0; !over.Load() && n < 400; n++ { // below the limit of a key
				number := fmt.Sprintf("L-%d-%d", i, n)
				a, err := c.call(http.MethodPost, "/batches", v.lot(number), "register-"+number)
				if err == nil && a.status == http.StatusCreated {
					a, err = c.call(http.MethodPost, "/batches/"+codeIn(a)+"/release", nil, "")
				}
				if err != nil || a.status != http.StatusOK {
					t.Errorf("lot %s: %d %s, %v", number, a.status, a.body, err)
					return
				}
				registrations.Add(1)
			}
		})
	}

	var spreading sync.WaitGroup
	for i, code := range codes {
		for _, p := range []*process{here, there} {
			for n := range forms {
				if says, err := saysRecalled(newVisitor(p.base), n, code, i); says || err != nil {
					t.Fatalf("before its recall, %s says that it is recalled: %t, %v", forms[n](code, i), says, err)
				}
			}
		}
		c.must(t, http.StatusCreated, http.MethodPost, "/recalls", map[string]any{
			"kind": "voluntary", "reason": "Dư lượng thuốc bảo vệ thực vật vượt mức", "batches": []string{code},
		})
		told := time.Now()
		for n := range forms {
			if says, err := saysRecalled(newVisitor(here.base), n, code, i); !says || err != nil {
				t.Errorf("at the next request on the same server, %s says that it is recalled: %t, %v", forms[n](code, i), says, err)
			}
		}
		spreading.Go(func() {
			visitor := newVisitor(there.base)
			for n := range forms {
				err := poll(func() (bool, error) { return saysRecalled(visitor, n, code, i) })
				took := time.Since(told)
				t.Logf("%s: the recall shows on the other server after %v", forms[n](code, i), took.Round(time.Millisecond))
				if err != nil || took > recallSpreads {
					t.Errorf("%s: the recall shows on the other server after %v, want at most %v; %v", forms[n](code, i), took, recallSpreads, err)
				}
			}
		})
	}
	spreading.Wait()
	over.Store(true)
	load.Wait()
	t.Logf("beside %d recalls: %d scans, %d lots registered and released", busy.lots, scans.Load(), registrations.Load())
	here.stopped(t)
	there.stopped(t)
}

// forms are the ways to look at a lot, each of which is kept ready by itself.
var forms = []func(code string, i int) string{
	func(code string, _ int) string { return "/l/" + code },
	func(code string, _ int) string { return "/l/" + code + "?format=json" },
	func(_ string, i int) string { return fmt.Sprintf("/01/%s/10/R-%d", coffeeGTIN, i) },
}

// saysRecalled reports whether one of the forms of a lot says that it is recalled.
func saysRecalled(v *visitor, n int, code string, i int) (bool, error) {
	path := forms[n](code, i)
	a, err := v.get(path)
	if err != nil {
		return false, err
	}
	if a.status != http.StatusOK {
		return false, fmt.Errorf("%s answers %d: %s", path, a.status, a.body)
	}
	return strings.Contains(a.body, `"verdict":"recalled"`) || strings.Contains(a.body, `class="verdict bad"`), nil
}
