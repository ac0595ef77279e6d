package web

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"image/png"
	"mime/multipart"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"truynguon/internal/fault"
	"truynguon/internal/store/sqlite"
	"truynguon/internal/trace"
)

// TestAPIAccess asks for every operation on orgA's records in everybody's name.
func TestAPIAccess(t *testing.T) {
	// By operation: who may. A row that is missing here fails the test.
	all := "admin official officialB manager staff managerB staffB buyer"
	own := "admin official manager staff"
	keep := "admin manager staff"
	judge := "admin official"
	lead := "admin official manager"
	want := map[string]string{
		"get_description":      all + " nobody",
		"list_organisations":   "admin official officialB manager staff managerB staffB",
		"create_organisation":  judge,
		"get_organisation":     all,
		"replace_organisation": "admin official manager",
		"change_organisation":  "admin official manager",
		"list_places":          own, "create_place": keep, "get_place": own, "replace_place": keep, "change_place": keep,
		"get_places_geojson": own, "list_place_codes": own, "create_place_code": own, "get_code": own, "decide_code": own,
		"list_products": own, "create_product": keep, "get_product": all, "replace_product": keep, "change_product": keep,
		"list_documents": own, "create_document": keep, "get_document": own, "get_document_content": own,
		"list_batches": own, "create_batch": keep, "get_batch": own + " buyer", "replace_batch": keep, "change_batch": keep,
		"list_rolls": own, "create_roll": own, "get_roll": own, "print_roll": own, "free_roll": own, "void_roll": own,
		"claim_labels": keep, "list_claims": own, "get_batch_scans": own, "get_organisation_scans": own,
		"release_batch": own, "hold_batch": own, "void_batch": own,
		"override_batch": judge,
		"list_cycles":    own, "create_cycle": keep, "get_cycle": own, "replace_cycle": keep, "change_cycle": keep,
		"list_inputs": own, "create_input": keep, "get_input": own,
		"list_diary_entries": own, "create_diary_entry": keep, "get_diary_entry": own, "correct_diary_entry": keep, "withdraw_diary_entry": keep,
		"list_substance_lists": all, "list_substances": all, "import_substances": "admin official officialB",
		"create_event": keep, "list_events": own + " buyer", "list_batch_events": own + " buyer", "get_batch_event": own + " buyer",
		"list_certificates": own, "create_certificate": keep, "get_certificate": own,
		"submit_certificate": keep, "verify_certificate": judge, "reject_certificate": judge, "suspend_certificate": judge,
		"reinstate_certificate": judge, "revoke_certificate": judge, "supersede_certificate": judge,
		"list_links": own, "create_link": keep, "get_link": own, "withdraw_link": keep, "take_down_link": judge, "reinstate_link": judge,
		"share_document": keep, "list_unmatched": "admin official officialB", "list_follows": all, "create_follow": all, "end_follow": all,
		"verify": all + " nobody", "verify_many": all + " nobody", "coverage": all + " nobody", "list_targets": "admin official officialB manager staff managerB staffB",
		"trace_batch": all, "trace_batch_table": own, "trace_batch_plots": own,
		"list_transformations": own, "create_transformation": keep, "get_transformation": own, "void_transformation": keep,
		"list_shipments": own, "create_shipment": keep, "get_shipment": own + " managerB staffB", "void_shipment": keep, "receive_shipment": "admin managerB staffB",
		"list_logistic_units": own, "create_logistic_unit": keep, "get_logistic_unit": all, "open_logistic_unit": keep,
		"list_recall_cases": own, "create_recall_case": lead, "get_recall_case": own, "list_recall_case_lots": own, "edit_recall_case": lead,
		"submit_recall_case": "", "confirm_recall_case": lead, // a person must, not a key: what is not submitted cannot be confirmed by anybody
		"return_recall_case": lead, "drop_recall_case": lead, "entry_recall_case": own, "close_recall_case": lead,
		"list_holds": own, "create_hold": own, "get_hold": own, "release_hold": own,
		"list_recalls": own, "create_recall": "admin official manager", "get_recall": all, "close_recall": "admin official manager",
	}
	w := newWorld(t)
	released, draft := w.addReleased(orgA, "R1"), w.addLot(orgA, "D1")
	suspect := w.addReleased(orgA, "S1")
	seeds := []trace.RecallSeed{{Kind: trace.SeedLot, ID: suspect.Code}}
	recallCase, err := w.Ledger.OpenRecallCase(context.Background(), w.actors["manager"], trace.RecallCaseDraft{
		Kind: "voluntary", Trigger: string(trace.RecallTriggers[0]), Reason: "Thử", Advice: "Trả lại", Mock: true, Seeds: seeds,
	})
	w.must(err)
	held, err := w.Ledger.HoldLots(context.Background(), w.actors["manager"], trace.HoldDraft{Reason: "Thử", Seeds: []trace.RecallSeed{{Kind: trace.SeedLot, ID: w.addReleased(orgA, "S2").Code}}})
	w.must(err)
	document := w.addDocument(orgA, trace.Private)
	certificate := w.addCertificate(orgA)
	link := w.addLink("support", "ho-tro", "", "")
	roll, label := w.addRoll(released.Code)
	recalled := w.addReleased(orgA, "C1")
	recall, err := w.Ledger.OpenRecall(context.Background(), w.actors["manager"], trace.RecallDraft{Kind: "voluntary", Reason: "Sai nhãn", Batches: []string{recalled.Code}})
	w.must(err)
	events, err := w.Ledger.Events(context.Background(), w.actors["admin"], released.Code)
	w.must(err)
	moving := w.addLineage(orgA, "M1")
	code, err := w.Ledger.RegisterGrowingCode(context.Background(), w.actors["staff"], trace.GrowingCodeDraft{
		Place: released.Places[0], Code: "VN-KTOR-0007", Crop: "Cà phê", Market: "CN", CodeDecisionDraft: trace.CodeDecisionDraft{From: "2026-01-01"}})
	w.must(err)
	ctx, staff := context.Background(), w.actors["staff"]
	cycle, err := w.Ledger.OpenCycle(ctx, staff, trace.CycleDraft{Place: released.Places[0], Crop: "coffee"})
	w.must(err)
	input, err := w.Ledger.RecordInput(ctx, staff, trace.InputDraft{
		Kind: "pesticide", TradeName: "Mẫu", Supplier: "Cửa hàng", ReceivedOn: "2026-01-01", Quantity: trace.QuantityDraft{Value: "1", UOM: "KGM"},
	})
	w.must(err)
	entry := func() string {
		e, err := w.Ledger.RecordDiary(ctx, staff, trace.DiaryDraft{Place: released.Places[0], Activity: "irrigation", PerformedAt: "2026-01-01"})
		w.must(err)
		return e.Doc.ID
	}
	written := entry()
	ids := strings.NewReplacer(
		"/transformations/{id}", "/transformations/"+moving.transformation, "/shipments/{id}", "/shipments/"+moving.shipment,
		"/logistic-units/{id}", "/logistic-units/"+moving.unit,
		"/cycles/{id}", "/cycles/"+cycle.Doc.ID, "/inputs/{id}", "/inputs/"+input.Doc.ID, "/diary/{id}", "/diary/"+written, "/substances/{id}", "/substances/none",
		"/organisations/{id}", "/organisations/"+orgA, "/places/{id}", "/places/"+released.Places[0],
		"/products/{id}", "/products/"+released.Product, "/documents/{id}", "/documents/"+document.ID,
		"/certificates/{id}", "/certificates/"+certificate.ID, "/recalls/{id}", "/recalls/"+recall.Doc.ID,
		"/links/{id}", "/links/"+link.ID, "/codes/{id}", "/codes/"+code.Doc.ID,
		"/rolls/{id}", "/rolls/"+roll, "/recall-cases/{id}", "/recall-cases/"+recallCase.Doc.ID, "/holds/{id}", "/holds/"+held.Doc.ID,
		"/batches/{id}", "/batches/"+released.Code, "{event}", eventName(&events[0]),
	)
	n := 0
	for _, o := range w.operations() {
		allowed, known := want[o.id]
		if strings.HasPrefix(o.id, "get_batch_label_") {
			allowed, known = own, true
		}
		if !known {
			t.Errorf("%s: who may is not said in this test", o.id)
		}
		for _, who := range people {
			n++
			path := apiBase + ids.Replace(o.path)
			if slices.ContainsFunc(o.query, func(p parameter) bool { return p.name == "organisation" }) {
				path += "?organisation=" + orgA
			}
			var body any
			headers := []string{}
			switch o.id {
			case "create_organisation":
				body = fmt.Sprintf(`{"id":"org-%d","legalType":"HTX","name":"HTX","address":"Thôn 1","adminUnit":%q}`, n, communeA)
			case "create_place":
				body = fmt.Sprintf(`{"organisation":%q,"type":"plot","name":"Rẫy","address":"Thôn 1","adminUnit":%q}`, orgA, communeA)
			case "create_place_code":
				body = fmt.Sprintf(`{"code":"VN-KTOR-%04d","crop":"Cà phê","market":"CN","from":"2026-01-01"}`, n)
			case "decide_code":
				body = `{"status":"granted","from":"2026-01-01"}`
			case "create_product":
				body = fmt.Sprintf(`{"organisation":%q,"name":"Bơ","uom":"KGM"}`, orgA)
			case "create_batch":
				body = fmt.Sprintf(`{"organisation":%q,"product":%q,"lot":"N%d","places":[%q],"harvestDate":"2026-11-20","quantity":{"value":1}}`,
					orgA, released.Product, n, released.Places[0])
			case "create_event":
				body = fmt.Sprintf(`{"batch":%q,"step":"storing","date":"2026-11-20","note":"%d"}`, released.Code, n)
			case "create_certificate":
				body = fmt.Sprintf(`{"organisation":%q,"scheme":"vietgap","number":"%d","agency":"TT","startDate":"2026-01-01"}`, orgA, n)
			case "create_transformation":
				body = fmt.Sprintf(`{"organisation":%q,"kind":"split","place":%q,"date":"2026-11-20","inputs":[{"lot":%q,"quantity":{"value":0.001}}],`+
					`"outputs":[{"product":%q,"lot":"N%d","quantity":{"value":0.001}}]}`, orgA, released.Places[0], moving.lot, released.Product, n)
			case "create_shipment":
				body = fmt.Sprintf(`{"organisation":%q,"kind":"sale","date":"2026-11-20","lots":[{"lot":%q,"quantity":{"value":0.001}}]}`, orgA, moving.lot)
			case "create_logistic_unit":
				body = fmt.Sprintf(`{"organisation":%q,"type":"carton","date":"2026-11-20","lots":[{"lot":%q,"quantity":{"value":0.001}}]}`, orgA, moving.lot)
			case "receive_shipment":
				body = `{"date":"2026-11-22"}`
			case "create_cycle":
				body = fmt.Sprintf(`{"place":%q,"crop":"coffee"}`, released.Places[0])
			case "replace_cycle", "change_cycle":
				body, headers = `{"variety":"TR4"}`, []string{"If-Match", "*"}
			case "create_input":
				body = fmt.Sprintf(`{"organisation":%q,"kind":"seed","tradeName":"Giống","supplier":"Trại","receivedOn":"2026-01-01","quantity":{"value":1,"uom":"KGM"}}`, orgA)
			case "create_diary_entry":
				body = fmt.Sprintf(`{"place":%q,"activity":"irrigation","performedAt":"2026-01-02"}`, released.Places[0])
			case "correct_diary_entry", "withdraw_diary_entry":
				path = strings.Replace(path, written, entry(), 1)
				body = `{"reason":"Thử"}`
				if o.id == "correct_diary_entry" {
					body = `{"activity":"irrigation","performedAt":"2026-01-03","reason":"Thử"}`
				}
			case "import_substances":
				body = `{"number":"Mẫu","from":"2026-01-01","dryRun":true,"table":[["status","ingredient"],["banned","Omega"]]}`
			case "override_batch":
				body = `{"reason":"Thử"}`
			case "verify":
				path += "?q=" + released.Code
			case "verify_many":
				body = `{"queries":["VietGAP-TT-99-0001"]}`
			case "create_recall_case":
				body = fmt.Sprintf(`{"kind":"voluntary","mock":true,"trigger":%q,"reason":"Thử","advice":"Trả lại","seeds":[{"kind":"lot","id":%q}]}`, trace.RecallTriggers[0], suspect.Code)
			case "edit_recall_case":
				body = fmt.Sprintf(`{"add":[%q],"reason":"Thử"}`, suspect.Code)
			case "submit_recall_case", "confirm_recall_case":
				body = `{}`
			case "entry_recall_case":
				body = fmt.Sprintf(`{"lot":%q,"measure":%q,"quantity":1}`, suspect.Code, trace.RecallMeasures[0])
			case "close_recall_case":
				body = `{"outcome":"Xong"}`
			case "create_hold":
				body = fmt.Sprintf(`{"reason":"Thử","seeds":[{"kind":"lot","id":%q}]}`, w.addReleased(orgA, fmt.Sprintf("H%d", n)).Code)
			case "return_recall_case", "drop_recall_case", "release_hold":
				body = `{"reason":"Thử"}`
			case "create_recall":
				body = fmt.Sprintf(`{"kind":"voluntary","reason":"Thử","batches":[%q]}`, recalled.Code)
			case "create_document":
				form, kind := upload(t, map[string]string{"organisation": orgA}, "ảnh.jpg", photo(t, 20, 20))
				body, headers = form, []string{"Content-Type", kind}
			case "replace_batch", "change_batch":
				path = strings.Replace(path, released.Code, draft.Code, 1)
				body, headers = w.draftOf(path), []string{"If-Match", "*"}
			case "replace_organisation", "change_organisation", "replace_place", "change_place", "replace_product", "change_product":
				body, headers = w.draftOf(path), []string{"If-Match", "*"}
			case "share_document":
				body = `{"visibility":"private"}`
			case "create_roll":
				body = fmt.Sprintf(`{"organisation":%q,"name":"Tem %d","count":5}`, orgA, n)
			case "print_roll":
				body = `{"from":1,"to":2}`
			case "claim_labels":
				body = fmt.Sprintf(`{"from":%q}`, label(n))
			case "free_roll":
				body = fmt.Sprintf(`{"from":"%d","reason":"Thử"}`, rollPart+n)
			case "void_roll":
				body = fmt.Sprintf(`{"from":"%d","reason":"Thử"}`, 2*rollPart+n)
			case "create_follow":
				body = fmt.Sprintf(`{"target":"producer","targetId":%q,"channel":"email","address":"a@example.vn"}`, orgA)
			case "end_follow":
				path = strings.Replace(path, "{id}", "none", 1)
			case "list_events":
				path += "?batch=" + released.Code
			case "create_link":
				body = fmt.Sprintf(`{"organisation":%q,"linkType":"faqs","href":"%s%d","titles":[{"language":"vi","title":"Hỏi"}]}`, orgA, outside, n)
			case "hold_batch", "void_batch", "release_batch", "close_recall", "take_down_link", "reinstate_link",
				"void_transformation", "void_shipment", "open_logistic_unit":
				body = `{"reason":"Thử"}`
				if o.id == "void_batch" {
					path = strings.Replace(path, released.Code, draft.Code, 1)
				}
			case "verify_certificate", "reject_certificate", "suspend_certificate", "reinstate_certificate", "revoke_certificate", "supersede_certificate":
				body = `{"reason":"Thử","method":"original_seen"}`
			}
			a := w.api(who, o.method, path, body, headers...)
			may := slices.Contains(strings.Fields(allowed), who)
			switch {
			case who == "nobody" && !may && a.Status == 401:
			case who != "nobody" && !may && a.Status == 403:
			case may && (a.Status == o.success || a.Status == 409): // a lot or certificate is in one state at a time
			default:
				t.Errorf("%s as %s: got %d, and may is %v\n%.500q", o.id, who, a.Status, may, a.Body)
			}
			if who == "buyer" && bytes.Contains(a.Body, []byte("Khoá ")) {
				t.Errorf("%s tells a buyer who did something: %s", o.id, a.Body)
			}
		}
	}
}

// draftOf is a record as the admin sees it: sent back, it changes nothing.
func (w *world) draftOf(path string) string {
	w.t.Helper()
	var all map[string]json.RawMessage
	w.must(json.Unmarshal(w.api("admin", "GET", path, nil).want(200).Body, &all))
	for name := range all {
		if slices.Contains([]string{"createdAt", "updatedAt", "links", "steps"}, name) {
			delete(all, name) // others see them differently
		}
	}
	b, err := json.Marshal(all)
	w.must(err)
	return string(b)
}

// upload is a multipart form with a file.
func upload(t testing.TB, values map[string]string, name string, data []byte) (body []byte, contentType string) {
	t.Helper()
	var b bytes.Buffer
	m := multipart.NewWriter(&b)
	for k, v := range values {
		if err := m.WriteField(k, v); err != nil {
			t.Fatal(err)
		}
	}
	if name != "" {
		f, err := m.CreateFormFile("file", name)
		if err == nil {
			_, err = f.Write(data)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := m.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes(), m.FormDataContentType()
}

func TestDocuments(t *testing.T) {
	w := newWorld(t)
	data := photo(t, 1000, 500)
	send := func(who string, values map[string]string, name string, data []byte, headers ...string) answer {
		t.Helper()
		form, kind := upload(t, values, name, data)
		return w.api(who, "POST", apiBase+"/documents", form, append([]string{"Content-Type", kind}, headers...)...)
	}
	a := send("staff", nil, "ảnh lô.jpg", data, "Idempotency-Key", "d1").want(201)
	id := a.member("/id")
	if got, want := a.Header.Get("Location"), base+apiBase+"/documents/"+id; got != want {
		t.Errorf("Location %q, want %q", got, want)
	}
	for pointer, want := range map[string]string{
		"/name": "ảnh lô.jpg", "/mediaType": "image/jpeg", "/visibility": "private", "/organisation": orgA, "/width": "1000",
		"/links/content": base + apiBase + "/documents/" + id + "/content", "/links/page": "",
	} {
		if got := a.member(pointer); got != want {
			t.Errorf("%s is %q, want %q", pointer, got, want)
		}
	}
	again := send("staff", nil, "ảnh lô.jpg", data, "Idempotency-Key", "d1").want(201)
	if diff := cmp.Diff(string(a.Body), string(again.Body)); diff != "" || again.Header.Get(headerReplayed) != "true" {
		t.Errorf("sent again: %s", diff)
	}
	send("staff", nil, "ảnh lô.jpg", photo(t, 10, 10), "Idempotency-Key", "d1").want(409)

	content := w.api("staff", "GET", apiBase+"/documents/"+id+"/content", nil).want(200)
	if content.Header.Get("Content-Type") != "image/jpeg" || len(content.Body) == 0 {
		t.Errorf("content: %v, %d bytes", content.Header, len(content.Body))
	}
	small := w.api("staff", "GET", apiBase+"/documents/"+id+"/content?width=300", nil).want(200)
	if len(small.Body) >= len(content.Body) {
		t.Errorf("the small copy has %d bytes, the photo %d", len(small.Body), len(content.Body))
	}
	w.api("staff", "GET", apiBase+"/documents/"+id+"/content?width=wide", nil).want(400)
	w.api("staffB", "GET", apiBase+"/documents/"+id+"/content", nil).want(403)
	w.api("buyer", "GET", apiBase+"/documents/"+id, nil).want(403)

	public := send("staff", map[string]string{"visibility": "public"}, "giấy.jpg", photo(t, 30, 30)).want(201)
	if public.member("/links/page") != base+"/d/"+public.member("/id") {
		t.Errorf("page %q", public.member("/links/page"))
	}
	w.api("buyer", "GET", apiBase+"/documents/"+public.member("/id"), nil).want(200)

	if got := pointers(send("staff", map[string]string{"visibility": "all", "colour": "red"}, "", nil).want(422)); !slices.Equal(got, []string{"/colour unknown_member", "/file missing", "/visibility not_offered"}) {
		t.Errorf("faults %v", got)
	}
	send("staff", nil, "bảng.xlsx", []byte("PK\x03\x04 a workbook")).want(415)
	send("staff", nil, "lớn.pdf", append([]byte("%PDF-1.7\n"), make([]byte, 20<<20)...)).want(413)
	w.api("staff", "POST", apiBase+"/documents", `{}`).want(415)
	list := w.api("official", "GET", apiBase+"/documents?organisation="+orgA, nil).want(200)
	if list.member("/items/1/id") != id || list.member("/items/2") != "" {
		t.Errorf("list: %s", list.Body)
	}
}

// pointers are the faults of an answer, in alphabetical order.
func pointers(a answer) (out []string) {
	a.t.Helper()
	var p problemDocument
	if err := json.Unmarshal(a.Body, &p); err != nil {
		a.t.Fatal(err)
	}
	for _, f := range p.Errors {
		if f.Detail == "" || strings.HasPrefix(f.Detail, "fault.") {
			a.t.Errorf("%s %s has no words", f.Pointer, f.Code)
		}
		out = append(out, f.Pointer+" "+f.Code)
	}
	slices.Sort(out)
	return out
}

func TestLabels(t *testing.T) {
	w := newWorld(t)
	b := w.addReleased(orgA, "L-1")
	path := apiBase + "/batches/" + b.Code
	a := w.api("staff", "GET", path+"/label.png?width=50&dpi=300", nil, "Accept-Language", "vi").want(200)
	if got := a.Header.Get("Content-Type"); got != "image/png" {
		t.Errorf("type %q", got)
	}
	m, err := png.Decode(bytes.NewReader(a.Body))
	w.must(err)
	if got, want := m.Bounds().Dx(), 591; got != want { // 50 mm at 300 dpi
		t.Errorf("%d dots wide, want %d", got, want)
	}
	svg := w.api("staff", "GET", path+"/label.svg", nil, "Accept-Language", "en").want(200)
	for _, want := range []string{"Cà phê nhân xô", "Lot L-1", trace.SpellCode(b.Code), "Harvested: ", "Use by: "} {
		if !bytes.Contains(svg.Body, []byte(want)) {
			t.Errorf("the drawing lacks %q", want)
		}
	}
	w.api("staff", "GET", path+"/label.gif", nil).want(404)
	w.api("staff", "GET", path+"/label.png?width=wide", nil).want(400)
	w.api("staff", "GET", path+"/label.png?width=5", nil).want(422)
	w.api("staff", "GET", path+"/label.png?width=-1", nil).want(422)
	w.api("staff", "GET", path+"/label.png?width=NaN", nil).want(422)
	w.api("staff", "GET", path+"/label.png?dpi=5", nil).want(422)
}

func TestLists(t *testing.T) {
	w := newWorld(t)
	var want []string
	for i := range 5 {
		w.pass(time.Second)
		b := w.addLot(orgA, fmt.Sprintf("L%d", i))
		want = append([]string{b.Code}, want...)
	}
	w.addReleased(orgB, "X")
	var got []string
	path := "/batches?limit=2"
	for path != "" {
		a := w.api("staff", "GET", apiBase+path, nil).want(200)
		var p listPage[batchView]
		w.must(json.Unmarshal(a.Body, &p))
		if len(p.Items) > 2 {
			t.Errorf("%d records on a page of 2", len(p.Items))
		}
		for _, b := range p.Items {
			got = append(got, b.Code)
		}
		path = ""
		if p.Next != "" {
			path = "/batches?limit=2&cursor=" + p.Next
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("pages (-want +got):\n%s", diff)
	}
	for path, want := range map[string]int{
		"/batches": 6, "/batches?state=released": 1, "/batches?organisation=" + orgA: 5, "/batches?state=held": 0,
		"/batches?organisation=" + orgB + "&state=released": 1, "/products?organisation=" + orgA: 5, "/places": 6, "/organisations": 2,
	} {
		var p listPage[json.RawMessage]
		w.must(json.Unmarshal(w.api("admin", "GET", apiBase+path, nil).want(200).Body, &p))
		if len(p.Items) != want {
			t.Errorf("%s answers %d records, want %d", path, len(p.Items), want)
		}
	}
}

func TestAPILimit(t *testing.T) {
	w := newWorld(t)
	now := time.Now()
	for range apiLimit {
		if wait := w.calls.take(w.actors["staff"].ID, now); wait != 0 {
			t.Fatal("limited too early")
		}
	}
	a := w.api("staff", "GET", apiBase+"/organisations", nil).want(429)
	if s := a.Header.Get("Retry-After"); s == "" || s == "0" {
		t.Errorf("Retry-After %q", s)
	}
	w.api("manager", "GET", apiBase+"/organisations", nil).want(200)
	if wait := w.calls.take(w.actors["staff"].ID, now.Add(apiPeriod)); wait != 0 {
		t.Errorf("still limited in the next period, for %s", wait)
	}
}

func TestUnavailable(t *testing.T) {
	db, err := sqlite.Open(t.Context(), ":memory:")
	if err != nil {
		t.Fatal(err)
	}
	w := worldOver(t, db)
	w.must(db.Close())
	a := w.api("staff", "GET", apiBase+"/organisations", nil)
	if a.Status != 503 || a.Header.Get("Content-Type") != "application/problem+json" || a.Header.Get("Retry-After") == "" {
		t.Errorf("without a database: %d %s", a.Status, a.Body)
	}
}

// A body is bound to a draft without loss: what a draft says of itself is the draft.
func TestBindReadsWhatDraftsSay(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		text := rapid.StringMatching(`[ -~À-ỹ]{0,12}`)
		want := trace.BatchDraft{
			Organisation: text.Draw(r, "organisation"), Product: text.Draw(r, "product"), Lot: text.Draw(r, "lot"),
			Places: rapid.SliceOfN(text, 1, 3).Draw(r, "places"), HarvestDate: text.Draw(r, "date"),
			Quantity: trace.QuantityDraft{Value: trace.Decimal(rapid.StringMatching(`[1-9][0-9]{0,5}(\.[0-9]{0,2}[1-9])?`).Draw(r, "value")), UOM: text.Draw(r, "uom")},
		}
		body, err := json.Marshal(want)
		if err != nil {
			r.Fatal(err)
		}
		n, err := parseJSON(body)
		if err != nil {
			r.Fatal(err)
		}
		var p fault.Problem
		var got trace.BatchDraft
		bind(&p, "", n, reflect.ValueOf(&got).Elem())
		if len(p.Fields) > 0 {
			r.Fatalf("faults %v in %s", p.Fields, body)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			r.Fatal(diff)
		}
	})
}

func TestBindGoesIntoWhatIsThere(t *testing.T) {
	n, err := parseJSON([]byte(`{"test":{"sampledAt":"2026-11-01","analytes":[{"analyte":"Cd","verdict":"conforms"}]},"subjects":[{"yield":{"value":"5"}}],"number":null}`))
	if err != nil {
		t.Fatal(err)
	}
	var p fault.Problem
	got := trace.CertificateDraft{Number: "1", Agency: "TT", Test: &trace.TestDraft{Accreditation: "VILAS 1"}}
	bind(&p, "", n, reflect.ValueOf(&got).Elem())
	want := trace.CertificateDraft{
		Agency:   "TT",
		Subjects: []trace.SubjectDraft{{Yield: trace.QuantityDraft{Value: "5"}}},
		Test: &trace.TestDraft{
			SampledAt: "2026-11-01", Accreditation: "VILAS 1", Analytes: []trace.Analyte{{Name: "Cd", Verdict: trace.Conforms}},
		},
	}
	if diff := cmp.Diff(want, got); diff != "" || len(p.Fields) > 0 {
		t.Errorf("%v %s", p.Fields, diff)
	}
}

func TestMergePatch(t *testing.T) {
	for _, c := range []struct{ old, patch, want string }{ // RFC 7396, appendix A, as far as it concerns objects
		{`{"a":"b"}`, `{"a":"c"}`, `{"a":"c"}`},
		{`{"a":"b"}`, `{"b":"c"}`, `{"a":"b","b":"c"}`},
		{`{"a":"b"}`, `{"a":null}`, `{}`},
		{`{"a":"b","b":"c"}`, `{"a":null}`, `{"b":"c"}`},
		{`{"a":["b"]}`, `{"a":"c"}`, `{"a":"c"}`},
		{`{"a":"c"}`, `{"a":["b"]}`, `{"a":["b"]}`},
		{`{"a":{"b":"c"}}`, `{"a":{"b":"d","c":null}}`, `{"a":{"b":"d"}}`},
		{`{"a":[{"b":"c"}]}`, `{"a":[1]}`, `{"a":[1]}`},
	} {
		n, err := parseJSON([]byte(c.patch))
		if err != nil {
			t.Fatal(err)
		}
		if got := string(mergeJSON(json.RawMessage(c.old), n)); got != c.want {
			t.Errorf("%s with %s: got %s, want %s", c.old, c.patch, got, c.want)
		}
	}
}

func FuzzParseJSON(f *testing.F) {
	for _, s := range []string{`{}`, `{"a":[1,2.5e3,"x",true,null,{"b":{}}]}`, `{"a":1,"a":2}`, `[`, `{"a"`, "\xff", `{"\ud800":1}`, ` { "é" : -0 } `, strings.Repeat(`{"a":`, 40)} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		n, err := parseJSON(body)
		if err != nil {
			if code := statusOf(err); code != 400 && code != 413 {
				t.Errorf("%q: %d %v", body, code, err)
			}
			return
		}
		if !json.Valid(body) {
			t.Errorf("%q was taken for JSON", body)
		}
		var p fault.Problem
		var d trace.PlaceDraft
		bind(&p, "", n, reflect.ValueOf(&d).Elem())
		if !sameJSON(n, n) {
			t.Errorf("%q differs from itself", body)
		}
	})
}

func TestBodiesHaveLimits(t *testing.T) {
	for _, c := range []struct {
		name, body string
		want       error
	}{
		{"deep", strings.Repeat(`{"a":`, maxDepth+1) + "1" + strings.Repeat("}", maxDepth+1), fault.Malformed},
		{"many members", "{" + manyMembers(1001) + "}", fault.TooLarge},
		{"not UTF-8", "{\"a\":\"\xff\"}", fault.Malformed},
		{"empty", "", fault.Malformed},
	} {
		if _, err := parseJSON([]byte(c.body)); !errors.Is(err, c.want) {
			t.Errorf("%s: got %v, want %v", c.name, err, c.want)
		}
	}
	w := newWorld(t)
	w.api("staff", "POST", apiBase+"/places", `{"name":"`+strings.Repeat("x", maxJSON)+`"}`).want(413)
	n := len(pointers(w.api("staff", "POST", apiBase+"/places", "{"+manyMembers(900)+"}").want(422)))
	if n < maxFaults || n > maxFaults+20 {
		t.Errorf("%d faults are told", n)
	}
}

func manyMembers(n int) string {
	var all []string
	for i := range n {
		all = append(all, fmt.Sprintf(`"m%d":1`, i))
	}
	return strings.Join(all, ",")
}

func TestSameRequestAtOnce(t *testing.T) {
	w := newWorld(t)
	other := w.server(w.Ledger.DB) // another machine
	pl, pr := w.addPlot(orgA), w.addProduct(orgA)
	body := fmt.Sprintf(`{"product":%q,"lot":"L1","places":[%q],"harvestDate":"2026-11-20","quantity":{"value":1}}`, pr.ID, pl.ID)
	var wg sync.WaitGroup
	got := make([]answer, 12)
	for i := range got {
		wg.Go(func() {
			s := w.Server
			if i%2 == 1 {
				s = other
			}
			got[i] = w.send(s, w.apiRequest("staff", "POST", apiBase+"/batches", body, headerIdempotencyKey, "same"))
		})
	}
	wg.Wait()
	for _, a := range got {
		if a.want(http.StatusCreated); !bytes.Equal(a.Body, got[0].Body) || a.Header.Get("Location") != got[0].Header.Get("Location") {
			t.Errorf("answers differ:\n%s\n%s", got[0].Body, a.Body)
		}
	}
	var p listPage[batchView]
	w.must(json.Unmarshal(w.api("staff", "GET", apiBase+"/batches", nil).want(200).Body, &p))
	if len(p.Items) != 1 {
		t.Errorf("%d lots", len(p.Items))
	}
}
