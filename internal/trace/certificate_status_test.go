package trace_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"truynguon/internal/trace"
)

// Certificates are asked for by status, however many others there are, by each who may see them.
func TestCertificatesByStatus(t *testing.T) {
	w := newWorld(t)
	ctx := t.Context()
	ids := map[trace.CertificateStatus]string{}
	for _, steps := range [][]string{{}, {"submit"}, {"submit", "verify"}, {"submit", "verify", "suspend"}, {"submit", "verify", "revoke"}} {
		id := certificateOf(steps...)(t, w)
		s := must(w.Certificate(ctx, w.admin, id))
		ids[s.Doc.Status] = id
	}
	for _, c := range []struct {
		by   trace.Actor
		org  string
		want int
	}{{w.admin, "", 2}, {w.official, "", 2}, {w.elsewhere, "", 0}, {w.staff, "", 2}, {w.official, "htx-a", 2}, {w.neighbour, "", 0}} {
		found, _, err := w.CertificatesIn(ctx, c.by, c.org, []trace.CertificateStatus{trace.CertSubmitted, trace.CertSuspended}, "", 10)
		if err != nil || len(found) != c.want {
			t.Errorf("%s of %q: %d certificates, %v; want %d", c.by.ID, c.org, len(found), err, c.want)
			continue
		}
		if c.want == 2 {
			got := map[string]bool{found[0].Doc.ID: true, found[1].Doc.ID: true}
			if diff := cmp.Diff(map[string]bool{ids[trace.CertSubmitted]: true, ids[trace.CertSuspended]: true}, got); diff != "" {
				t.Errorf("%s (-want +got):\n%s", c.by.ID, diff)
			}
		}
	}
}
