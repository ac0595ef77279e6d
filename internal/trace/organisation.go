package trace

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"

	"truynguon/internal/fault"
	"truynguon/internal/gs1"
	"truynguon/internal/store"
)

// LegalType is the legal form of an organisation.
type LegalType string

// The legal forms (Luật Hợp tác xã 17/2023/QH15; a cooperative group has no legal personality).
const (
	Cooperative      LegalType = "HTX"   // hợp tác xã
	CooperativeGroup LegalType = "THT"   // tổ hợp tác
	CooperativeUnion LegalType = "LHHTX" // liên hiệp hợp tác xã
	Enterprise       LegalType = "DN"    // doanh nghiệp
	Household        LegalType = "HKD"   // hộ kinh doanh
)

// LegalTypes lists the legal forms in the order in which they are offered.
var LegalTypes = []LegalType{Cooperative, CooperativeGroup, CooperativeUnion, Enterprise, Household}

// OrganisationStatus tells whether an organisation works.
type OrganisationStatus string

// The states of an organisation.
const (
	Active     OrganisationStatus = "active"
	Stopped    OrganisationStatus = "stopped"
	Dissolving OrganisationStatus = "awaiting_dissolution"
	Dissolved  OrganisationStatus = "dissolved"
)

// OrganisationStatuses lists the states.
var OrganisationStatuses = []OrganisationStatus{Active, Stopped, Dissolving, Dissolved}

// Organisation is a cooperative, a cooperative group or another producer.
type Organisation struct {
	// ID is a short readable identifier that never changes, such as "htx-dak-mang".
	ID        string    `json:"id"`
	LegalType LegalType `json:"legalType"`
	Name      string    `json:"name"`
	// TaxCode is the registration number, which is the tax code too; a cooperative group may have none.
	TaxCode string `json:"taxCode,omitempty"`
	// Address is as the organisation writes it; AdminUnit is the code of the unit it lies in.
	Address   string `json:"address"`
	AdminUnit string `json:"adminUnit"`
	// Representative and Phone are personal data and stay off public pages.
	Representative string `json:"representative,omitempty"`
	Phone          string `json:"phone,omitempty"`
	// GS1CompanyPrefix is the prefix licensed to the organisation; only GTINs and GLNs under it may be
	// used (NĐ 37/2026 Đ28).
	GS1CompanyPrefix string `json:"gs1CompanyPrefix,omitempty"`
	// PartyGLN is the organisation's own number, AI (417), issued under its prefix.
	PartyGLN string `json:"partyGLN,omitempty"`
	// Logo is the id of a document that is an image: what labels carry.
	Logo   string             `json:"logo,omitempty"`
	Status OrganisationStatus `json:"status"`
	// UnitPath is AdminUnit followed by the units above it, as they were when this was written.
	UnitPath []string `json:"unitPath"`
}

// OrganisationDraft is what is sent to register or change an organisation.
type OrganisationDraft struct {
	// Token makes a repeated submission land on one record; it is not part of the document.
	Token            string `json:"-"`
	ID               string `json:"id"`
	LegalType        string `json:"legalType"`
	Name             string `json:"name"`
	TaxCode          string `json:"taxCode"`
	Address          string `json:"address"`
	AdminUnit        string `json:"adminUnit"`
	Representative   string `json:"representative"`
	Phone            string `json:"phone"`
	GS1CompanyPrefix string `json:"gs1CompanyPrefix"`
	PartyGLN         string `json:"partyGLN"`
	Logo             string `json:"logo"`
	Status           string `json:"status"`
}

// Draft returns the draft that would leave the organisation as it is: what a form starts from.
func (o *Organisation) Draft() OrganisationDraft {
	return OrganisationDraft{
		ID: o.ID, LegalType: string(o.LegalType), Name: o.Name, TaxCode: o.TaxCode, Address: o.Address,
		AdminUnit: o.AdminUnit, Representative: o.Representative, Phone: o.Phone,
		GS1CompanyPrefix: o.GS1CompanyPrefix, PartyGLN: o.PartyGLN, Logo: o.Logo, Status: string(o.Status),
	}
}

const (
	maxName = 200
	maxText = 2000
)

// RegisterOrganisation adds an organisation. An admin may, and an official for the own unit. Faults:
// fault.Exists if the ID is taken.
func (l *Ledger) RegisterOrganisation(ctx context.Context, by Actor, d OrganisationDraft) (s Stored[Organisation], err error) {
	defer fault.Wrap(&err, "Ledger.RegisterOrganisation(%q)", d.ID)
	if by.Role != Admin && by.Role != Official {
		return s, by.denied()
	}
	if d.ID == "" {
		d.ID = newID("organisation", by, d.Token)
	}
	o, err := l.organisation(ctx, d)
	if err != nil {
		return s, err
	}
	if !by.mayJudge(&o) {
		return s, by.denied()
	}
	s, err = organisations.insert(ctx, l, by, "register", o)
	if errors.Is(err, fault.Exists) && d.Token != "" && len(differences(members(s.Doc), members(o))) == 0 {
		return s, nil // the same submission again
	}
	if errors.Is(err, fault.Exists) {
		p := fault.New(fault.Exists, "")
		p.Add("/id", "id_taken", d.ID)
		return s, p
	}
	return s, err
}

// UpdateOrganisation changes an organisation; rev is the revision the actor saw. The organisation's
// manager may change how to reach it, its logo, and its number under the prefix that is recorded for it;
// legal facts are changed by an admin or an official of its unit.
func (l *Ledger) UpdateOrganisation(ctx context.Context, by Actor, id string, rev int64, d OrganisationDraft) (s Stored[Organisation], err error) {
	defer fault.Wrap(&err, "Ledger.UpdateOrganisation(%q)", id)
	old, err := organisations.get(ctx, l, id)
	if err != nil {
		return s, err
	}
	judge := by.mayJudge(&old.Doc)
	if !judge && !(by.Role == Manager && by.memberOf(id)) {
		return s, by.denied()
	}
	d.ID = id
	if !judge {
		keep := old.Doc.Draft()
		keep.Address, keep.Phone, keep.Representative = d.Address, d.Phone, d.Representative
		keep.PartyGLN, keep.Logo = d.PartyGLN, d.Logo
		if keep != d {
			return s, fault.New(fault.Denied, "legal_facts")
		}
	}
	o, err := l.organisation(ctx, d)
	if err != nil {
		return s, err
	}
	if judge && !by.mayJudge(&o) { // an official may not move it out of the own unit
		return s, by.denied()
	}
	return organisations.update(ctx, l, by, id, rev, "change", "", func(old *Organisation) error {
		*old = o
		return nil
	})
}

func (l *Ledger) organisation(ctx context.Context, d OrganisationDraft) (Organisation, error) {
	var p fault.Problem
	o := Organisation{
		ID:               strings.TrimSpace(d.ID),
		LegalType:        LegalType(choice(&p, "/legalType", d.LegalType, LegalTypes)),
		Name:             p.Text("/name", d.Name, maxName, true),
		TaxCode:          p.Text("/taxCode", d.TaxCode, 20, false),
		Address:          p.Text("/address", d.Address, maxName, true),
		AdminUnit:        p.Text("/adminUnit", d.AdminUnit, 40, true),
		Representative:   p.Text("/representative", d.Representative, maxName, LegalType(d.LegalType) == CooperativeGroup),
		Phone:            p.Text("/phone", d.Phone, 40, false),
		GS1CompanyPrefix: p.Text("/gs1CompanyPrefix", d.GS1CompanyPrefix, 12, false),
		PartyGLN:         strings.TrimSpace(d.PartyGLN),
		Logo:             strings.TrimSpace(d.Logo),
		Status:           Active,
	}
	if d.Status != "" {
		o.Status = OrganisationStatus(choice(&p, "/status", d.Status, OrganisationStatuses))
	}
	if !slug(o.ID) {
		p.Add("/id", "slug", short(o.ID))
	}
	if o.TaxCode != "" && !digits(strings.ReplaceAll(o.TaxCode, "-", ""), 10, 13) {
		p.Add("/taxCode", "tax_code")
	}
	if n := len(o.GS1CompanyPrefix); n > 0 && (n < 4 || !digits(o.GS1CompanyPrefix, 4, 12)) {
		p.Add("/gs1CompanyPrefix", "gs1_prefix")
	}
	checkGLN(&p, "/partyGLN", o.PartyGLN, &o)
	if err := l.checkPicture(ctx, &p, "/logo", o.ID, o.Logo); err != nil {
		return o, err
	}
	path, err := l.unitPath(ctx, o.AdminUnit)
	if o.AdminUnit != "" {
		if err := found(&p, "/adminUnit", "unit_unknown", err); err != nil {
			return o, err
		}
	}
	o.UnitPath = path
	return o, p.Err()
}

// Organisation answers one organisation. What a visitor may know of it is public.
func (l *Ledger) Organisation(ctx context.Context, id string) (Stored[Organisation], error) {
	return organisations.get(ctx, l, id)
}

// OrganisationByGLN answers the organisation that a party's number, AI (417), names.
func (l *Ledger) OrganisationByGLN(ctx context.Context, gln string) (s Stored[Organisation], err error) {
	found, _, err := organisations.find(ctx, l, store.Query{Term: partyTerm(gln), Limit: 1})
	if err != nil {
		return s, err
	}
	if len(found) == 0 {
		return s, fault.NotFound
	}
	return found[0], nil
}

func partyTerm(gln string) string { return "gln=" + gln }

// Organisations answers a page of the organisations that the actor may see, in the order of their
// names: an admin all, an official those of the unit, a member the own.
func (l *Ledger) Organisations(ctx context.Context, by Actor, after string, limit int) (_ []Stored[Organisation], next string, err error) {
	defer fault.Wrap(&err, "Ledger.Organisations")
	q := store.Query{After: after, Limit: limit}
	switch {
	case by.Role == Admin:
	case by.Role == Official && by.Unit != "":
		q.Term = "unit=" + by.Unit
	case by.Org != "":
		q.Term = "org=" + by.Org
	default:
		return nil, "", by.denied()
	}
	return organisations.find(ctx, l, q)
}

// own reads an organisation that a draft or filter names, or the actor's own if it names none.
func (l *Ledger) own(ctx context.Context, by Actor, org string) (Organisation, error) {
	if org == "" {
		org = by.Org
	}
	if org == "" {
		if by.Role == "" {
			return Organisation{}, by.denied()
		}
		p := new(fault.Problem)
		p.Add("/organisation", "missing")
		return Organisation{}, p.Err()
	}
	o, err := organisations.get(ctx, l, org)
	if errors.Is(err, fault.NotFound) {
		p := new(fault.Problem)
		p.Add("/organisation", "organisation_unknown", short(org))
		return Organisation{}, p.Err()
	}
	return o.Doc, err
}

// keeper reads the organisation whose records the actor wants to keep, and fails unless it may.
func (l *Ledger) keeper(ctx context.Context, by Actor, org string) (Organisation, error) {
	if by.Role == "" || by.Role == Buyer {
		return Organisation{}, by.denied()
	}
	o, err := l.own(ctx, by, org)
	if err != nil {
		return o, err
	}
	if !by.mayWrite(&o) {
		return o, by.denied()
	}
	return o, nil
}

// Unit is an administrative unit: a province, a commune, or a district of the time before
// 1 July 2025.
type Unit struct {
	Code string `json:"code"`
	// Level is "tinh", "xa", or "huyen" for a district that is no more.
	Level string `json:"level"`
	Name  string `json:"name"`
	// Parent is the code of the unit above, empty for a province.
	Parent string `json:"parent,omitempty"`
	// ValidFrom and ValidTo are the first and last day the unit existed, empty if open.
	ValidFrom Date `json:"validFrom,omitempty"`
	ValidTo   Date `json:"validTo,omitempty"`
	// Successors are the codes of the units that took the place of one that is no more. Whoever answers for
	// it goes on answering for them: that is how a plan for a former district goes on after 1 July 2025.
	Successors []string `json:"successors,omitempty"`
	// Population is how many people live there, 0 if not recorded.
	Population int `json:"population,omitempty"`
}

// ExistsOn reports whether the unit existed on a day.
func (u *Unit) ExistsOn(day Date) bool {
	return (u.ValidFrom == "" || u.ValidFrom <= day) && (u.ValidTo == "" || day <= u.ValidTo)
}

// UnitLevels are the levels of administrative units.
var UnitLevels = []string{"tinh", "huyen", "xa"}

// unitCache keeps the units, of which there are few and which hardly change, out of the way of a
// scan.
type unitCache struct {
	sync.Mutex
	generation uint64
	units      map[string]Unit
}

// Units answers all administrative units by their code.
func (l *Ledger) Units(ctx context.Context) (map[string]Unit, error) {
	c := &l.units
	c.Lock()
	defer c.Unlock()
	if g := l.Generation(); c.units == nil || c.generation != g {
		all := map[string]Unit{}
		for r, err := range units.All(ctx, l.DB, store.Query{Limit: 1000}) {
			if err != nil {
				return nil, err
			}
			all[r.Value.Doc.Code] = r.Value.Doc
		}
		c.units, c.generation = all, g
	}
	return c.units, nil
}

// choice checks that a value is one of those offered.
func choice[T ~string](p *fault.Problem, pointer, value string, offered []T) string {
	if value == "" {
		p.Add(pointer, "missing")
		return ""
	}
	if !slices.Contains(offered, T(value)) {
		p.Add(pointer, "not_offered", short(value))
		return ""
	}
	return value
}

func digits(s string, min, max int) bool {
	if len(s) < min || len(s) > max {
		return false
	}
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return true
}

// slug reports whether s can stand in an address for ever: 2 to 40 small letters, digits and hyphens.
func slug(s string) bool {
	if len(s) < 2 || len(s) > 40 || s[0] == '-' || s[len(s)-1] == '-' {
		return false
	}
	for i := range len(s) {
		c := s[i]
		if (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '-' {
			return false
		}
	}
	return true
}

// underPrefix reports whether a GTIN of 14 digits, or a GLN of 13, was issued under a company prefix.
func underPrefix(key, prefix string) bool {
	if prefix == "" {
		return false
	}
	if len(key) == 14 {
		key = key[1:] // the indicator digit stands before the prefix
	}
	return strings.HasPrefix(key, prefix)
}

// checkGLN adds the faults of a location number: wrong check digit, or under no prefix of the owner.
func checkGLN(p *fault.Problem, pointer, gln string, o *Organisation) {
	if gln == "" {
		return
	}
	if !gs1.ValidGLN(gln) {
		p.Add(pointer, "gln_malformed", short(gln))
	} else if !underPrefix(gln, o.GS1CompanyPrefix) {
		p.Add(pointer, "prefix_not_yours", o.GS1CompanyPrefix)
	}
}
