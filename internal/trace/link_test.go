package trace_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"truynguon/internal/fault"
	"truynguon/internal/gs1"
	"truynguon/internal/trace"
)

// shop is the draft of a link of htx-a.
func shop(token string) trace.LinkDraft {
	return trace.LinkDraft{
		Token: token, LinkType: "hasRetailers", Href: "https://cho.example.vn/ca-phe?p=1",
		Titles: []trace.LinkTitle{{Language: "vi", Title: "Gian hàng"}, {Language: "en", Title: "Shop"}},
	}
}

// takenDown has an official take down a link of htx-a.
func takenDown(t *testing.T, w *world) string {
	id := must(w.AddLink(t.Context(), w.staff, shop("t"))).Doc.ID
	must(w.TakeDownLink(t.Context(), w.official, id, "vì"))
	return id
}

// linkFaults lists the faults as POINTER CODE.
func linkFaults(err error) (out []string) {
	var p *fault.Problem
	if !errors.As(err, &p) {
		return nil
	}
	if p.Code != "" {
		out = append(out, p.Code)
	}
	for _, f := range p.Fields {
		out = append(out, f.Pointer+" "+f.Code)
	}
	slices.Sort(out)
	return out
}

// Every type that is offered is one of the vocabulary, for everybody and not deprecated.
func TestLinkTypesAreGS1s(t *testing.T) {
	for _, name := range trace.LinkTypes {
		lt, ok := gs1.LinkTypeNamed(name)
		if !ok || lt.Status != "stable" || len(lt.Restricted) > 0 {
			t.Errorf("%s: %+v", name, lt)
		}
	}
}

func TestAddLinkRefuses(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(w *world, d *trace.LinkDraft)
		want   []string
	}{
		{"nothing wrong", func(_ *world, _ *trace.LinkDraft) {}, nil},
		{"the type with its prefix", func(_ *world, d *trace.LinkDraft) { d.LinkType = "gs1:recipeInfo" }, nil},
		{"a product", func(w *world, d *trace.LinkDraft) { d.Product = w.honey }, nil},
		{"what the records answer", func(_ *world, d *trace.LinkDraft) { d.LinkType = "certificationInfo" }, []string{"/linkType not_offered"}},
		{"another's product", func(w *world, d *trace.LinkDraft) { d.Product = w.foreign }, []string{"/product product_unknown"}},
		{"no product of anybody", func(_ *world, d *trace.LinkDraft) { d.Product = "x" }, []string{"/product product_unknown"}},
		{"not encrypted", func(_ *world, d *trace.LinkDraft) { d.Href = "http://cho.example.vn/" }, []string{"/href link_https"}},
		{"a script", func(_ *world, d *trace.LinkDraft) { d.Href = "javascript:alert(1)" }, []string{"/href link_https"}},
		{"data", func(_ *world, d *trace.LinkDraft) { d.Href = "data:text/html,x" }, []string{"/href link_https"}},
		{"no address", func(_ *world, d *trace.LinkDraft) { d.Href = "cho.example.vn" }, []string{"/href link_https"}},
		{"a user", func(_ *world, d *trace.LinkDraft) { d.Href = "https://id.example.vn@cho.example.vn/" }, []string{"/href link_host"}},
		{"a number for a host", func(_ *world, d *trace.LinkDraft) { d.Href = "https://10.0.0.1/" }, []string{"/href link_host"}},
		{"IPv6", func(_ *world, d *trace.LinkDraft) { d.Href = "https://[::1]/" }, []string{"/href link_host"}},
		{"here", func(_ *world, d *trace.LinkDraft) { d.Href = "https://localhost/" }, []string{"/href link_host"}},
		{"a local name", func(_ *world, d *trace.LinkDraft) { d.Href = "https://may.local/" }, []string{"/href link_host"}},
		{"this site", func(_ *world, d *trace.LinkDraft) { d.Href = "https://ID.example.vn/l/X" }, []string{"/href link_own_site"}},
		{"a space", func(_ *world, d *trace.LinkDraft) { d.Href = "https://cho.example.vn/a b" }, []string{"/href link_malformed_address"}},
		{"look-alike letters", func(_ *world, d *trace.LinkDraft) { d.Href = "https://chо.example.vn/" }, []string{"/href link_malformed_address"}},
		{"no title", func(_ *world, d *trace.LinkDraft) { d.Titles = []trace.LinkTitle{{Language: "vi", Title: " "}} }, []string{"/titles missing"}},
		{"a language twice", func(_ *world, d *trace.LinkDraft) { d.Titles[1].Language = "VI" }, []string{"/titles/1/language language_code"}},
		{"no language", func(_ *world, d *trace.LinkDraft) { d.Language = "vie" }, []string{"/language language_code"}},
		{"everything", func(_ *world, d *trace.LinkDraft) { *d = trace.LinkDraft{} },
			[]string{"/href missing", "/linkType missing", "/titles missing"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t)
			d := shop("")
			c.change(w, &d)
			_, err := w.AddLink(t.Context(), w.staff, d)
			if diff := cmp.Diff(c.want, linkFaults(err)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// A link is shown until it is withdrawn or taken down. What an official took down cannot come back under
// another record; an official can bring it back.
func TestLifeOfALink(t *testing.T) {
	w := newWorld(t)
	ctx := t.Context()
	shown := func(product string) (out []string) {
		for _, k := range must(w.PublicLinks(ctx, "htx-a", product)) {
			out = append(out, k.LinkType)
		}
		return out
	}
	wide := must(w.AddLink(ctx, w.staff, shop("")))
	d := shop("")
	d.Product, d.LinkType, d.Href = w.coffee, "recipeInfo", "https://cho.example.vn/cong-thuc"
	own := must(w.AddLink(ctx, w.staff, d))
	for product, want := range map[string][]string{w.coffee: {"recipeInfo", "hasRetailers"}, w.honey: {"hasRetailers"}, "": {"hasRetailers"}} {
		if diff := cmp.Diff(want, shown(product)); diff != "" {
			t.Errorf("%s: %s", product, diff)
		}
	}
	b := w.registered(t, "L", true)
	if p := must(w.Provenance(ctx, b.Doc.Code)); len(p.Links) != 2 {
		t.Errorf("the lot's page has %d links", len(p.Links))
	}
	if _, err := w.AddLink(ctx, w.manager, shop("")); !slices.Contains(linkFaults(err), "/href link_twice") {
		t.Errorf("the same again: %v", err)
	}
	if k := must(w.WithdrawLink(ctx, w.staff, own.Doc.ID)); k.Doc.State != trace.LinkWithdrawn {
		t.Error(k.Doc.State)
	}
	if _, err := w.TakeDownLink(ctx, w.official, own.Doc.ID, "vì"); !errors.Is(err, fault.Exists) {
		t.Errorf("taking down what is withdrawn: %v", err)
	}
	if _, err := w.TakeDownLink(ctx, w.official, wide.Doc.ID, ""); !slices.Contains(linkFaults(err), "/reason missing") {
		t.Errorf("without a reason: %v", err)
	}
	must(w.TakeDownLink(ctx, w.official, wide.Doc.ID, "dẫn tới trang giả"))
	if got := shown(w.coffee); got != nil {
		t.Errorf("still shown: %v", got)
	}
	if _, err := w.AddLink(ctx, w.staff, shop("")); !slices.Contains(linkFaults(err), "/href link_taken_down") {
		t.Errorf("again: %v", err)
	}
	if _, err := w.WithdrawLink(ctx, w.staff, wide.Doc.ID); !errors.Is(err, fault.Exists) {
		t.Errorf("withdrawing what was taken down: %v", err)
	}
	must(w.ReinstateLink(ctx, w.official, wide.Doc.ID, "đã sửa"))
	if diff := cmp.Diff([]string{"hasRetailers"}, shown(w.coffee)); diff != "" {
		t.Error(diff)
	}
	// All of it is in the trail.
	trail, _, err := w.Trail(ctx, w.admin, "htx-a", "", 100)
	must0(t, err)
	var done []string
	for _, c := range trail {
		if c.Kind == "link" {
			done = append(done, c.Action)
		}
	}
	slices.Sort(done)
	if diff := cmp.Diff([]string{"add", "add", "reinstate", "take_down", "withdraw"}, done); diff != "" {
		t.Error(diff)
	}
	all, _, err := w.Links(ctx, w.official, "", "", 10)
	must0(t, err)
	if len(all) != 2 {
		t.Errorf("the official sees %d links", len(all))
	}
}

func TestLinksAreBounded(t *testing.T) {
	w := newWorld(t)
	d := shop("")
	for i := range 100 {
		d.Href = fmt.Sprintf("https://cho.example.vn/%d", i)
		must(w.AddLink(t.Context(), w.staff, d))
	}
	d.Href = "https://cho.example.vn/more"
	if _, err := w.AddLink(t.Context(), w.staff, d); !slices.Contains(linkFaults(err), " link_too_many") {
		t.Error(err)
	}
}

// A party's number must be under the prefix that is recorded for the organisation (Đ28), and a logo a
// picture of its own.
func TestPartyNumberAndLogo(t *testing.T) {
	w := newWorld(t)
	ctx := t.Context()
	image := must(w.Product(ctx, w.coffee)).Doc.Image
	pdf := must(w.AddDocument(ctx, w.staff, "", "a.pdf", trace.Public, strings.NewReader("%PDF-1.4\n1 0 obj\n<</Type/Catalog>>\nendobj\nxref\n0 1\n0000000000 65535 f \ntrailer\n<</Size 2/Root 1 0 R>>\nstartxref\n45\n%%EOF\n"))).Doc.ID
	for _, c := range []struct {
		org, gln, logo string
		want           []string
	}{
		{"htx-a", "9524001000018", image, nil},
		{"htx-a", "9524001000019", image, []string{"/partyGLN gln_malformed"}},
		{"htx-a", "9524009000010", image, []string{"/partyGLN prefix_not_yours"}},
		{"tht-b", "9524001000018", "", []string{"/partyGLN prefix_not_yours"}},
		{"tht-b", "", image, []string{"/logo document_unknown"}},
		{"htx-a", "", pdf, []string{"/logo not_a_photo"}},
		{"htx-a", "", "x", []string{"/logo document_unknown"}},
	} {
		o := must(w.Organisation(ctx, c.org))
		d := o.Doc.Draft()
		d.PartyGLN, d.Logo = c.gln, c.logo
		_, err := w.UpdateOrganisation(ctx, w.admin, c.org, o.Rev, d)
		if diff := cmp.Diff(c.want, linkFaults(err)); diff != "" {
			t.Errorf("%+v: %s", c, diff)
		}
	}
	if o, err := w.OrganisationByGLN(ctx, "9524001000018"); err != nil || o.Doc.ID != "htx-a" {
		t.Errorf("%v %v", o.Doc.ID, err)
	}
	if _, err := w.OrganisationByGLN(ctx, "9524001000025"); !errors.Is(err, fault.NotFound) {
		t.Error(err)
	}
}
