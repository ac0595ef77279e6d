package trace_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"truynguon/internal/fault"
	"truynguon/internal/trace"
)

// whoMay is a row of TestWhoMay.
type whoMay struct {
	verb string
	want string
	do   func(t *testing.T, w *world, by trace.Actor) error
}

// TestWhoMay walks every verb as every actor. A plus is done, a minus is denied, a question mark is a
// visitor who is asked to sign in, and a dot is somebody to whom the thing is as if it were not there.
func TestWhoMay(t *testing.T) {
	//                     admin official elsewhere manager staff neighbour buyer nobody
	walkRoles(t, append([]whoMay{
		{"add a unit", "+------?", func(t *testing.T, w *world, by trace.Actor) error {
			return w.AddUnit(t.Context(), by, trace.Unit{Code: "x3", Level: "xa", Name: "Xã Ba", Parent: "t1"})
		}},
		{"register an organisation in x1", "++-----?", func(t *testing.T, w *world, by trace.Actor) error {
			_, err := w.RegisterOrganisation(t.Context(), by, trace.OrganisationDraft{
				ID: "htx-c", LegalType: "HTX", Name: "HTX C", Address: "Thôn 3", AdminUnit: "x1"})
			return err
		}},
		{"change the legal facts of htx-a", "++-----?", func(t *testing.T, w *world, by trace.Actor) error {
			o := must(w.Organisation(t.Context(), "htx-a"))
			d := o.Doc.Draft()
			d.Name = "HTX A mới"
			_, err := w.UpdateOrganisation(t.Context(), by, "htx-a", o.Rev, d)
			return err
		}},
		{"change the address of htx-a", "++-+---?", func(t *testing.T, w *world, by trace.Actor) error {
			o := must(w.Organisation(t.Context(), "htx-a"))
			d := o.Doc.Draft()
			d.Address = "Thôn 9"
			_, err := w.UpdateOrganisation(t.Context(), by, "htx-a", o.Rev, d)
			return err
		}},
		{"register a place of htx-a", "+--++--?", func(t *testing.T, w *world, by trace.Actor) error {
			_, err := w.RegisterPlace(t.Context(), by, trace.PlaceDraft{Organisation: "htx-a", Type: "plot", Name: "R", Address: "T", AdminUnit: "x1"})
			return err
		}},
		{"read a place of htx-a", "++-++--?", func(t *testing.T, w *world, by trace.Actor) error {
			_, err := w.Place(t.Context(), by, w.plot)
			return err
		}},
		{"change a place of htx-a", "+--++--?", func(t *testing.T, w *world, by trace.Actor) error {
			pl := must(w.Place(t.Context(), w.admin, w.plot))
			_, err := w.UpdatePlace(t.Context(), by, w.plot, pl.Rev, pl.Doc.Draft())
			return err
		}},
		{"register a product of htx-a", "+--++--?", func(t *testing.T, w *world, by trace.Actor) error {
			_, err := w.RegisterProduct(t.Context(), by, trace.ProductDraft{Organisation: "htx-a", Name: "P", UOM: "KGM"})
			return err
		}},
		{"change a product of htx-a", "+--++--?", func(t *testing.T, w *world, by trace.Actor) error {
			pr := must(w.Product(t.Context(), w.coffee))
			_, err := w.UpdateProduct(t.Context(), by, w.coffee, pr.Rev, pr.Doc.Draft())
			return err
		}},
		{"list the products of htx-a", "++-++--?", func(t *testing.T, w *world, by trace.Actor) error {
			_, _, err := w.Products(t.Context(), by, "htx-a", "", 10)
			return err
		}},
		{"add a document of htx-a", "+--++--?", func(t *testing.T, w *world, by trace.Actor) error {
			_, err := w.AddDocument(t.Context(), by, "htx-a", "a.jpg", trace.Private, strings.NewReader(string(picture(t))))
			return err
		}},
		{"read a private document of htx-a", "++-++--?", func(t *testing.T, w *world, by trace.Actor) error {
			// The photo of the world is public, so this one is kept apart by its name's organisation.
			d := must(w.AddDocument(t.Context(), w.neighbour, "", "a.jpg", trace.Private, strings.NewReader(string(picture(t)))))
			as := by
			switch by.ID { // seen from the other side: the neighbour's document
			case w.manager.ID, w.staff.ID:
				as = trace.Actor{ID: by.ID, Role: by.Role, Org: "tht-b"}
			case w.neighbour.ID:
				as = trace.Actor{ID: by.ID, Role: by.Role, Org: "htx-a"}
			case w.official.ID:
				as.Unit = "x2"
			case w.elsewhere.ID:
				as.Unit = "x1"
			}
			_, err := w.Document(t.Context(), as, d.Doc.ID)
			return err
		}},
		{"read a public document of htx-a", "++++++++", func(t *testing.T, w *world, by trace.Actor) error {
			pr := must(w.Product(t.Context(), w.coffee))
			_, err := w.Document(t.Context(), by, pr.Doc.Image)
			return err
		}},
		{"register a lot of htx-a", "+--++--?", func(t *testing.T, w *world, by trace.Actor) error {
			d := w.lot("L")
			d.Organisation = "htx-a"
			_, err := w.RegisterBatch(t.Context(), by, d)
			return err
		}},
		{"read a draft of htx-a", "++-++--?", func(t *testing.T, w *world, by trace.Actor) error {
			_, err := w.Batch(t.Context(), by, w.registered(t, "L", false).Doc.Code)
			return err
		}},
		{"read a released lot of htx-a", "++-++-+?", func(t *testing.T, w *world, by trace.Actor) error {
			_, err := w.Batch(t.Context(), by, w.registered(t, "L", true).Doc.Code)
			return err
		}},
		{"correct a draft of htx-a", "+--++--?", func(t *testing.T, w *world, by trace.Actor) error {
			b := w.registered(t, "L", false)
			_, err := w.CorrectBatch(t.Context(), by, b.Doc.Code, b.Rev, b.Doc.Draft())
			return err
		}},
		{"release a draft of htx-a", "+--++--?", func(t *testing.T, w *world, by trace.Actor) error {
			_, err := w.ReleaseBatch(t.Context(), by, w.registered(t, "L", false).Doc.Code, "")
			return err
		}},
		{"hold a lot of htx-a", "++-++--?", func(t *testing.T, w *world, by trace.Actor) error {
			_, err := w.HoldBatch(t.Context(), by, w.registered(t, "L", true).Doc.Code, "vì")
			return err
		}},
		{"clear a hold by the organisation", "++-++--?", func(t *testing.T, w *world, by trace.Actor) error {
			b := must(w.HoldBatch(t.Context(), w.staff, w.registered(t, "L", true).Doc.Code, "vì"))
			_, err := w.ReleaseBatch(t.Context(), by, b.Doc.Code, "đã xem")
			return err
		}},
		{"clear a hold by an official", "++-----?", func(t *testing.T, w *world, by trace.Actor) error {
			b := must(w.HoldBatch(t.Context(), w.official, w.registered(t, "L", true).Doc.Code, "vì"))
			_, err := w.ReleaseBatch(t.Context(), by, b.Doc.Code, "đã xem")
			return err
		}},
		{"void a draft of htx-a", "++-++--?", func(t *testing.T, w *world, by trace.Actor) error {
			_, err := w.VoidBatch(t.Context(), by, w.registered(t, "L", false).Doc.Code, "vì")
			return err
		}},
		{"void a released lot of htx-a", "++-+---?", func(t *testing.T, w *world, by trace.Actor) error {
			_, err := w.VoidBatch(t.Context(), by, w.registered(t, "L", true).Doc.Code, "vì")
			return err
		}},
		{"attach a document to a lot of htx-a", "+--++--?", func(t *testing.T, w *world, by trace.Actor) error {
			pr := must(w.Product(t.Context(), w.coffee))
			_, err := w.AttachDocuments(t.Context(), by, w.registered(t, "L", true).Doc.Code, pr.Doc.Image)
			return err
		}},
		{"record an event of a lot of htx-a", "+--++--?", func(t *testing.T, w *world, by trace.Actor) error {
			_, err := w.RecordEvent(t.Context(), by, trace.EventDraft{Batch: w.registered(t, "L", true).Doc.Code, Step: "packing", Date: "2026-11-10"})
			return err
		}},
		{"file a certificate of htx-a", "+--++--?", func(t *testing.T, w *world, by trace.Actor) error {
			_, err := w.FileCertificate(t.Context(), by, trace.CertificateDraft{Organisation: "htx-a", Scheme: "attp", Number: "1", Agency: "S", StartDate: "2026-01-01"})
			return err
		}},
		{"verify a certificate of htx-a", "++-----?", func(t *testing.T, w *world, by trace.Actor) error {
			c := must(w.FileCertificate(t.Context(), w.staff, trace.CertificateDraft{Scheme: "attp", Number: "1", Agency: "S", StartDate: "2026-01-01"}))
			must(w.DecideCertificate(t.Context(), w.staff, c.Doc.ID, "submit", trace.DecisionDraft{}))
			_, err := w.DecideCertificate(t.Context(), by, c.Doc.ID, "verify", trace.DecisionDraft{Method: "original_seen"})
			return err
		}},
		{"read a certificate of htx-a that is a draft", "++-++--.", func(t *testing.T, w *world, by trace.Actor) error {
			c := must(w.FileCertificate(t.Context(), w.staff, trace.CertificateDraft{Scheme: "attp", Number: "1", Agency: "S", StartDate: "2026-01-01"}))
			_, err := w.Certificate(t.Context(), by, c.Doc.ID)
			return err
		}},
		{"correct a draft certificate of htx-a", "+--++--?", func(t *testing.T, w *world, by trace.Actor) error {
			c := must(w.FileCertificate(t.Context(), w.staff, numbered("1")))
			_, err := w.CorrectCertificate(t.Context(), by, c.Doc.ID, c.Rev, c.Doc.Draft())
			return err
		}},
		{"replace the documents of a certificate of htx-a", "+--++--?", func(t *testing.T, w *world, by trace.Actor) error {
			pr := must(w.Product(t.Context(), w.coffee))
			_, err := w.ReplaceDocuments(t.Context(), by, w.filed(t, numbered("1"), "original_seen").Doc.ID, 0, []string{pr.Doc.Image})
			return err
		}},
		{"suspend a certificate of htx-a", "++-----?", func(t *testing.T, w *world, by trace.Actor) error {
			_, err := w.DecideCertificate(t.Context(), by, w.filed(t, numbered("1"), "original_seen").Doc.ID, "suspend", trace.DecisionDraft{Reason: "vì"})
			return err
		}},
		{"supersede a certificate of htx-a", "++-----?", func(t *testing.T, w *world, by trace.Actor) error {
			next := w.filed(t, numbered("2"), "original_seen").Doc.ID
			_, err := w.DecideCertificate(t.Context(), by, w.filed(t, numbered("1"), "original_seen").Doc.ID, "supersede", trace.DecisionDraft{Reason: "vì", Successor: next})
			return err
		}},
		{"see a certificate's page", "++++++++", func(t *testing.T, w *world, by trace.Actor) error {
			_, err := w.CertificateView(t.Context(), by, w.filed(t, numbered("1"), "").Doc.ID)
			return err
		}},
		{"share a document of htx-a", "+--++--?", func(t *testing.T, w *world, by trace.Actor) error {
			pr := must(w.Product(t.Context(), w.coffee))
			_, err := w.ShareDocument(t.Context(), by, pr.Doc.Image, trace.Shared)
			return err
		}},
		{"read a shared document of htx-a", "++-++-+?", func(t *testing.T, w *world, by trace.Actor) error {
			pr := must(w.Product(t.Context(), w.coffee))
			must(w.ShareDocument(t.Context(), w.staff, pr.Doc.Image, trace.Shared))
			_, err := w.Document(t.Context(), by, pr.Doc.Image)
			return err
		}},
		{"read what matches nothing", "+++----?", func(t *testing.T, w *world, by trace.Actor) error {
			_, err := w.Unmatched(t.Context(), by, "", "", "", 10)
			return err
		}},
		{"look for numbers near to what matches nothing", "+++----?", func(t *testing.T, w *world, by trace.Actor) error {
			_, err := w.NearNumbers(t.Context(), by, []string{"12/2024"})
			return err
		}},
		{"list what expires at htx-a", "++-++--?", func(t *testing.T, w *world, by trace.Actor) error {
			_, _, err := w.Expiring(t.Context(), by, "htx-a", 90, "", 10)
			return err
		}},
		{"list what expires anywhere they oversee", "++++++-?", func(t *testing.T, w *world, by trace.Actor) error {
			_, _, err := w.Expiring(t.Context(), by, "", 90, "", 10)
			return err
		}},
		{"list what has expired at htx-a", "++-++--?", func(t *testing.T, w *world, by trace.Actor) error {
			_, _, err := w.Expired(t.Context(), by, "htx-a", 90, "", 10)
			return err
		}},
		{"list the lots that rest on a certificate of htx-a", "++-++--?", func(t *testing.T, w *world, by trace.Actor) error {
			_, _, err := w.AffectedLots(t.Context(), by, w.filed(t, numbered("1"), "original_seen").Doc.ID, "", 10)
			return err
		}},
		{"follow the producer htx-a", "+++++++?", func(t *testing.T, w *world, by trace.Actor) error {
			_, err := w.Follow(t.Context(), by, trace.FollowDraft{Target: "producer", TargetID: "htx-a", Channel: "email", Address: "a@example.vn"})
			return err
		}},
		{"end a buyer's following", "+-----+?", func(t *testing.T, w *world, by trace.Actor) error {
			f := must(w.Follow(t.Context(), w.buyer, trace.FollowDraft{Target: "producer", TargetID: "htx-a", Channel: "email", Address: "a@example.vn"}))
			return w.Unfollow(t.Context(), by, f.ID)
		}},
		{"list one's own followings", "+++++++?", func(t *testing.T, w *world, by trace.Actor) error {
			_, _, err := w.Follows(t.Context(), by, "", 10)
			return err
		}},
		{"read one's own notices", "+++++++?", func(t *testing.T, w *world, by trace.Actor) error {
			_, _, err := w.Notices(t.Context(), by, "", 10)
			return err
		}},
		{"count a product's lots anew", "+------?", func(t *testing.T, w *world, by trace.Actor) error {
			return w.RecountVolume(t.Context(), by, w.coffee)
		}},
		{"make certificates findable anew", "+------?", func(t *testing.T, w *world, by trace.Actor) error {
			return w.RefileLookups(t.Context(), by)
		}},
		{"recall a lot of htx-a of one's own accord", "++-+---?", func(t *testing.T, w *world, by trace.Actor) error {
			_, err := w.OpenRecall(t.Context(), by, trace.RecallDraft{Kind: "voluntary", Reason: "vì", Batches: []string{w.registered(t, "L", true).Doc.Code}})
			return err
		}},
		{"order a recall of a lot of htx-a", "++-----?", func(t *testing.T, w *world, by trace.Actor) error {
			_, err := w.OpenRecall(t.Context(), by, trace.RecallDraft{Kind: "mandatory", Reason: "vì", Batches: []string{w.registered(t, "L", true).Doc.Code}})
			return err
		}},
		{"record a print run of htx-a", "+--++--?", func(t *testing.T, w *world, by trace.Actor) error {
			_, err := w.RecordPrint(t.Context(), by, run(w.registered(t, "L", true).Doc.Code))
			return err
		}},
		{"list the print runs of htx-a", "++-++--?", func(t *testing.T, w *world, by trace.Actor) error {
			_, err := w.Prints(t.Context(), by, w.registered(t, "L", true).Doc.Code)
			return err
		}},
		{"read serials of htx-a", "+--++--?", func(t *testing.T, w *world, by trace.Actor) error {
			r := must(w.RecordPrint(t.Context(), w.staff, items(w.registered(t, "L", true).Doc.Code, "t", 2)))
			_, err := w.Serials(t.Context(), by, &r)
			return err
		}},
		{"void serials of htx-a", "++-++--?", func(t *testing.T, w *world, by trace.Actor) error {
			r := must(w.RecordPrint(t.Context(), w.staff, items(w.registered(t, "L", true).Doc.Code, "t", 2)))
			_, err := w.VoidSerials(t.Context(), by, trace.VoidDraft{Batch: r.Batch, From: must(w.Serials(t.Context(), w.staff, &r))(0), Reason: "vì"})
			return err
		}},
		{"add a link of htx-a", "+--++--?", func(t *testing.T, w *world, by trace.Actor) error {
			d := shop("")
			d.Organisation = "htx-a"
			_, err := w.AddLink(t.Context(), by, d)
			return err
		}},
		{"withdraw a link of htx-a", "+--++--?", func(t *testing.T, w *world, by trace.Actor) error {
			_, err := w.WithdrawLink(t.Context(), by, must(w.AddLink(t.Context(), w.staff, shop(""))).Doc.ID)
			return err
		}},
		{"take down a link of htx-a", "++-----?", func(t *testing.T, w *world, by trace.Actor) error {
			_, err := w.TakeDownLink(t.Context(), by, must(w.AddLink(t.Context(), w.staff, shop(""))).Doc.ID, "vì")
			return err
		}},
		{"reinstate a link of htx-a", "++-----?", func(t *testing.T, w *world, by trace.Actor) error {
			_, err := w.ReinstateLink(t.Context(), by, takenDown(t, w), "đã xem")
			return err
		}},
		{"read a link of htx-a", "++-++--?", func(t *testing.T, w *world, by trace.Actor) error {
			_, err := w.Link(t.Context(), by, takenDown(t, w))
			return err
		}},
		{"list the links of htx-a", "++-++--?", func(t *testing.T, w *world, by trace.Actor) error {
			_, _, err := w.Links(t.Context(), by, "htx-a", "", 10)
			return err
		}},
		{"change logo and number of htx-a", "++-+---?", func(t *testing.T, w *world, by trace.Actor) error {
			o := must(w.Organisation(t.Context(), "htx-a"))
			d := o.Doc.Draft()
			d.Logo, d.PartyGLN = must(w.Product(t.Context(), w.coffee)).Doc.Image, "9524001000018"
			_, err := w.UpdateOrganisation(t.Context(), by, "htx-a", o.Rev, d)
			return err
		}},
		{"remember what one prints", "+++++++?", func(t *testing.T, w *world, by trace.Actor) error {
			return w.KeepPrintChoice(t.Context(), by, func(c *trace.PrintChoice) { c.Form = nil })
		}},
		{"order a roll for htx-a", "++-++--?", func(t *testing.T, w *world, by trace.Actor) error {
			_, err := w.OrderRoll(t.Context(), by, trace.RollDraft{Organisation: "htx-a", Name: "x", Count: 5})
			return err
		}},
		{"order a roll for all of x1", "++-----?", func(t *testing.T, w *world, by trace.Actor) error {
			_, err := w.OrderRoll(t.Context(), by, trace.RollDraft{Unit: "x1", Name: "x", Count: 5})
			return err
		}},
		{"read a roll of htx-a", "++-++--?", func(t *testing.T, w *world, by trace.Actor) error {
			r, _ := w.rolled(t, 5)
			_, err := w.Roll(t.Context(), by, r.ID)
			return err
		}},
		{"list the rolls of htx-a", "++-++--?", func(t *testing.T, w *world, by trace.Actor) error {
			_, _, err := w.Rolls(t.Context(), by, "htx-a", "", 10)
			return err
		}},
		{"print a roll of htx-a", "++-++--?", func(t *testing.T, w *world, by trace.Actor) error {
			r, _ := w.rolled(t, 5)
			_, _, err := w.PrintRoll(t.Context(), by, trace.RollPrintDraft{Roll: r.ID, From: 1, To: 5, Stock: "a4-65", Format: "pdf"})
			return err
		}},
		{"claim labels for a lot of htx-a", "+--++--?", func(t *testing.T, w *world, by trace.Actor) error {
			_, code := w.rolled(t, 5)
			_, err := w.ClaimRoll(t.Context(), by, w.registered(t, "L", true).Doc.Code, trace.RollClaimDraft{From: code(1), To: code(5)})
			return err
		}},
		{"list the labels that a lot of htx-a claimed", "++-++--?", func(t *testing.T, w *world, by trace.Actor) error {
			_, err := w.RollClaims(t.Context(), by, w.registered(t, "L", true).Doc.Code)
			return err
		}},
		{"correct a claim of htx-a", "++-++--?", func(t *testing.T, w *world, by trace.Actor) error {
			_, code := w.claimed(t)
			_, err := w.FreeRoll(t.Context(), by, trace.RollRange{From: code(1), Reason: "vì"})
			return err
		}},
		{"void labels of a roll of htx-a", "++-++--?", func(t *testing.T, w *world, by trace.Actor) error {
			_, code := w.claimed(t)
			_, err := w.VoidRoll(t.Context(), by, trace.RollRange{From: code(1), To: code(5), Reason: "vì"})
			return err
		}},
		{"scan a label of a roll", "++++++++", func(t *testing.T, w *world, _ trace.Actor) error {
			_, code := w.claimed(t)
			_, err := w.RollLabel(t.Context(), code(1))
			return err
		}},
		{"open a crop cycle of htx-a", "+--++--?", func(t *testing.T, w *world, by trace.Actor) error {
			_, err := w.OpenCycle(t.Context(), by, trace.CycleDraft{Place: w.plot, Crop: "pepper"})
			return err
		}},
		{"correct a crop cycle of htx-a", "+--++--?", func(t *testing.T, w *world, by trace.Actor) error {
			_, err := w.UpdateCycle(t.Context(), by, w.cycle, 0, trace.CycleDraft{Variety: "TR4"})
			return err
		}},
		{"read a crop cycle of htx-a", "++-++--?", func(t *testing.T, w *world, by trace.Actor) error {
			_, err := w.Cycle(t.Context(), by, w.cycle)
			return err
		}},
		{"list the crop cycles of a plot of htx-a", "++-++--?", func(t *testing.T, w *world, by trace.Actor) error {
			_, _, err := w.Cycles(t.Context(), by, "", w.plot, "", 10)
			return err
		}},
		{"record an input lot of htx-a", "+--++--?", func(t *testing.T, w *world, by trace.Actor) error {
			d := bought("t")
			d.Organisation = "htx-a"
			_, err := w.RecordInput(t.Context(), by, d)
			return err
		}},
		{"list the input lots of htx-a", "++-++--?", func(t *testing.T, w *world, by trace.Actor) error {
			_, _, err := w.Inputs(t.Context(), by, "htx-a", "", "", 10)
			return err
		}},
		{"write in the diary of htx-a", "+--++--?", func(t *testing.T, w *world, by trace.Actor) error {
			_, err := w.RecordDiary(t.Context(), by, w.spraying("", "2026-10-01", "7"))
			return err
		}},
		{"correct the diary of htx-a", "+--++--?", func(t *testing.T, w *world, by trace.Actor) error {
			d := w.spraying("", "2026-10-02", "7")
			d.Reason = "vì"
			_, err := w.CorrectDiary(t.Context(), by, must(w.RecordDiary(t.Context(), w.staff, w.spraying("t", "2026-10-01", "7"))).Doc.ID, d)
			return err
		}},
		{"withdraw from the diary of htx-a", "+--++--?", func(t *testing.T, w *world, by trace.Actor) error {
			_, err := w.WithdrawDiary(t.Context(), by, must(w.RecordDiary(t.Context(), w.staff, w.spraying("t", "2026-10-01", "7"))).Doc.ID, "vì", "")
			return err
		}},
		{"read the diary of htx-a", "++-++--?", func(t *testing.T, w *world, by trace.Actor) error {
			_, _, err := w.Diary(t.Context(), by, trace.DiaryFilter{Place: w.plot}, "", 10)
			return err
		}},
		{"ask for the gate of a lot of htx-a", "++-++--?", func(t *testing.T, w *world, by trace.Actor) error {
			_, err := w.Gates(t.Context(), by, []string{w.registered(t, "L", false).Doc.Code})
			return err
		}},
		{"import a list of substances", "+++----?", func(t *testing.T, w *world, by trace.Actor) error {
			_, err := w.ImportSubstances(t.Context(), by, listed("", "2026-01-01"))
			return err
		}},
		{"release a lot of htx-a in spite of the gate", "++-----?", func(t *testing.T, w *world, by trace.Actor) error {
			_, err := w.OverrideGate(t.Context(), by, unsafeLot(t, w), "vì")
			return err
		}},
		{"see how often a lot of htx-a was scanned", "++-++--?", func(t *testing.T, w *world, by trace.Actor) error {
			_, err := w.Scans(t.Context(), by, w.registered(t, "L", true).Doc.Code, "", "")
			return err
		}},
		{"see how often lots of htx-a were scanned", "++-++--?", func(t *testing.T, w *world, by trace.Actor) error {
			_, err := w.OrganisationScans(t.Context(), by, "htx-a", "", "")
			return err
		}},
		{"see which lots of htx-a were scanned most", "++-++--?", func(t *testing.T, w *world, by trace.Actor) error {
			_, err := w.TopScans(t.Context(), by, "htx-a", "2026-11-01", 10)
			return err
		}},
		{"list alerts of htx-a", "++-++--?", func(t *testing.T, w *world, by trace.Actor) error {
			_, _, err := w.CopyAlerts(t.Context(), by, "htx-a", "", 10)
			return err
		}},
		{"note something of an alert of htx-a", "++-++--?", func(t *testing.T, w *world, by trace.Actor) error {
			_, err := w.NoteAlert(t.Context(), by, w.alerted(t), trace.AlertDraft{State: "seen", Note: "x"})
			return err
		}},
		{"close an alert of htx-a", "++-----?", func(t *testing.T, w *world, by trace.Actor) error {
			_, err := w.NoteAlert(t.Context(), by, w.alerted(t), trace.AlertDraft{State: "closed", Note: "x"})
			return err
		}},
		{"list dead stamps", "+++----?", func(t *testing.T, w *world, by trace.Actor) error {
			_, _, err := w.DeadStamps(t.Context(), by, "", "", 10)
			return err
		}},
		{"see how many dead stamps were left out", "+++----?", func(t *testing.T, w *world, by trace.Actor) error {
			_, err := w.DeadTotals(t.Context(), by)
			return err
		}},
		{"report a doubt", "++++++++", func(t *testing.T, w *world, by trace.Actor) error {
			_, err := w.ReportDoubt(t.Context(), by, trace.DoubtDraft{Code: w.registered(t, "L", true).Doc.Code, Text: "lạ"})
			return err
		}},
		{"answer a doubt about htx-a", "++-++--?", func(t *testing.T, w *world, by trace.Actor) error {
			d := must(w.ReportDoubt(t.Context(), trace.Actor{}, trace.DoubtDraft{Code: w.registered(t, "L", true).Doc.Code, Text: "lạ"}))
			_, err := w.AnswerDoubt(t.Context(), by, d.Doc.ID, "đã xem")
			return err
		}},
		{"record a growing-area code of htx-a", "++-++--?", func(t *testing.T, w *world, by trace.Actor) error {
			_, err := w.RegisterGrowingCode(t.Context(), by, grant(w.plot, "t"))
			return err
		}},
		{"suspend a growing-area code of htx-a", "++-++--?", func(t *testing.T, w *world, by trace.Actor) error {
			_, err := w.DecideGrowingCode(t.Context(), by, w.granted(t, w.staff).Doc.ID, codeMove("suspended", "2026-01-01"))
			return err
		}},
		{"list the growing-area codes of a place of htx-a", "++-++--?", func(t *testing.T, w *world, by trace.Actor) error {
			_, err := w.PlaceCodes(t.Context(), by, w.plot)
			return err
		}},
		{"list the growing-area codes of htx-a", "++-++--?", func(t *testing.T, w *world, by trace.Actor) error {
			_, _, err := w.GrowingCodes(t.Context(), by, "htx-a", "", 10)
			return err
		}},
		{"read a growing-area code of htx-a", "++-++--?", func(t *testing.T, w *world, by trace.Actor) error {
			_, err := w.GrowingCode(t.Context(), by, w.granted(t, w.staff).Doc.ID)
			return err
		}},
		{"see the plots of htx-a", "++-++--?", func(t *testing.T, w *world, by trace.Actor) error {
			_, err := w.PlotsGeoJSON(t.Context(), by, "htx-a")
			return err
		}},
		{"see who claims a plot's ground", "++-++--?", func(t *testing.T, w *world, by trace.Actor) error {
			pl := must(w.Place(t.Context(), w.admin, w.plot)).Doc
			_, err := w.Overlaps(t.Context(), by, &pl)
			return err
		}},
		{"add a household of htx-a", "+--++--?", func(t *testing.T, w *world, by trace.Actor) error {
			_, err := w.RegisterMember(t.Context(), by, trace.MemberDraft{Organisation: "htx-a", Code: "H", Name: "N"})
			return err
		}},
		{"change a household of htx-a", "+--++--?", func(t *testing.T, w *world, by trace.Actor) error {
			h := w.household(t)
			_, err := w.UpdateMember(t.Context(), by, h, 1, trace.MemberDraft{Name: "M"})
			return err
		}},
		{"read a household of htx-a", "++-++--?", func(t *testing.T, w *world, by trace.Actor) error {
			_, err := w.Member(t.Context(), by, w.household(t))
			return err
		}},
		{"list the households of htx-a", "++-++--?", func(t *testing.T, w *world, by trace.Actor) error {
			_, _, err := w.Members(t.Context(), by, "htx-a", "", 10)
			return err
		}},
		{"record a household's consent", "+--++--?", func(t *testing.T, w *world, by trace.Actor) error {
			_, err := w.GiveConsent(t.Context(), by, w.household(t), consent("name_public"))
			return err
		}},
		{"record that a consent is withdrawn", "+--++--?", func(t *testing.T, w *world, by trace.Actor) error {
			_, err := w.WithdrawConsent(t.Context(), by, w.household(t), trace.NamePublic)
			return err
		}},
		{"read the trail of htx-a", "++-++--?", func(t *testing.T, w *world, by trace.Actor) error {
			_, _, err := w.Trail(t.Context(), by, "htx-a", "", 10)
			return err
		}},
	}, slices.Concat(coverageVerbs, lineageVerbs, reportVerbs)...))
}

// walkRoles lets every actor do what each row does, in a world of its own, and compares what became of it.
func walkRoles(t *testing.T, rows []whoMay) {
	t.Helper()
	for _, c := range rows {
		t.Run(c.verb, func(t *testing.T) {
			got := ""
			for i := range c.want {
				w := newWorld(t)
				by := []trace.Actor{w.admin, w.official, w.elsewhere, w.manager, w.staff, w.neighbour, w.buyer, w.nobody}[i]
				err := c.do(t, w, by)
				switch {
				case err == nil:
					got += "+"
				case errors.Is(err, fault.Denied):
					got += "-"
				case errors.Is(err, fault.Unauthenticated):
					got += "?"
				case errors.Is(err, fault.NotFound):
					got += "."
				default:
					t.Errorf("%s: %v", by.Role, err)
					got += "!"
				}
			}
			if got != c.want {
				t.Errorf("got %s, want %s (admin official elsewhere manager staff neighbour buyer nobody)", got, c.want)
			}
		})
	}
}
