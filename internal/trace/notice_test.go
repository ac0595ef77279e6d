package trace_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"truynguon/internal/fault"
	"truynguon/internal/trace"
)

// told prepares and takes what is due and tells it, in order; each is marked as sent.
func (w *world) told(t *testing.T) (out []string) {
	t.Helper()
	must0(t, w.PrepareNotices(t.Context()))
	must0(t, w.PrepareNotices(t.Context())) // preparing twice prepares once
	for _, n := range must(w.DueNotices(t.Context(), 100)) {
		text := string(n.Notice.Reason) + " " + n.Follow.Address
		if n.Notice.Days > 0 {
			text += " " + string(n.Notice.Day)
		}
		out = append(out, text)
		must0(t, w.MarkSent(t.Context(), n.Notice.ID))
		must0(t, w.MarkSent(t.Context(), n.Notice.ID))
	}
	slices.Sort(out)
	return out
}

func (w *world) follow(t *testing.T, target, id, address string) trace.Follow {
	t.Helper()
	return must(w.Follow(t.Context(), w.buyer, trace.FollowDraft{Target: target, TargetID: id, Channel: "email", Address: address}))
}

func TestNotices(t *testing.T) {
	w := newWorld(t)
	ctx := t.Context()
	d := numbered("1")
	d.EndDate = "2027-03-01" // 97 days ahead
	d.Subjects = []trace.SubjectDraft{{Product: w.coffee}}
	id := w.filed(t, d, "original_seen").Doc.ID
	w.follow(t, "certificate", id, "cert@example.vn")
	w.follow(t, "product", w.coffee, "product@example.vn")
	w.follow(t, "producer", "htx-a", "producer@example.vn")
	w.follow(t, "producer", "htx-a", "cert@example.vn") // told once though for two reasons
	w.follow(t, "producer", "tht-b", "other@example.vn")
	all := func(what string, days string) (out []string) {
		for _, to := range []string{"cert", "producer", "product"} {
			out = append(out, strings.TrimSpace(what+" "+to+"@example.vn "+days))
		}
		return out
	}
	for _, step := range []struct {
		name string
		do   func()
		want []string
	}{
		{"97 days before its end", func() {}, nil},
		{"91 days before", func() { w.now = time.Date(2026, 11, 30, 9, 0, 0, 0, w.Zone) }, nil},
		{"90 days before", func() { w.now = w.now.AddDate(0, 0, 1) }, all("expiring", "2027-03-01")},
		{"later that day", func() { w.now = w.now.Add(3 * time.Hour) }, nil},
		{"suspended", func() {
			must(w.DecideCertificate(ctx, w.official, id, "suspend", trace.DecisionDraft{Reason: "vì", Token: "a"}))
			must(w.DecideCertificate(ctx, w.official, id, "suspend", trace.DecisionDraft{Reason: "vì", Token: "a"}))
		}, all("suspended", "")},
		{"reinstated at once", func() {
			must(w.DecideCertificate(ctx, w.official, id, "reinstate", trace.DecisionDraft{Reason: "vì"}))
		}, all("reinstated", "")},
		{"a while later", func() { w.now = w.now.Add(time.Hour) }, nil},
		{"25 days before, for the second time", func() { w.now = time.Date(2027, 2, 4, 9, 0, 0, 0, w.Zone) }, all("expiring", "2027-03-01")},
		{"a lot recalled", func() {
			b := w.registered(t, "L", true)
			must(w.OpenRecall(ctx, w.manager, trace.RecallDraft{Kind: "voluntary", Reason: "mốc", Batches: []string{b.Doc.Code}}))
		}, []string{"recalled cert@example.vn", "recalled producer@example.vn", "recalled product@example.vn"}},
		{"on its last day", func() { w.now = time.Date(2027, 3, 1, 9, 0, 0, 0, w.Zone) }, func() (out []string) {
			return append(out, all("expiring", "")...) // no day is left
		}()},
		{"expired", func() { w.now = w.now.AddDate(0, 0, 1) }, nil},
		{"revoked", func() { must(w.DecideCertificate(ctx, w.official, id, "revoke", trace.DecisionDraft{Reason: "vì"})) }, all("revoked", "")},
	} {
		step.do()
		if diff := cmp.Diff(step.want, w.told(t)); diff != "" {
			t.Errorf("%s (-want +told):\n%s", step.name, diff)
		}
	}
	mine, _, err := w.Notices(ctx, w.buyer, "", 100)
	must0(t, err)
	if len(mine) != 21 {
		t.Errorf("%d notices in the log", len(mine))
	}
	if none, _, _ := w.Notices(ctx, w.manager, "", 100); len(none) != 0 {
		t.Errorf("somebody else sees %d", len(none))
	}
}

// A certificate that is not verified, or suspended, tells nobody that it ends.
func TestNoNoticeWithoutForce(t *testing.T) {
	w := newWorld(t)
	d := numbered("1")
	d.EndDate = "2026-12-01"
	w.follow(t, "producer", "htx-a", "a@example.vn")
	w.filed(t, d, "")
	id := w.filed(t, d, "original_seen").Doc.ID
	must(w.DecideCertificate(t.Context(), w.official, id, "suspend", trace.DecisionDraft{Reason: "vì"}))
	if diff := cmp.Diff([]string{"suspended a@example.vn"}, w.told(t)); diff != "" {
		t.Error(diff)
	}
}

// Two senders at once never take the same notice, and one that goes silent gives it back.
func TestDueNoticesAreTakenOnce(t *testing.T) {
	w := newWorld(t)
	for _, to := range []string{"a", "b", "c", "d", "e", "f"} {
		w.follow(t, "producer", "htx-a", to+"@example.vn")
	}
	id := w.filed(t, numbered("1"), "original_seen").Doc.ID
	must(w.DecideCertificate(t.Context(), w.official, id, "suspend", trace.DecisionDraft{Reason: "vì"}))
	must0(t, w.PrepareNotices(t.Context()))
	var mu sync.Mutex
	seen := map[string]int{}
	take := func() (n int) {
		due, err := w.DueNotices(context.WithoutCancel(t.Context()), 100)
		if err != nil {
			t.Error(err)
		}
		mu.Lock()
		defer mu.Unlock()
		for _, d := range due {
			seen[d.Notice.ID]++
		}
		return len(due)
	}
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() { take() })
	}
	wg.Wait()
	take()
	for id, n := range seen {
		if n != 1 {
			t.Errorf("%s was taken %d times", id, n)
		}
	}
	if len(seen) != 6 {
		t.Errorf("%d taken", len(seen))
	}
	w.now = w.now.Add(9 * time.Minute)
	if n := take(); n != 0 {
		t.Errorf("%d taken within the lease", n)
	}
	w.now = w.now.Add(2 * time.Minute)
	if n := take(); n != 6 {
		t.Errorf("%d taken after the lease", n)
	}
}

func TestNoticeIsTriedAgain(t *testing.T) {
	w := newWorld(t)
	ctx := t.Context()
	f := w.follow(t, "producer", "htx-a", "a@example.vn")
	id := w.filed(t, numbered("1"), "original_seen").Doc.ID
	must(w.DecideCertificate(ctx, w.official, id, "suspend", trace.DecisionDraft{Reason: "vì"}))
	must0(t, w.PrepareNotices(ctx))
	for i, pause := range append(slices.Clone(trace.RetryAfter), 0) {
		due := must(w.DueNotices(ctx, 10))
		if len(due) != 1 {
			t.Fatalf("attempt %d: %d due", i, len(due))
		}
		must0(t, w.MarkFailed(ctx, due[0].Notice.ID, "421 try\r\nlater "+strings.Repeat("x", 1000)))
		w.now = w.now.Add(pause - time.Second)
		if early := must(w.DueNotices(ctx, 10)); pause > 0 && len(early) != 0 {
			t.Errorf("attempt %d: due before the pause is over", i)
		}
		w.now = w.now.Add(time.Second)
	}
	w.now = w.now.AddDate(0, 1, 0)
	if due := must(w.DueNotices(ctx, 10)); len(due) != 0 {
		t.Errorf("given up and due: %+v", due)
	}
	log, _, err := w.Notices(ctx, w.buyer, "", 10)
	must0(t, err)
	if n := log[0]; n.State != trace.NoticeFailed || len(n.Attempts) != len(trace.RetryAfter)+1 || len(n.Attempts[0].Error) > 200 || strings.Contains(n.Attempts[0].Error, "\n") {
		t.Errorf("the log says %+v", n)
	}

	// Whoever unfollowed is told nothing more, and the address is gone.
	must(w.DecideCertificate(ctx, w.official, id, "reinstate", trace.DecisionDraft{Reason: "vì"}))
	must0(t, w.PrepareNotices(ctx))
	must0(t, w.Unfollow(ctx, w.buyer, f.ID))
	must0(t, w.Unfollow(ctx, w.buyer, f.ID))
	if due := must(w.DueNotices(ctx, 10)); len(due) != 0 {
		t.Errorf("told after unfollowing: %+v", due)
	}
	trail, _, err := w.Trail(ctx, w.admin, "", "", 200)
	must0(t, err)
	found := 0
	for _, c := range trail {
		if c.Kind == "follow" {
			found++
			for _, f := range c.Fields {
				t.Errorf("the trail holds %s", f.After)
			}
		}
	}
	if found != 2 {
		t.Errorf("%d entries about following", found)
	}
}

func TestFollowRefuses(t *testing.T) {
	w := newWorld(t)
	ctx := t.Context()
	draft := must(w.FileCertificate(ctx, w.staff, numbered("1"))).Doc.ID
	for _, c := range []struct {
		d    trace.FollowDraft
		want string
	}{
		{trace.FollowDraft{Target: "lot", TargetID: "x", Channel: "email", Address: "a@example.vn"}, "/target not_offered"},
		{trace.FollowDraft{Target: "producer", TargetID: "none", Channel: "email", Address: "a@example.vn"}, "/targetId organisation_unknown"},
		{trace.FollowDraft{Target: "product", TargetID: "none", Channel: "email", Address: "a@example.vn"}, "/targetId product_unknown"},
		{trace.FollowDraft{Target: "certificate", TargetID: draft, Channel: "email", Address: "a@example.vn"}, "/targetId certificate_unknown"},
		{trace.FollowDraft{Target: "producer", TargetID: "htx-a", Channel: "email", Address: "not an address"}, "/address email_malformed"},
		{trace.FollowDraft{Target: "producer", TargetID: "htx-a", Channel: "email", Address: "A <a@example.vn>"}, "/address email_malformed"},
		{trace.FollowDraft{Target: "producer", TargetID: "htx-a", Channel: "webhook", Address: "http://example.vn/x"}, "/address webhook_malformed"},
		{trace.FollowDraft{Target: "producer", TargetID: "htx-a", Channel: "webhook", Address: "https://127.0.0.1/x"}, "/address webhook_malformed"},
		{trace.FollowDraft{Target: "producer", TargetID: "htx-a", Channel: "webhook", Address: "https://[::1]/x"}, "/address webhook_malformed"},
		{trace.FollowDraft{Target: "producer", TargetID: "htx-a", Channel: "webhook", Address: "https://localhost/x"}, "/address webhook_malformed"},
		{trace.FollowDraft{Target: "producer", TargetID: "htx-a", Channel: "webhook", Address: "https://u:p@example.vn/x"}, "/address webhook_malformed"},
	} {
		_, err := w.Follow(ctx, w.buyer, c.d)
		if diff := cmp.Diff([]string{c.want}, faults(err)); diff != "" {
			t.Errorf("%+v: %s", c.d, diff)
		}
	}
	hook := trace.FollowDraft{Target: "producer", TargetID: "htx-a", Channel: "webhook", Address: "https://example.vn/hook"}
	one, two := must(w.Follow(ctx, w.buyer, hook)), must(w.Follow(ctx, w.buyer, hook))
	if one.Secret == "" || one != two {
		t.Errorf("followed twice: %+v, %+v", one, two)
	}
}

func TestExpiring(t *testing.T) {
	w := newWorld(t)
	ctx := t.Context()
	for number, end := range map[string]string{
		"yesterday": "2026-11-23", "today": "2026-11-24", "in 7": "2026-12-01", "in 8": "2026-12-02", "in 90": "2027-02-22", "in 91": "2027-02-23", "never": "",
	} {
		d := numbered(number)
		d.EndDate = end
		w.filed(t, d, "original_seen")
	}
	d := numbered("not verified")
	d.EndDate = "2026-11-30"
	w.filed(t, d, "")
	d.Number = "suspended"
	id := w.filed(t, d, "original_seen").Doc.ID
	must(w.DecideCertificate(ctx, w.official, id, "suspend", trace.DecisionDraft{Reason: "vì"}))
	d.Number = "revoked"
	id = w.filed(t, d, "original_seen").Doc.ID
	must(w.DecideCertificate(ctx, w.official, id, "revoke", trace.DecisionDraft{Reason: "vì"}))
	for _, c := range []struct {
		by   trace.Actor
		days int
		want string
	}{
		{w.staff, 7, "today, suspended, in 7"},
		{w.official, 7, "today, suspended, in 7"},
		{w.admin, 90, "today, suspended, in 7, in 8, in 90"},
		{w.elsewhere, 90, ""},
		{w.neighbour, 90, ""},
	} {
		list, _, err := w.Expiring(ctx, c.by, "", c.days, "", 50)
		must0(t, err)
		var got []string
		for _, s := range list {
			got = append(got, s.Doc.Number)
		}
		if strings.Join(got, ", ") != c.want {
			t.Errorf("%s, %d days: %v, want %s", c.by.Role, c.days, got, c.want)
		}
	}
}

func TestExpired(t *testing.T) {
	w := newWorld(t)
	for number, end := range map[string]string{"today": "2026-11-24", "yesterday": "2026-11-23", "7 ago": "2026-11-17", "8 ago": "2026-11-16", "never": ""} {
		d := numbered(number)
		d.EndDate = end
		w.filed(t, d, "original_seen")
	}
	d := numbered("not verified")
	d.EndDate = "2026-11-20"
	w.filed(t, d, "")
	for days, want := range map[int]string{1: "yesterday", 7: "yesterday, 7 ago", 90: "yesterday, 7 ago, 8 ago"} {
		list, _, err := w.Expired(t.Context(), w.official, "", days, "", 50)
		must0(t, err)
		var got []string
		for _, s := range list {
			got = append(got, s.Doc.Number)
		}
		if strings.Join(got, ", ") != want {
			t.Errorf("%d days: %v, want %s", days, got, want)
		}
	}
}

func TestAffectedLots(t *testing.T) {
	w := newWorld(t)
	ctx := t.Context()
	c := w.certified(t, "attp", "2026-01-01", "2028-12-31", trace.SubjectDraft{Product: w.coffee, Place: w.packhouse}, trace.SubjectDraft{Product: w.honey}).Doc
	a, b := w.registered(t, "A", true).Doc.Code, w.registered(t, "B", true).Doc.Code
	w.registered(t, "draft", false)
	must(w.VoidBatch(ctx, w.manager, w.registered(t, "void", true).Doc.Code, "vì"))
	honey := w.lot("H")
	honey.Product = w.honey
	h := must(w.ReleaseBatch(ctx, w.staff, must(w.RegisterBatch(ctx, w.staff, honey)).Doc.Code, "")).Doc.Code
	list := func() (codes []string, only bool) {
		after := ""
		for {
			page, next, err := w.AffectedLots(ctx, w.official, c.ID, after, 2)
			must0(t, err)
			for _, l := range page {
				codes = append(codes, l.Lot.Code)
				only = l.Only
			}
			if after = next; next == "" {
				slices.Sort(codes)
				return codes, only
			}
		}
	}
	want := []string{a, b, h}
	slices.Sort(want)
	if got, only := list(); !slices.Equal(got, want) || !only {
		t.Errorf("affected %v (only basis: %v), want %v", got, only, want)
	}
	must(w.DecideCertificate(ctx, w.official, c.ID, "revoke", trace.DecisionDraft{Reason: "vì"}))
	if got, _ := list(); !slices.Equal(got, want) {
		t.Errorf("after the revocation: %v", got)
	}
	if p := must(w.Provenance(ctx, a)); p.Verdict != trace.Incomplete || !slices.Contains(p.Missing, "food_safety") {
		t.Errorf("the lot's page says %s %v", p.Verdict, p.Missing)
	}
	w.certified(t, "haccp", "2026-01-01", "2028-12-31")
	if _, only := list(); only {
		t.Error("HACCP is a basis too")
	}
	if _, _, err := w.AffectedLots(ctx, w.official, c.ID, "7.x", 2); !errors.Is(err, fault.Malformed) {
		t.Errorf("a cursor nobody gave out: %v", err)
	}
}
