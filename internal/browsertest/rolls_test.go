package browsertest

import (
	"testing"

	"truynguon/internal/trace"
)

// TestClaimRoll has a keeper with a phone assign labels of a pre-printed roll to a lot: what was typed stays
// when it was wrong, and the label's page shows the lot afterwards, and not before.
func TestClaimRoll(t *testing.T) {
	s := open(t)
	ctx := t.Context()
	lot := s.lot(t, "MN-BOT-03")
	r, err := s.ledger.OrderRoll(ctx, trace.System, trace.RollDraft{Organisation: lot.Organisation, Name: "Tem 30×20 màu xanh", Count: 50})
	if err != nil {
		t.Fatal(err)
	}
	_, code, err := s.ledger.PrintRoll(ctx, trace.System, trace.RollPrintDraft{Roll: r.Doc.ID, From: 1, To: 50, Stock: "a4-65", Format: "pdf"})
	if err != nil {
		t.Fatal(err)
	}
	buyer := s.tab(t, phone)
	if status := buyer.open("/l/" + code(7)); status != 404 {
		t.Errorf("a label that belongs to no lot answers %d", status)
	}
	buyer.says("Tem chưa gắn với lô hàng nào", trace.SpellCode(code(7)))

	tb := s.tab(t, phone)
	tb.logIn(keeper)
	tb.open("/work/batches/" + lot.Code)
	if status := tb.press("Gắn tem cuộn vào lô này"); status != 200 {
		t.Fatalf("the form answers %d", status)
	}
	if wide := eval[int](tb, "document.scrollingElement.scrollWidth"); wide > 360 {
		t.Errorf("the form is %d px wide", wide)
	}
	tb.fill("from", trace.SpellCode(code(5)))
	tb.fill("to", "ABCD")
	if status := tb.press("Gắn vào lô"); status != 422 {
		t.Errorf("a wrong code answers %d", status)
	}
	tb.says("ABCD không phải mã tem của cuộn nào")
	if tb.value("from") != trace.SpellCode(code(5)) {
		t.Errorf("the first code has become %q", tb.value("from"))
	}
	tb.fill("to", s.ledger.RollURL(code(12))) // as a scanner types it
	if status := tb.press("Gắn vào lô"); status != 200 {
		t.Errorf("the claim answers %d", status)
	}
	tb.says("Đã gắn tem vào lô", "Tem 5 đến 12", "8 tem cuộn đã gắn")

	if status := buyer.open("/l/" + code(7)); status != 200 {
		t.Errorf("the label answers %d", status)
	}
	buyer.says("Tem này đã được gắn vào lô", "MN-BOT-03")
}
