package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
)

// TestEPCISStores sends events in EPCIS terms to the program on either database, kills it without warning
// as soon as it has acknowledged them, and finds every one of them after it was started again.
func TestEPCISStores(t *testing.T) {
	for _, db := range []struct {
		name     string
		settings func(testing.TB) []string
	}{{"sqlite", onSQLite}, {"mongodb", onMongo}} {
		t.Run(db.name, func(t *testing.T) {
			testEPCIS(t, slices.Concat(anywhere(), db.settings(t), inFolder(t)))
		})
	}
}

func testEPCIS(t *testing.T, settings []string) {
	folder := t.TempDir()
	const email = "quan.tri@xa.example"
	password := strings.TrimSpace(commanded(t, folder, settings, "user", "add", "-role", "admin", email))
	adminKey := strings.TrimSpace(commanded(t, folder, settings, "key", "add", "-role", "admin", "-name", "Dựng hệ thống"))
	p := serving(t, theProgram(t), folder, settings)
	addUnits(t, p, email, password)
	newCaller(p.base, adminKey).must(t, http.StatusCreated, http.MethodPost, "/organisations", coopDraft)
	key := strings.TrimSpace(commanded(t, folder, settings, "key", "add", "-role", "staff", "-org", coopID, "-name", "Máy quét"))

	ask := func(method, path string, body []byte) answer {
		t.Helper()
		r, err := http.NewRequest(method, p.base+"/epcis"+path, bytes.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Content-Type", "application/json")
		a, err := newCaller(p.base, key).send(r, "")
		if err != nil {
			t.Fatal(err)
		}
		return a
	}
	const n = 200
	var list []string
	for i := range n {
		list = append(list, fmt.Sprintf(`{"type":"ObjectEvent","action":"OBSERVE","bizStep":"storing","eventTime":"2026-03-%02dT08:00:00+07:00","eventTimeZoneOffset":"+07:00",
"epcList":["https://id.gs1.org/01/08930000000002/21/S%d"],"readPoint":{"id":"https://id.gs1.org/414/8930000010001/254/kho"}}`, 1+i%28, i))
	}
	doc := `{"@context":"https://ref.gs1.org/standards/epcis/2.0.0/epcis-context.jsonld","type":"EPCISDocument","schemaVersion":"2.0","creationDate":"2026-03-31T00:00:00Z","epcisBody":{"eventList":[` + strings.Join(list, ",") + `]}}`
	a := ask(http.MethodPost, "/capture", []byte(doc))
	if a.status != http.StatusAccepted {
		t.Fatalf("%d %s", a.status, a.body)
	}
	p.kill()
	p = serving(t, theProgram(t), folder, settings)
	for { // the program goes on with the job by itself; each question is an exchange, not a busy wait
		var jobs []struct{ Running, Success bool }
		a := ask(http.MethodGet, "/capture", nil)
		if a.status == http.StatusTooManyRequests {
			continue
		}
		if err := json.Unmarshal([]byte(a.body), &jobs); err != nil || len(jobs) != 1 {
			t.Fatalf("%v %v", jobs, err)
		}
		if !jobs[0].Running {
			if !jobs[0].Success {
				t.Error("the job failed")
			}
			break
		}
	}
	found := ask(http.MethodGet, "/events?perPage=500&WD_readPoint="+url.QueryEscape("https://id.gs1.org/414/8930000010001"), nil)
	if got := strings.Count(found.body, `"eventID"`); got != n {
		t.Errorf("%d events after the crash, want %d", got, n)
	}
	one := ask(http.MethodGet, "/events?MATCH_epc=urn:epc:id:sgtin:8930000.000000.S7&EQ_bizStep=storing", nil)
	if got := strings.Count(one.body, `"eventID"`); got != 1 {
		t.Errorf("%d events of one item", got)
	}
}
