package trace_test

import (
	"bytes"
	"image"
	"image/color"
	"image/jpeg"
	"testing"
	"time"

	"truynguon/configs"
	"truynguon/internal/blob/dir"
	"truynguon/internal/store"
	"truynguon/internal/store/sqlite"
	"truynguon/internal/trace"
)

// world is a small district: two cooperatives in two communes of one province, and people of every
// role.
type world struct {
	*trace.Ledger
	now time.Time

	admin, official, elsewhere, manager, staff, neighbour, buyer, nobody trace.Actor

	plot, packhouse, foreignPlot string
	coffee, honey, foreign       string
	// cycle is the crop cycle of coffee on plot, whose diary is kept and has no spraying.
	cycle string
}

// newWorld opens an empty database in memory and settles the district in it.
func newWorld(t testing.TB) *world {
	t.Helper()
	db, err := sqlite.Open(t.Context(), ":memory:")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	return settle(t, db)
}

// settle makes the district in a database.
func settle(t testing.TB, db store.DB) *world {
	t.Helper()
	blobs, err := dir.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	schemes, err := trace.ParseSchemes(configs.Schemes)
	if err != nil {
		t.Fatal(err)
	}
	crops, err := trace.ParseCrops(configs.Crops)
	if err != nil {
		t.Fatal(err)
	}
	plan, err := trace.ParsePlan(configs.Plan)
	if err != nil {
		t.Fatal(err)
	}
	zone, err := time.LoadLocation("Asia/Ho_Chi_Minh")
	if err != nil {
		t.Fatal(err)
	}
	w := &world{now: time.Date(2026, 11, 24, 9, 30, 0, 0, zone)}
	w.Ledger = &trace.Ledger{
		DB: db, Blobs: blobs, Base: "https://id.example.vn", Zone: zone, Schemes: schemes, Crops: crops, Plan: plan,
		Now: func() time.Time { return w.now },
	}
	w.admin = trace.Actor{ID: "u-admin", Name: "Quản trị", Role: trace.Admin}
	w.official = trace.Actor{ID: "u-official", Name: "Cán bộ xã", Role: trace.Official, Unit: "x1"}
	w.elsewhere = trace.Actor{ID: "u-elsewhere", Name: "Cán bộ xã khác", Role: trace.Official, Unit: "x2"}
	w.manager = trace.Actor{ID: "u-manager", Name: "Giám đốc", Role: trace.Manager, Org: "htx-a"}
	w.staff = trace.Actor{ID: "u-staff", Name: "Nhân viên", Role: trace.Staff, Org: "htx-a"}
	w.neighbour = trace.Actor{ID: "u-neighbour", Name: "Hàng xóm", Role: trace.Manager, Org: "tht-b"}
	w.buyer = trace.Actor{ID: "u-buyer", Name: "Siêu thị", Role: trace.Buyer}

	ctx := t.Context()
	for _, u := range []trace.Unit{
		{Code: "t1", Level: "tinh", Name: "Tỉnh Mẫu"},
		{Code: "x1", Level: "xa", Name: "Xã Một", Parent: "t1"},
		{Code: "x2", Level: "xa", Name: "Xã Hai", Parent: "t1"},
	} {
		must0(t, w.AddUnit(ctx, w.admin, u))
	}
	must(w.RegisterOrganisation(ctx, w.admin, trace.OrganisationDraft{
		ID: "htx-a", LegalType: "HTX", Name: "HTX A", TaxCode: "0100000001", Address: "Thôn 1, xã Một", AdminUnit: "x1",
		GS1CompanyPrefix: "9524001",
	}))
	must(w.RegisterOrganisation(ctx, w.admin, trace.OrganisationDraft{
		ID: "tht-b", LegalType: "THT", Name: "Tổ hợp tác B", Address: "Thôn 2, xã Hai", AdminUnit: "x2", Representative: "Bà B",
	}))
	w.plot = must(w.RegisterPlace(ctx, w.staff, trace.PlaceDraft{
		Type: "plot", Name: "Rẫy ông Nguyễn Văn Kín", Address: "Thôn 1", AdminUnit: "x1", GrowingAreaCode: "VN-01-01", AreaHa: "1.5",
	})).Doc.ID
	w.packhouse = must(w.RegisterPlace(ctx, w.staff, trace.PlaceDraft{
		Type: "packhouse", Name: "Nhà đóng gói", Address: "Thôn 1", AdminUnit: "x1", GLN: "9524001000018", GLNExtension: "NH1",
	})).Doc.ID
	w.foreignPlot = must(w.RegisterPlace(ctx, w.neighbour, trace.PlaceDraft{
		Type: "plot", Name: "Vườn B", Address: "Thôn 2", AdminUnit: "x2",
	})).Doc.ID
	w.cycle = must(w.OpenCycle(ctx, w.staff, trace.CycleDraft{Token: "cycle", Place: w.plot, Crop: "coffee", PlantedAt: "2018-05-01"})).Doc.ID
	must(w.RecordDiary(ctx, w.staff, trace.DiaryDraft{Token: "entry", Place: w.plot, Activity: "fertilising", PerformedAt: "2024-01-15", TradeName: "Phân hữu cơ"}))
	photo := must(w.AddDocument(ctx, w.staff, "", "ca-phe.jpg", trace.Public, bytes.NewReader(picture(t)))).Doc.ID
	w.coffee = must(w.RegisterProduct(ctx, w.staff, trace.ProductDraft{
		Name: "Cà phê bột", Brand: "Mây", GTIN: "9524001000025", UOM: "KGM", NetContent: "500 g", ShelfLifeDays: "365",
		AppliedStandards: []string{"TCVN 5251:2015"}, Image: photo,
	})).Doc.ID
	w.honey = must(w.RegisterProduct(ctx, w.staff, trace.ProductDraft{Name: "Mật ong", UOM: "LTR"})).Doc.ID
	w.foreign = must(w.RegisterProduct(ctx, w.neighbour, trace.ProductDraft{Name: "Măng khô", UOM: "KGM"})).Doc.ID
	return w
}

// lot is the draft of a usual lot of coffee.
func (w *world) lot(number string) trace.BatchDraft {
	return trace.BatchDraft{
		Product: w.coffee, Lot: number, Places: []string{w.plot, w.packhouse},
		HarvestDate: "2026-11-01", PackagingDate: "2026-11-10", ExpirationDate: "2027-11-10",
		Quantity: trace.QuantityDraft{Value: "120.5"},
	}
}

// registered is a lot of coffee, released if released is true.
func (w *world) registered(t testing.TB, number string, released bool) trace.Stored[trace.Batch] {
	t.Helper()
	b := must(w.RegisterBatch(t.Context(), w.staff, w.lot(number)))
	if released {
		b = must(w.ReleaseBatch(t.Context(), w.staff, b.Doc.Code, ""))
	}
	return b
}

// certified files a certificate of htx-a and has it verified.
func (w *world) certified(t testing.TB, scheme, start, end string, subjects ...trace.SubjectDraft) trace.Stored[trace.Certificate] {
	t.Helper()
	ctx := t.Context()
	c := must(w.FileCertificate(ctx, w.staff, trace.CertificateDraft{
		Scheme: scheme, Number: "12/2026/MAU", Agency: "Sở mẫu", StartDate: start, EndDate: end, Subjects: subjects,
	}))
	must(w.DecideCertificate(ctx, w.staff, c.Doc.ID, "submit", trace.DecisionDraft{}))
	return must(w.DecideCertificate(ctx, w.official, c.Doc.ID, "verify", trace.DecisionDraft{Method: "original_seen"}))
}

// must passes the value of a verb on, and panics for an error: the test ends with the call's trail.
func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

func must0(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// picture is a small JPEG.
func picture(t testing.TB) []byte {
	t.Helper()
	m := image.NewRGBA(image.Rect(0, 0, 64, 48))
	for x := range 64 {
		for y := range 48 {
			m.Set(x, y, color.RGBA{uint8(x / 3), uint8(y / 2), 90, 255})
		}
	}
	var b bytes.Buffer
	must0(t, jpeg.Encode(&b, m, nil))
	return b.Bytes()
}
