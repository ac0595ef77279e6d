package auth

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestKeyLife(t *testing.T) {
	ctx := t.Context()
	w := newWorld(t)
	w.add("m@example.vn", Manager, "htx1", "")
	_, by := w.in("m@example.vn")
	secret, k, err := w.AddKey(ctx, by, KeyDraft{Name: " Cân điện tử ", Role: Staff})
	if err != nil {
		t.Fatal(err)
	}
	want := APIKey{ID: k.ID, Name: "Cân điện tử", Role: Staff, Org: "htx1", CreatedAt: w.clock, CreatedBy: by.ID}
	if diff := cmp.Diff(want, k); diff != "" {
		t.Errorf("key (-want +got):\n%s", diff)
	}
	if !strings.HasPrefix(secret, "tn_"+k.ID+"_") || len(secret) != len("tn_")+idLength+1+secretLength {
		t.Errorf("the key has the wrong form: %d characters", len(secret))
	}
	id, err := w.ByKey(ctx, secret)
	if err != nil {
		t.Fatal(err)
	}
	wantID := Identity{ID: k.ID, Name: "Cân điện tử", Role: Staff, Org: "htx1", Via: ByAPIKey}
	if diff := cmp.Diff(wantID, id); diff != "" {
		t.Errorf("identity (-want +got):\n%s", diff)
	}
	w.pass(48 * time.Hour)
	if _, err := w.ByKey(ctx, secret); err != nil {
		t.Fatal(err)
	}
	want.LastUsedAt = time.Date(2026, 11, 26, 0, 0, 0, 0, time.UTC)
	// Who made it leaves; the key stays.
	if _, err := w.Disable(ctx, Command, by.ID); err != nil {
		t.Fatal(err)
	}
	_, err = w.ByKey(ctx, secret)
	expect(t, "after its maker left", err, "ok")

	w.pass(time.Second)
	_, other, err := w.AddKey(ctx, Command, KeyDraft{Name: "Tỉnh", Role: Official, Unit: "66"})
	if err != nil {
		t.Fatal(err)
	}
	list, err := w.Keys(ctx, Command)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]APIKey{other, want}, list); diff != "" {
		t.Errorf("all keys (-want +got):\n%s", diff)
	}
	list, err = w.Keys(ctx, by)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]APIKey{want}, list); diff != "" {
		t.Errorf("the manager's keys (-want +got):\n%s", diff)
	}

	revoked, err := w.RevokeKey(ctx, Command, k.ID)
	if err != nil || !revoked.Revoked() {
		t.Errorf("%+v, %v", revoked, err)
	}
	_, err = w.ByKey(ctx, secret)
	expect(t, "revoked", err, "not signed in (key_invalid)")
	w.pass(time.Hour)
	again, err := w.RevokeKey(ctx, Command, k.ID)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(revoked, again); diff != "" {
		t.Errorf("revoking twice (-once +twice):\n%s", diff)
	}
	for _, id := range []string{"", "x", other.ID + "x", "k" + strings.Repeat("a", 16)} {
		_, err := w.RevokeKey(ctx, Command, id)
		expect(t, id, err, "not found (key_unknown)")
	}
}

func TestKeyFaults(t *testing.T) {
	w := newWorld(t)
	for _, tt := range []struct {
		name  string
		draft KeyDraft
		want  string
	}{
		{"nothing", KeyDraft{}, "invalid; /name: missing; /role: missing"},
		{"wrong", KeyDraft{Name: "a\x07b", Role: "king", Org: "?", Unit: "?"},
			"invalid; /name: unprintable; /role: role_unknown; /org: org_invalid; /unit: unit_invalid"},
		{"no organisation", KeyDraft{Name: "x", Role: Manager, Unit: "66"}, "invalid; /org: org_missing; /unit: unit_unwanted"},
	} {
		key, _, err := w.AddKey(t.Context(), Command, tt.draft)
		expect(t, tt.name, err, tt.want)
		if key != "" {
			t.Errorf("%s: a key all the same", tt.name)
		}
	}
}
