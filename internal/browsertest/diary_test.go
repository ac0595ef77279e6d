package browsertest

import (
	"testing"

	"truynguon/internal/trace"
)

// TestUsualSpraying has a keeper write down a spraying in full once; the next one like it takes three touches:
// the plot, the spraying like last time, and save.
func TestUsualSpraying(t *testing.T) {
	s := open(t)
	ctx := t.Context()
	lot := s.lot(t, "MN-BOT-03")
	plot, err := s.ledger.RegisterPlace(ctx, trace.System, trace.PlaceDraft{
		Organisation: lot.Organisation, Type: "plot", Name: "Rẫy mẫu thử nhật ký", Address: "Thôn mẫu", AdminUnit: "99002",
	})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.ledger.OpenCycle(ctx, trace.System, trace.CycleDraft{Place: plot.Doc.ID, Crop: "coffee", PlantedAt: "2020-06-01"}); err != nil {
		t.Fatal(err)
	}
	written := 0
	for _, v := range []view{phone, phone.withoutScript()} {
		tb := s.tab(t, v)
		tb.logIn(keeper)
		here := "/work/diary/" + plot.Doc.ID
		tb.open(here + "/new?activity=spraying")
		tb.fill("tradeName", "Thuốc mẫu A")
		tb.fill("ingredient", "Hoạt chất mẫu")
		tb.fill("phiDays", "7")
		if status := tb.press("Lưu"); status != 200 {
			t.Fatalf("the first spraying answers %d:\n%s", status, tb.text())
		}
		tb.says("Thuốc mẫu A")
		tb.audit("a plot's diary")

		tb.open("/work/diary")
		before := tb.touches
		tb.press("Rẫy mẫu thử nhật ký")
		tb.press("Phun như lần trước")
		tb.audit("a spraying like the last one")
		if status := tb.press("Lưu"); status != 200 {
			t.Fatalf("the second spraying answers %d:\n%s", status, tb.text())
		}
		if n := tb.touches - before; n > 3 {
			t.Errorf("a usual spraying takes %d touches, want three", n)
		}
		written += 2
		entries, _, err := s.ledger.Diary(ctx, trace.System, trace.DiaryFilter{Place: plot.Doc.ID}, "", 10)
		if err != nil || len(entries) != written || entries[0].Doc.TradeName != "Thuốc mẫu A" || entries[0].Doc.PHIDays == nil || *entries[0].Doc.PHIDays != 7 {
			t.Errorf("the diary holds %+v, %v", entries, err)
		}
	}
}
