package trace

import (
	"context"
	"crypto/sha256"
	"slices"
	"strings"
	"time"

	"truynguon/internal/fault"
	"truynguon/internal/store"
)

// ConsentPurpose is what a household may agree to. Each purpose is asked for by itself (Luật BVDLCN 91/2025).
type ConsentPurpose string

// The purposes.
const (
	// NamePublic: the name may stand on the public pages of lots from the household's plots.
	NamePublic ConsentPurpose = "name_public"
	// PhoneBuyers: buyers who are signed in may be told the telephone number.
	PhoneBuyers ConsentPurpose = "phone_buyers"
)

// ConsentPurposes lists the purposes, and ConsentText is the version of the words that are read out for each:
// the catalogue's "consent.text.PURPOSE". It counts up when the words change; a consent to other words stays
// what it was.
var (
	ConsentPurposes = []ConsentPurpose{NamePublic, PhoneBuyers}
	ConsentText     = map[ConsentPurpose]string{NamePublic: "1", PhoneBuyers: "1"}
)

// ConsentMethod is how a consent was given, so that it can be proved. Silence is none.
type ConsentMethod string

// ConsentMethods lists the methods in the order in which they are offered.
var ConsentMethods = []ConsentMethod{"signed", "spoken_witnessed", "message", "app"}

// Consent is one household's agreement to one purpose.
type Consent struct {
	ID      string         `json:"id"`
	Purpose ConsentPurpose `json:"purpose"`
	// TextVersion is the version of the words that were agreed to.
	TextVersion string        `json:"textVersion"`
	GivenAt     Date          `json:"givenAt"`
	Method      ConsentMethod `json:"method"`
	// Recorded is when it was written down, and By who did.
	Recorded time.Time `json:"recorded"`
	By       Actor     `json:"by"`
	// WithdrawnAt is nil while it holds.
	WithdrawnAt *time.Time `json:"withdrawnAt,omitempty"`
	WithdrawnBy *Actor     `json:"withdrawnBy,omitempty"`
}

// Member is a member of a cooperative: a household that farms for it. All but the code is personal and
// private: it is shown to the organisation's people and the officials who oversee it and, as far as a consent
// that holds says so, to others.
type Member struct {
	ID           string `json:"id"`
	Organisation string `json:"organisation"`
	// Code is what stands in the place of the name, such as "H-012". It never changes.
	Code  string `json:"code"`
	Name  string `json:"name"`
	Phone string `json:"phone,omitempty"`
	// Consents are all that were ever given.
	Consents []Consent `json:"consents,omitempty"`
}

// Agrees reports whether the household has agreed to a purpose and not taken it back.
func (h *Member) Agrees(to ConsentPurpose) bool { return h.consent(to) != nil }

func (h *Member) consent(to ConsentPurpose) *Consent {
	for i := range h.Consents {
		if c := &h.Consents[i]; c.Purpose == to && c.WithdrawnAt == nil {
			return c
		}
	}
	return nil
}

// memberRecords are found by organisation, in the order of their codes.
var memberRecords = newKind("member",
	func(h *Member) string { return h.ID }, func(h *Member) string { return h.Organisation },
	func(r *record[Member]) string { return r.Doc.Code },
	func(h *Member) []string { return []string{"org=" + h.Organisation} })

// MemberDraft is what is sent to add or change a household.
type MemberDraft struct {
	Token        string `json:"-"`
	Organisation string `json:"organisation"`
	Code         string `json:"code"`
	Name         string `json:"name"`
	Phone        string `json:"phone"`
}

func memberDraft(o *Organisation, d MemberDraft) (Member, error) {
	var p fault.Problem
	h := Member{
		Organisation: o.ID, Code: p.Text("/code", d.Code, 20, true),
		Name: p.Text("/name", d.Name, maxName, true), Phone: p.Text("/phone", d.Phone, 30, false),
	}
	if strings.Trim(h.Phone, "+0123456789 .-()") != "" {
		p.Add("/phone", "phone_malformed")
	}
	return h, p.Err()
}

// RegisterMember adds a household. Its code is one of the organisation's for ever: "member_twice".
func (l *Ledger) RegisterMember(ctx context.Context, by Actor, d MemberDraft) (s Stored[Member], err error) {
	defer fault.Wrap(&err, "Ledger.RegisterMember")
	o, err := l.keeper(ctx, by, d.Organisation)
	if err != nil {
		return s, err
	}
	h, err := memberDraft(&o, d)
	if err != nil {
		return s, err
	}
	sum := sha256.Sum256([]byte(o.ID + "\x00" + FoldNumber(h.Code)))
	h.ID = strings.ToLower(codeFrom(sum))
	s, err = memberRecords.insert(ctx, l, by, "register", h)
	if err != nil && s.Doc.ID == h.ID {
		if d.Token != "" && s.Doc.Name == h.Name && s.Doc.Phone == h.Phone && s.Doc.Code == h.Code {
			return s, nil
		}
		return s, &fault.Problem{Kind: fault.Exists, Fields: []fault.Field{{Pointer: "/code", Code: "member_twice"}}}
	}
	return s, err
}

// UpdateMember changes name and telephone; the code stays.
func (l *Ledger) UpdateMember(ctx context.Context, by Actor, id string, rev int64, d MemberDraft) (s Stored[Member], err error) {
	defer fault.Wrap(&err, "Ledger.UpdateMember(%q)", id)
	old, o, err := l.keptMember(ctx, by, id)
	if err != nil {
		return s, err
	}
	d.Code = old.Doc.Code
	h, err := memberDraft(&o, d)
	if err != nil {
		return s, err
	}
	return memberRecords.update(ctx, l, by, id, rev, "change", "", func(old *Member) error {
		old.Name, old.Phone = h.Name, h.Phone
		return nil
	})
}

// keptMember answers a household to those who keep its records.
func (l *Ledger) keptMember(ctx context.Context, by Actor, id string) (s Stored[Member], o Organisation, err error) {
	if by.Role == "" || by.Role == Buyer {
		return s, o, by.denied()
	}
	if s, err = memberRecords.get(ctx, l, id); err != nil {
		return s, o, err
	}
	o, err = l.keeper(ctx, by, s.Doc.Organisation)
	return s, o, err
}

// ConsentDraft is what is sent when a household has agreed to a purpose.
type ConsentDraft struct {
	Token   string `json:"-"`
	Purpose string `json:"purpose"`
	GivenAt string `json:"givenAt"`
	Method  string `json:"method"`
	// TextVersion is the version of the words that the form showed.
	TextVersion string `json:"textVersion"`
}

// GiveConsent records that a household has agreed. "consent_given" if it has already, "consent_text" if the
// words have changed since the form was opened.
func (l *Ledger) GiveConsent(ctx context.Context, by Actor, id string, d ConsentDraft) (s Stored[Member], err error) {
	defer fault.Wrap(&err, "Ledger.GiveConsent(%q)", id)
	if _, _, err := l.keptMember(ctx, by, id); err != nil {
		return s, err
	}
	var p fault.Problem
	c := Consent{
		ID:      newID("consent", by, d.Token),
		Purpose: ConsentPurpose(choice(&p, "/purpose", d.Purpose, ConsentPurposes)),
		GivenAt: date(&p, "/givenAt", d.GivenAt), Method: ConsentMethod(choice(&p, "/method", d.Method, ConsentMethods)),
		TextVersion: d.TextVersion, Recorded: l.stamp(), By: by,
	}
	if strings.TrimSpace(d.GivenAt) == "" {
		p.Add("/givenAt", "missing")
	}
	if c.GivenAt > l.Today() {
		p.Add("/givenAt", "date_in_future", string(c.GivenAt))
	}
	if c.Purpose != "" && c.TextVersion != ConsentText[c.Purpose] {
		p.Add("/purpose", "consent_text")
	}
	if err := p.Err(); err != nil {
		return s, err
	}
	return memberRecords.update(ctx, l, by, id, 0, "consent", "", func(h *Member) error {
		if d.Token != "" && slices.ContainsFunc(h.Consents, func(o Consent) bool { return o.ID == c.ID }) {
			return nil
		}
		if h.Agrees(c.Purpose) {
			return &fault.Problem{Kind: fault.Exists, Fields: []fault.Field{{Pointer: "/purpose", Code: "consent_given"}}}
		}
		h.Consents = append(slices.Clone(h.Consents), c)
		return nil
	})
}

// WithdrawConsent takes an agreement back. From that moment the person is hidden again; that it was given and
// taken back stays on record. Taking back what does not hold changes nothing.
func (l *Ledger) WithdrawConsent(ctx context.Context, by Actor, id string, to ConsentPurpose) (s Stored[Member], err error) {
	defer fault.Wrap(&err, "Ledger.WithdrawConsent(%q)", id)
	if _, _, err := l.keptMember(ctx, by, id); err != nil {
		return s, err
	}
	var p fault.Problem
	choice(&p, "/purpose", string(to), ConsentPurposes)
	if err := p.Err(); err != nil {
		return s, err
	}
	now := l.stamp()
	return memberRecords.update(ctx, l, by, id, 0, "withdraw", "", func(h *Member) error {
		h.Consents = slices.Clone(h.Consents)
		if c := h.consent(to); c != nil {
			c.WithdrawnAt, c.WithdrawnBy = &now, &by
		}
		return nil
	})
}

// Member answers a household to those who see the organisation's records.
func (l *Ledger) Member(ctx context.Context, by Actor, id string) (s Stored[Member], err error) {
	defer fault.Wrap(&err, "Ledger.Member(%q)", id)
	if by.Role == "" {
		return s, by.denied()
	}
	if s, err = memberRecords.get(ctx, l, id); err != nil {
		return s, err
	}
	return s, l.readable(ctx, by, s.Doc.Organisation)
}

// Members answers a page of an organisation's households, by code.
func (l *Ledger) Members(ctx context.Context, by Actor, org, after string, limit int) (_ []Stored[Member], next string, err error) {
	defer fault.Wrap(&err, "Ledger.Members(%q)", org)
	if org == "" {
		org = by.Org
	}
	if org == "" || by.Role == "" {
		return nil, "", by.denied()
	}
	if err := l.readable(ctx, by, org); err != nil {
		return nil, "", err
	}
	return memberRecords.find(ctx, l, store.Query{Term: "org=" + org, After: after, Limit: limit})
}

// checkMember adds a fault for a household that is unknown or another organisation's.
func (l *Ledger) checkMember(ctx context.Context, p *fault.Problem, org, id string) error {
	if id == "" {
		return nil
	}
	h, err := memberRecords.get(ctx, l, id)
	if err := found(p, "/household", "member_unknown", err); err != nil {
		return err
	}
	if err == nil && h.Doc.Organisation != org {
		p.Add("/household", "member_unknown")
	}
	return nil
}

// Grower is a household as the public may know it.
type Grower struct {
	Code string
	// Name is empty unless the household has agreed to be named.
	Name string
}

// growers answers the households of a lot's plots, in one question.
func (l *Ledger) growers(ctx context.Context, b *Batch, at map[string]Stored[Place], seen func(time.Time)) (out []Grower, err error) {
	var ids []string
	for _, id := range b.Places {
		if pl, ok := at[id]; ok && pl.Doc.Household != "" {
			ids = append(ids, pl.Doc.Household)
		}
	}
	ids = unique(ids)
	found, err := memberRecords.many(ctx, l, ids)
	if err != nil {
		return nil, err
	}
	for _, id := range ids {
		h, ok := found[id]
		if !ok {
			continue
		}
		seen(h.Updated)
		g := Grower{Code: h.Doc.Code}
		if h.Doc.Agrees(NamePublic) {
			g.Name = h.Doc.Name
		}
		out = append(out, g)
	}
	return out, nil
}
