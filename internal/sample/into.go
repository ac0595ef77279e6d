package sample

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"path"
	"runtime"
	"slices"
	"strconv"
	"sync"
	"time"

	"truynguon/internal/auth"
	"truynguon/internal/trace"
)

// Into records the district through the verbs that people use, each at the time at which somebody would
// have used it: lots of last season were registered last season. The day of loading is the ledger's
// today. The ledger's records must be empty; they are marked as a sample before the first is written.
func Into(ctx context.Context, l *trace.Ledger) error {
	d, err := Load()
	if err != nil {
		return err
	}
	if err := l.MarkSample(ctx, trace.SampleLoading); err != nil {
		return err
	}
	today := l.Today().Time(l.Zone)
	for _, u := range d.Units {
		err := l.AddUnit(ctx, trace.System, trace.Unit{
			Code: u.Code, Level: u.Level, Name: u.Name, Parent: u.Parent,
			ValidFrom: trace.Date(u.ValidFrom), ValidTo: trace.Date(u.ValidTo).AddDays(-1), Successors: u.Successors,
		})
		if err != nil {
			return err
		}
	}
	if err := substances(ctx, l, today); err != nil {
		return err
	}
	// Each organisation's records depend on nobody else's, and the database likes company.
	jobs := make(chan Organisation)
	var wg sync.WaitGroup
	var mu sync.Mutex
	var failed error
	for range 4 * runtime.NumCPU() {
		wg.Go(func() {
			for o := range jobs {
				err := newLoader(l, d, today, o).load(ctx)
				mu.Lock()
				if err != nil {
					failed = errors.Join(failed, fmt.Errorf("sample: %s: %w", o.ID, err))
				}
				mu.Unlock()
			}
		})
	}
	for _, o := range d.Organisations {
		jobs <- o
	}
	close(jobs)
	wg.Wait()
	if failed != nil {
		return failed
	}
	if err := addLinks(ctx, l); err != nil {
		return err
	}
	if err := addRegister(ctx, l); err != nil {
		return err
	}
	if err := addLineage(ctx, l); err != nil {
		return err
	}
	return l.MarkSample(ctx, trace.SampleLoaded)
}

// loader records one organisation, by a clock of its own.
type loader struct {
	*trace.Ledger
	district *District
	today    time.Time
	now      time.Time
	org      Organisation

	manager, staff, official trace.Actor
	// ids are what the records came to be called, by the names the district gives them.
	ids map[string]string
}

func newLoader(l *trace.Ledger, d *District, today time.Time, o Organisation) *loader {
	ld := &loader{district: d, today: today, org: o, ids: map[string]string{}}
	ld.Ledger = &trace.Ledger{
		DB: l.DB, Blobs: l.Blobs, Base: l.Base, Zone: l.Zone, Schemes: l.Schemes, Crops: l.Crops, Plan: l.Plan, Now: func() time.Time { return ld.now },
	}
	person := func(role string) trace.Actor {
		a := trace.Actor{ID: "sample-" + role + "-" + o.ID, Name: o.Representative, Role: trace.Role(role), Org: o.ID}
		for _, p := range d.People {
			if p.Role == role && p.Organisation == o.ID {
				a.Name = p.Name
			}
		}
		return a
	}
	ld.manager, ld.staff = person("manager"), person("staff")
	ld.official = trace.Actor{ID: "sample-official", Name: "Cán bộ mẫu", Role: trace.Official}
	for _, p := range d.People {
		if p.Role == "official" {
			ld.official.Name, ld.official.Unit = p.Name, p.Unit
		}
	}
	return ld
}

// at sets the clock.
func (ld *loader) at(day Day, clock Clock) error {
	t, err := clock.On(day, ld.today)
	ld.now = t
	return err
}

// settled is the day before everything else: when the organisation began to use the system.
const settled Day = -760

func (ld *loader) load(ctx context.Context) error {
	if err := ld.at(settled, "08:00"); err != nil {
		return err
	}
	o := ld.org
	status := o.Status
	if status == "inactive" {
		status = string(trace.Stopped)
	}
	_, err := ld.RegisterOrganisation(ctx, trace.System, trace.OrganisationDraft{
		ID: o.ID, LegalType: o.LegalType, Name: o.Name, TaxCode: o.TaxCode, Address: o.Address, AdminUnit: o.AdminUnit,
		Representative: o.Representative, Phone: o.Phone, GS1CompanyPrefix: o.GS1CompanyPrefix, Status: status,
	})
	if err != nil {
		return err
	}
	for _, step := range []func(context.Context) error{
		ld.places, ld.products, ld.plots, ld.cycles, ld.diary, ld.lots, ld.certificates, ld.recalls, ld.recallCases, ld.lateDiary,
	} {
		if err := step(ctx); err != nil {
			return err
		}
	}
	return nil
}

func (ld *loader) places(ctx context.Context) error {
	for _, p := range ld.district.Places {
		if p.Organisation != ld.org.ID {
			continue
		}
		ld.now = ld.now.Add(10 * time.Minute)
		d := trace.PlaceDraft{
			Token: p.ID, Type: p.Type, Name: p.Name, Address: p.Address, AdminUnit: p.AdminUnit, GLN: p.GLN,
			GLNExtension: p.GLNExtension, GrowingAreaCode: p.GrowingAreaCode,
		}
		if p.AreaHa != 0 {
			d.AreaHa = decimal(p.AreaHa)
		}
		if p.Geometry != nil {
			g, err := json.Marshal(p.Geometry)
			if err != nil {
				return err
			}
			d.Geometry = g
		}
		s, err := ld.RegisterPlace(ctx, ld.manager, d)
		if err != nil {
			return err
		}
		ld.ids[p.ID] = s.Doc.ID
	}
	return nil
}

func (ld *loader) products(ctx context.Context) error {
	for _, p := range ld.district.Products {
		if p.Organisation != ld.org.ID {
			continue
		}
		ld.now = ld.now.Add(10 * time.Minute)
		d := trace.ProductDraft{
			Token: p.ID, Name: p.Name, Brand: p.Brand, GTIN: p.GTIN, Description: p.Description, Category: p.Category,
			UOM: p.UOM, NetContent: p.NetContent, CountryOfOrigin: p.CountryOfOrigin, AppliedStandards: p.AppliedStandards,
		}
		if p.ShelfLifeDays != 0 {
			d.ShelfLifeDays = trace.Decimal(strconv.Itoa(p.ShelfLifeDays))
		}
		if p.Image != "" {
			id, err := ld.document(ctx, p.Image, trace.Public)
			if err != nil {
				return err
			}
			d.Image = id
		}
		s, err := ld.RegisterProduct(ctx, ld.manager, d)
		if err != nil {
			return err
		}
		ld.ids[p.ID] = s.Doc.ID
	}
	return nil
}

// document keeps a file of the district.
func (ld *loader) document(ctx context.Context, name string, v trace.Visibility) (string, error) {
	data, err := File(name)
	if err != nil {
		return "", err
	}
	s, err := ld.AddDocument(ctx, ld.manager, "", path.Base(name), v, bytes.NewReader(data))
	return s.Doc.ID, err
}

func (ld *loader) lots(ctx context.Context) error {
	own := map[string]bool{}
	for _, p := range ld.district.Products {
		own[p.ID] = p.Organisation == ld.org.ID
	}
	for _, lot := range ld.district.Lots {
		if !own[lot.Product] {
			continue
		}
		if err := ld.lot(ctx, lot); err != nil {
			return fmt.Errorf("lot %s: %w", lot.ID, err)
		}
	}
	return nil
}

func (ld *loader) lot(ctx context.Context, lot Lot) error {
	d := trace.BatchDraft{
		Token: lot.ID, Product: ld.ids[lot.Product], Lot: lot.Lot,
		HarvestDate: ld.day(lot.HarvestDate), ProductionDate: ld.day(lot.ProductionDate), PackagingDate: ld.day(lot.PackagingDate),
		BestBeforeDate: ld.day(lot.BestBeforeDate), ExpirationDate: ld.day(lot.ExpirationDate),
		Quantity: trace.QuantityDraft{Value: decimal(lot.Quantity.Value), UOM: lot.Quantity.UOM},
	}
	for _, p := range lot.Places {
		d.Places = append(d.Places, ld.ids[p])
	}
	// It is registered in the morning of the last day that it names.
	registered := settled
	for _, day := range []*Day{lot.HarvestDate, lot.ProductionDate, lot.PackagingDate} {
		if day != nil {
			registered = max(registered, *day)
		}
	}
	if err := ld.at(registered, "07:00"); err != nil {
		return err
	}
	s, err := ld.RegisterBatch(ctx, ld.staff, d)
	if err != nil {
		return err
	}
	code := s.Doc.Code
	ld.ids[lot.ID] = code

	type deed struct {
		at time.Time
		do func() error
	}
	var deeds []deed
	add := func(day Day, clock Clock, do func() error) error {
		at, err := clock.On(day, ld.today)
		deeds = append(deeds, deed{at, do})
		return err
	}
	for _, step := range lot.Steps {
		if kind, ok := trace.StepByID(step.Step); !ok || !kind.Offered {
			continue // the harvest is the event that the lot is born with
		}
		err := add(step.Day, step.Time, func() error {
			_, err := ld.RecordEvent(ctx, ld.staff, trace.EventDraft{
				Batch: code, Step: step.Step, Date: ld.day(&step.Day), Time: string(step.Time), Place: ld.ids[step.Place], Note: step.Note,
			})
			return err
		})
		if err != nil {
			return err
		}
	}
	for _, change := range lot.History {
		by := ld.staff
		if change.By == "manager" {
			by = ld.manager
		}
		err := add(change.Day, change.Time, func() error {
			var err error
			switch change.Action {
			case "release":
				_, err = ld.ReleaseBatch(ctx, by, code, change.Reason)
			case "hold":
				_, err = ld.HoldBatch(ctx, by, code, change.Reason)
			case "void":
				_, err = ld.VoidBatch(ctx, by, code, change.Reason)
			default:
				err = fmt.Errorf("no action %q", change.Action)
			}
			return err
		})
		if err != nil {
			return err
		}
	}
	slices.SortStableFunc(deeds, func(a, b deed) int { return a.at.Compare(b.at) })
	born := ld.now
	for _, deed := range deeds {
		ld.now = deed.at
		if deed.at.Before(born) { // told when the lot was registered
			ld.now = born
		}
		if err := deed.do(); err != nil {
			return err
		}
	}
	return nil
}

func (ld *loader) certificates(ctx context.Context) error {
	for _, step := range []func(context.Context, Certificate) error{ld.certificate, ld.decide} {
		for _, c := range ld.district.Certificates {
			if c.Organisation != ld.org.ID {
				continue
			}
			if err := step(ctx, c); err != nil {
				return fmt.Errorf("certificate %s: %w", c.ID, err)
			}
		}
	}
	return nil
}

func (ld *loader) certificate(ctx context.Context, c Certificate) error {
	day := Day(-1)
	if len(c.History) > 0 {
		day = c.History[0].Day
	}
	if err := ld.at(day, "08:00"); err != nil {
		return err
	}
	d := trace.CertificateDraft{
		Token: c.ID, Scheme: c.Scheme, Edition: c.Edition, Number: c.Number, Agency: c.Agency,
		StartDate: ld.day(&c.StartDate), EndDate: ld.day(c.EndDate), ExemptionBasis: c.ExemptionBasis,
	}
	if c.Agency == "" {
		d.Agency = ld.org.Name // its own declaration
	}
	for _, s := range c.Subjects {
		subject := trace.SubjectDraft{Product: ld.ids[s.Product], Place: ld.ids[s.Place], Batch: ld.ids[s.Lot], Season: s.Season}
		if s.Area != 0 {
			subject.AreaHa = decimal(s.Area)
		}
		if s.Yield != nil {
			subject.Yield = trace.QuantityDraft{Value: decimal(s.Yield.Value), UOM: s.Yield.UOM}
		}
		d.Subjects = append(d.Subjects, subject)
	}
	v := trace.Public
	if c.Scheme == "test_report" {
		v = trace.Private // a laboratory's figures are the owner's to show
	}
	for _, name := range c.Documents {
		id, err := ld.document(ctx, name, v)
		if err != nil {
			return err
		}
		d.Documents = append(d.Documents, id)
	}
	s, err := ld.FileCertificate(ctx, ld.manager, d)
	if err != nil {
		return err
	}
	ld.ids[c.ID] = s.Doc.ID
	return nil
}

// decide takes the decisions about a certificate; those that name its successor need that to be filed.
func (ld *loader) decide(ctx context.Context, c Certificate) error {
	for _, e := range c.History {
		if err := ld.at(e.Day, "10:00"); err != nil {
			return err
		}
		by := ld.official
		if e.Action == "submit" {
			by = ld.manager
		}
		_, err := ld.DecideCertificate(ctx, by, ld.ids[c.ID], e.Action, trace.DecisionDraft{
			From: ld.day(&e.Day), Number: e.Decision, Reason: e.Reason, Method: e.Method, Successor: ld.ids[e.Successor],
		})
		if err != nil {
			return fmt.Errorf("%s: %w", e.Action, err)
		}
	}
	return nil
}

func (ld *loader) recalls(ctx context.Context) error {
	for _, r := range ld.district.Recalls {
		if r.Organisation != ld.org.ID {
			continue
		}
		if err := ld.at(r.OpenedAt.Day, r.OpenedAt.Time); err != nil {
			return err
		}
		d := trace.RecallDraft{Token: r.ID, Kind: r.Kind, Reason: r.Reason}
		for _, lot := range r.Lots {
			d.Batches = append(d.Batches, ld.ids[lot])
		}
		if _, err := ld.OpenRecall(ctx, ld.manager, d); err != nil {
			return err
		}
	}
	return nil
}

// day writes a day as drafts have it, and nothing for none.
func (ld *loader) day(d *Day) string {
	if d == nil {
		return ""
	}
	return d.Date(ld.today).Format(time.DateOnly)
}

func decimal(v float64) trace.Decimal { return trace.Decimal(strconv.FormatFloat(v, 'f', -1, 64)) }

// Shown is what `serve -demo` announces.
type Shown struct{ Lines []Line }

// Line is one address to open.
type Line struct {
	Name, URL, Note string
}

// Show finds the lots and people that the district marks as worth showing. Each person gets a fresh
// password: there are no default ones, and the old ones are known to nobody.
func Show(ctx context.Context, l *trace.Ledger, people *auth.Directory) (*Shown, error) {
	d, err := Load()
	if err != nil {
		return nil, err
	}
	var shown Shown
	for _, name := range []string{"page", "recalled"} {
		for _, lot := range d.Lots {
			if lot.Demo != name {
				continue
			}
			b, err := find(ctx, l, d, lot)
			if err != nil {
				return nil, err
			}
			shown.Lines = append(shown.Lines, Line{Name: name, URL: l.CodeURL(b), Note: trace.SpellCode(b.Code)})
		}
	}
	passwords := map[string]string{}
	for _, p := range d.People {
		password, err := welcome(ctx, people, p)
		if err != nil {
			return nil, err
		}
		passwords[p.Email] = password
	}
	for _, name := range []string{"staff", "official", "buyer"} {
		for _, p := range d.People {
			if p.Demo == name {
				shown.Lines = append(shown.Lines, Line{Name: name, URL: l.Base + "/login", Note: p.Email + " " + passwords[p.Email]})
			}
		}
	}
	return &shown, nil
}

// find finds a lot of the district among the records.
func find(ctx context.Context, l *trace.Ledger, d *District, lot Lot) (*trace.Batch, error) {
	i := slices.IndexFunc(d.Products, func(p Product) bool { return p.ID == lot.Product })
	after := ""
	for {
		page, next, err := l.Batches(ctx, trace.System, trace.BatchFilter{Organisation: d.Products[i].Organisation}, after, 200)
		if err != nil {
			return nil, err
		}
		for _, b := range page {
			if b.Doc.Lot == lot.Lot {
				return &b.Doc, nil
			}
		}
		if after = next; next == "" {
			return nil, fmt.Errorf("sample: lot %s is not there", lot.ID)
		}
	}
}

// welcome adds a person, or gives one who is there a new password.
func welcome(ctx context.Context, people *auth.Directory, p Person) (password string, err error) {
	_, password, err = people.AddAccount(ctx, auth.Command, auth.AccountDraft{
		Email: p.Email, Name: p.Name, Role: auth.Role(p.Role), Org: p.Organisation, Unit: p.Unit,
	})
	if err == nil {
		return password, nil
	}
	if _, there := people.Account(ctx, auth.Command, p.Email); there != nil {
		return "", err
	}
	return people.ResetPassword(ctx, auth.Command, p.Email)
}
