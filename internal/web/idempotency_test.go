package web

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"math"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"truynguon/internal/gs1"
	"truynguon/internal/store"
	"truynguon/internal/store/storetest"
	"truynguon/internal/trace"
)

// TestCutShortAndSentAgain lets the n-th write of a request fail, for every request that makes something
// and every n, once losing the write and once keeping it, with and without the death of the process. Sent
// again under its Idempotency-Key the request must succeed, and the database must hold as many records of
// each kind as after a run that nothing disturbed.
func TestCutShortAndSentAgain(t *testing.T) {
	type request struct{ who, path, body string }
	for name, prepare := range map[string]func(w *world, n int) request{
		"organisation": func(*world, int) request {
			return request{"admin", "/organisations", `{"legalType":"HTX","name":"HTX Mới","address":"Thôn 1","adminUnit":"99001"}`}
		},
		"place": func(*world, int) request {
			return request{"staff", "/places", `{"type":"shop","name":"Cửa hàng","address":"Thôn 1","adminUnit":"99001"}`}
		},
		"product": func(w *world, n int) request {
			gtin := fmt.Sprintf("952000001%03d", n)
			digit, err := gs1.CheckDigit(gtin)
			w.must(err)
			return request{"staff", "/products", fmt.Sprintf(`{"name":"Cà phê bột","gtin":"%s%c","uom":"KGM"}`, gtin, digit)}
		},
		"batch": func(w *world, _ int) request {
			return request{"staff", "/batches", fmt.Sprintf(`{"product":%q,"lot":"L1","places":[%q],"harvestDate":"2026-11-20","quantity":{"value":1}}`,
				w.addProduct(orgA).ID, w.addPlot(orgA).ID)}
		},
		"event": func(w *world, _ int) request {
			return request{"staff", "/events", fmt.Sprintf(`{"batch":%q,"step":"storing","date":"2026-11-20"}`, w.addReleased(orgA, "L1").Code)}
		},
		"release": func(w *world, _ int) request {
			return request{"staff", "/batches/" + w.addLot(orgA, "L1").Code + "/release", ``}
		},
		"certificate": func(*world, int) request {
			return request{"staff", "/certificates", `{"scheme":"vietgap","number":"1","agency":"TT","startDate":"2026-01-01"}`}
		},
		"verification": func(w *world, _ int) request {
			k := w.addCertificate(orgA)
			_, err := w.Ledger.DecideCertificate(context.Background(), w.actors["staff"], k.ID, "submit", trace.DecisionDraft{})
			w.must(err)
			return request{"official", "/certificates/" + k.ID + "/verify", `{"method":"original_seen"}`}
		},
		"recall": func(w *world, _ int) request {
			return request{"official", "/recalls", fmt.Sprintf(`{"kind":"mandatory","reason":"Thử","batches":[%q,%q]}`,
				w.addReleased(orgA, "L1").Code, w.addReleased(orgA, "L2").Code)}
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			n := 0
			send := func(r request) answer {
				w.pass(time.Second)
				return w.api(r.who, "POST", apiBase+r.path, r.body, headerIdempotencyKey, fmt.Sprint("k", n), "Content-Type", typeJSON)
			}
			r := prepare(w, n)
			before := census(w)
			first := send(r)
			if first.Status >= 300 {
				t.Fatalf("undisturbed: %d %s", first.Status, first.Body)
			}
			want := before.to(census(w))
			for _, f := range []storetest.Fault{{}, {Kept: true}, {Dead: true}, {Kept: true, Dead: true}} {
				for f.Write = 1; ; f.Write++ {
					n++
					r := prepare(w, n)
					before := census(w)
					db := w.Ledger.DB
					faulty := storetest.Faulty(db, f)
					w.Ledger.DB = faulty
					broken := send(r)
					w.Ledger.DB = db
					if !faulty.Struck() {
						break
					}
					if broken.Status != 503 && broken.Status != first.Status {
						t.Errorf("%+v: the broken run answers %d: %s", f, broken.Status, broken.Body)
					}
					again := send(r)
					if again.Status != first.Status {
						t.Errorf("%+v: sent again: %d %s", f, again.Status, again.Body)
					}
					if diff := cmp.Diff(want, before.to(census(w))); diff != "" {
						t.Errorf("%+v: new records (-undisturbed +now):\n%s", f, diff)
					}
					third := send(r)
					if diff := cmp.Diff(string(again.Body), string(third.Body)); diff != "" || third.Header.Get(headerReplayed) == "" {
						t.Errorf("%+v: sent a third time: %s", f, diff)
					}
				}
			}
		})
	}
}

// numbers are how many records there are, by kind.
type numbers map[string]int

// to is how many there are more later.
func (n numbers) to(later numbers) numbers {
	out := numbers{}
	for kind := range later {
		out[kind] = later[kind] - n[kind]
	}
	return out
}

// census counts the records of each kind.
func census(w *world) numbers {
	w.t.Helper()
	n := numbers{}
	for _, kind := range []string{"organisation", "place", "product", "document", "batch", "event", "certificate", "recall", "lot_claim", "gtin_claim", "audit", "idempotency"} {
		page, err := w.Ledger.DB.Find(context.Background(), kind, store.Query{Limit: 1000})
		w.must(err)
		n[kind] = len(page.Records)
	}
	return n
}

func TestPrune(t *testing.T) {
	w := newWorld(t)
	body := `{"type":"shop","name":"Cửa hàng","address":"Thôn 1","adminUnit":"99001"}`
	first := w.api("staff", "POST", apiBase+"/places", body, headerIdempotencyKey, "old").want(201)
	w.pass(keepReplies - time.Minute)
	w.api("staff", "POST", apiBase+"/places", body, headerIdempotencyKey, "new").want(201)
	prune := func(want int) {
		t.Helper()
		n, err := w.Prune(context.Background())
		if err != nil || n != want {
			t.Errorf("pruned %d, want %d; %v", n, want, err)
		}
	}
	prune(0)
	w.pass(2 * time.Minute)
	prune(1)
	prune(0)
	// What was forgotten is done anew, and the verb finds that it was done.
	again := w.api("staff", "POST", apiBase+"/places", body, headerIdempotencyKey, "old").want(201)
	if again.Header.Get(headerReplayed) != "" || again.member("/id") != first.member("/id") {
		t.Errorf("after two days: %s\n%s", first.Body, again.Body)
	}
}

// TestLargeAnswer repeats a request whose answer is too large to be kept.
func TestLargeAnswer(t *testing.T) {
	w := newWorld(t)
	var ring strings.Builder
	for i := range 1991 { // a circle, of figures with many decimals
		sin, cos := math.Sincos(2 * math.Pi * float64(i%1990) / 1990)
		fmt.Fprintf(&ring, "%c[%.15f,%.15f]", "[,"[min(i, 1)], 108+cos/1000, 14+sin/1000)
	}
	ring.WriteString("]")
	body := `{"type":"plot","name":"Rẫy","address":"Thôn 1","adminUnit":"99001","geometry":{"type":"Polygon","coordinates":[` + ring.String() + `]}}`
	first := w.api("staff", "POST", apiBase+"/places", body, headerIdempotencyKey, "large").want(201)
	if len(first.Body) <= maxReply {
		t.Fatalf("the answer has only %d bytes", len(first.Body))
	}
	again := w.api("staff", "POST", apiBase+"/places", body, headerIdempotencyKey, "large").want(201)
	if !bytes.Equal(first.Body, again.Body) {
		t.Error("the answers differ")
	}
	if n := census(w)["place"]; n != 1 {
		t.Errorf("%d places", n)
	}
	w.api("staff", "POST", apiBase+"/places", strings.Replace(body, "Rẫy", "Vườn", 1), headerIdempotencyKey, "large").want(409)
}

// TestRefusedBeforeTheRouter sends what the HTTP layer itself refuses. Where it got as far as the address,
// it answers a problem document.
func TestRefusedBeforeTheRouter(t *testing.T) {
	w := newWorld(t)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	w.must(err)
	served := make(chan error, 1)
	go func() { served <- w.Serve(l) }()
	t.Cleanup(func() {
		if err := w.Shutdown(context.Background()); err != nil {
			t.Error(err)
		}
		if err := <-served; err != nil {
			t.Error(err)
		}
	})
	for _, c := range []struct {
		name, head, body string
		want             int
		problem          bool
	}{
		{"too large", "POST /api/v1/places HTTP/1.1\r\nContent-Type: application/json\r\nContent-Length: 99999999\r\n", "", 413, true},
		{"broken form", "POST /api/v1/documents HTTP/1.1\r\nContent-Type: multipart/form-data; boundary=x\r\nContent-Length: 13\r\n", "--x\r\nnonsense", 400, false},
		{"long header", "GET /api/v1/places HTTP/1.1\r\nX-Long: " + strings.Repeat("x", 64<<10) + "\r\n", "", 431, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			conn, err := net.Dial("tcp", l.Addr().String())
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
			if err := conn.SetDeadline(time.Now().Add(20 * time.Second)); err != nil {
				t.Fatal(err)
			}
			if _, err := io.WriteString(conn, c.head+"Host: id.example.vn\r\nAuthorization: Bearer "+w.keys["staff"]+"\r\n\r\n"+c.body); err != nil {
				t.Fatal(err)
			}
			resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
			if err != nil {
				t.Fatal(err)
			}
			defer resp.Body.Close()
			kind := resp.Header.Get("Content-Type")
			if resp.StatusCode != c.want || c.problem && kind != "application/problem+json" {
				t.Errorf("got %d %s, want %d", resp.StatusCode, kind, c.want)
			}
		})
	}
}
