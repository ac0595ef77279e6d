package web

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"html/template"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"truynguon/internal/blob"
	"truynguon/internal/fault"
	"truynguon/internal/label"
	"truynguon/internal/trace"
)

// maxQR is the longest address in bytes that an evidence sheet draws as a QR code: one that a phone still
// reads from paper.
const maxQR = 400

// VerifyPage is where anybody checks certificates and lots. With an answer it is an evidence sheet: dated,
// with an address of its own, to be printed or passed on.
type VerifyPage struct {
	Base
	// Query is what was asked about, and With the lot that certificates are held against.
	Query, With string
	// Sheet is the answer, nil if nothing was asked.
	Sheet *verifySheet
	// NoFile tells that a form was sent without its file.
	NoFile bool
}

// verifySheet is an answer as it is shown.
type verifySheet struct {
	Kind trace.AnswerKind
	// Asked is what was asked about, as it is shown; IsFile tells that it is a file's digest.
	Asked  string
	IsFile bool
	// When is the time of the answer with its zone.
	When string
	// URL is the answer's own address, and QR the same to be scanned; empty if it is too long for that.
	URL string
	QR  template.HTML
	// PDF is the address of the sheet as a file.
	PDF string
	// Notes are sentences about the answer as a whole.
	Notes []string
	// May are what it may mean that nothing was found.
	May          []string
	Lot          *verifyLot
	Product      *trace.Product
	Certificates []verifyCard
	// AskLot asks for the lot that the certificate should be held against.
	AskLot bool
	// Doubt is the form for reporting a doubt, nil unless nothing was found.
	Doubt *Form
}

// verifyLot is a lot in an answer.
type verifyLot struct {
	Code, Link, Name, Lot, Maker, MakerLink string
	Verdict                                 trace.Verdict
	Tone, Title, Text                       string
	Reasons                                 []string
}

// verifyCard is a certificate in an answer, with each check as a line of its own.
type verifyCard struct {
	Title, Link string
	// Match tells what the file that was asked about is to the certificate, in words; MatchTone its colour.
	Match, MatchTone string
	// Standing is what it is worth today, in a word and in a sentence.
	Standing, StandingText, Tone string
	Facts                        []Fact
	// Against tells which lot the checks are about, empty for none.
	Against string
	// Counts says how many checks have which result.
	Counts string
	Lines  []verifyLine
	// Register is where anybody can look it up, empty if no such place is known.
	Register, RegisterName string
}

// verifyLine is one check in words.
type verifyLine struct {
	Name, Word, Text, Sign string
	Tone                   string
	Result                 trace.Result
	// Bare tells that the check is not known only because no lot was asked about.
	Bare bool
}

// verifyPage answers GET /verify: the form, and with ?q= the answer.
func (s *Server) verifyPage(c *request) error {
	p := &VerifyPage{Base: s.base(c, "verify.title"), Query: c.asked("q"), With: c.asked("lot")}
	p.NoIndex = c.Query("q") != "" || c.Query("lot") != ""
	p.keep(c, "q", "lot")
	if p.Query == "" {
		p.Query, p.With = p.With, ""
	}
	if p.Query == "" {
		return s.render(c, "verify", p)
	}
	a, with, err := s.verify(c, p.Query, p.With)
	if err != nil {
		return err
	}
	units, err := s.Ledger.Units(c.ctx())
	if err != nil {
		return err
	}
	p.Title = p.T("verify.title_of", shorten(p.Query, 60))
	p.Sheet = p.sheet(&a, with, units, s.Ledger.Base+verifyPath(p.Query, p.With))
	if !a.Found() {
		p.Sheet.Doubt = doubtForm(c, shorten(p.Query, 80))
	}
	return s.render(c, "verify", p)
}

// asked is a parameter that names what is asked about.
func (c *request) asked(name string) string {
	return strings.TrimSpace(strings.ToValidUTF8(c.Query(name), "\ufffd"))
}

// verifyPath is the address of an answer on this site.
func verifyPath(q, lot string) string {
	v := url.Values{"q": {q}}
	if lot != "" {
		v.Set("lot", lot)
	}
	return "/verify?" + v.Encode()
}

func shorten(s string, most int) string {
	if r := []rune(s); len(r) > most {
		return string(r[:most]) + "…"
	}
	return s
}

// verify asks the ledger about one query, and about the lot that goes with it, if any. Typed the wrong way
// round they mean the same.
func (s *Server) verify(c *request, q, lot string) (a trace.Answer, with *trace.Answer, err error) {
	queries := []string{q}
	if lot != "" {
		queries = append(queries, lot)
	}
	answers, err := s.ask(c, queries)
	if err != nil {
		return a, nil, err
	}
	a = answers[0]
	if lot != "" {
		with = &answers[1]
		if a.Lot != nil && with.Lot == nil && len(with.Certificates) > 0 {
			a, with = *with, &answers[0]
		}
	}
	return a, with, nil
}

// ask asks the ledger, within what one network address may ask in an hour.
func (s *Server) ask(c *request, queries []string) ([]trace.Answer, error) {
	if wait := s.asked.spend(s.client(c.Ctx), len(queries), time.Now()); wait > 0 {
		return nil, fault.New(fault.TooMany, "verify_slow_down", int(wait/time.Second)+1, int(wait/time.Minute)+1)
	}
	return s.Ledger.Verify(c.ctx(), queries)
}

// sheet puts an answer into words.
func (b *Base) sheet(a *trace.Answer, with *trace.Answer, units map[string]trace.Unit, address string) *verifySheet {
	v := &verifySheet{Kind: a.Kind, Asked: shorten(a.Query, 120), IsFile: isDigest(a.Query), When: b.moment(a.At), URL: address}
	_, query, _ := strings.Cut(address, "?")
	v.PDF = "/verify.pdf?" + query
	if len(address) <= maxQR {
		if svg, err := label.SVGCode(address); err == nil {
			v.QR = template.HTML(svg) //nolint:gosec // our own drawing, which escapes its title
		}
	}
	if a.Product != nil {
		v.Product = a.Product
		v.Notes = append(v.Notes, b.T("verify.product"))
	}
	if a.Lot != nil {
		v.Lot = b.verifyLot(a.Lot)
		v.Certificates = b.lotCards(a.Lot, units)
		if a.Lot.Verdict != trace.NotReleased && len(v.Certificates) == 0 {
			v.Notes = append(v.Notes, b.T("provenance.no_certificates"))
		}
	}
	lot := against(with)
	switch {
	case with == nil:
	case lot == nil:
		v.Notes = append(v.Notes, b.T("verify.lot_unknown", shorten(with.Query, 60)))
	case lot.Verdict == trace.NotReleased:
		v.Notes = append(v.Notes, b.T("verify.lot_closed", trace.SpellCode(lot.Code)))
		lot = nil
	case len(a.Certificates) > 0:
		v.Lot = b.verifyLot(lot)
	}
	for i := range a.Certificates {
		k := &a.Certificates[i]
		card := b.card(&k.Certificate, k.Scheme, &k.Organisation, k.Standing, checksAgainst(k, lot, a.Today), units)
		if lot != nil {
			card.Against = b.T("verify.against", trace.SpellCode(lot.Code))
		}
		if k.Match != "" {
			card.Match = b.T("match." + string(k.Match))
			card.MatchTone = map[trace.DocumentMatch]string{trace.MatchRegistered: "good", trace.MatchUnverified: "warn", trace.MatchOlder: "bad"}[k.Match]
		}
		v.Certificates = append(v.Certificates, card)
	}
	if n := len(a.Certificates); n > 1 && a.Kind != trace.AnswerDocument {
		v.Notes = append(v.Notes, b.N("verify.several", n))
	} else if n == 1 && a.Kind == trace.AnswerCertificate && differs(a.Query, a.Certificates[0].Certificate.Number) {
		v.Notes = append(v.Notes, b.T("verify.not_exact", a.Certificates[0].Certificate.Number))
	}
	v.AskLot = len(a.Certificates) > 0 && a.Lot == nil && lot == nil
	if !a.Found() {
		kinds := []string{"mistyped", "elsewhere", "not_yet", "forged"}
		if v.IsFile {
			kinds = []string{"resaved", "photo", "elsewhere", "forged"}
		}
		for _, k := range kinds {
			v.May = append(v.May, b.T("verify.may."+k))
		}
	}
	return v
}

// isDigest reports whether a query asks about a file.
func isDigest(q string) bool {
	q = strings.ReplaceAll(strings.TrimPrefix(strings.ToLower(q), "sha256:"), " ", "")
	_, err := hex.DecodeString(q)
	return len(q) == 64 && err == nil
}

// differs reports whether a typed number differs from the one on record by more than case and spaces. A
// certificate's page has no number in it.
func differs(query, number string) bool {
	bare := func(s string) string { return strings.ToLower(strings.Join(strings.Fields(s), "")) }
	return !strings.Contains(query, "/c/") && bare(query) != bare(number)
}

// moment writes a time with its zone.
func (b *Base) moment(t time.Time) string {
	return b.T("verify.moment", b.Time(t), t.In(b.Zone()).Format("-07:00"))
}

// against is the lot that certificates are held against, nil if what was named is none.
func against(with *trace.Answer) *trace.LotAnswer {
	if with == nil {
		return nil
	}
	return with.Lot
}

// checksAgainst are a certificate's checks about a lot. Where the lot's own lookups do not lead to the
// certificate, what depends on the lot is looked at here, and the rest stays as it is.
func checksAgainst(k *trace.CertificateAnswer, lot *trace.LotAnswer, today trace.Date) trace.Checks {
	if lot == nil {
		return k.Checks
	}
	for i := range lot.Certificates {
		if on := &lot.Certificates[i]; on.Certificate.ID == k.Certificate.ID {
			return on.Checks
		}
	}
	about := trace.Check(&k.Certificate, k.Scheme, &lot.Batch, trace.CheckFacts{Today: today})
	out := slices.Clone(k.Checks)
	for i, l := range out {
		switch l.ID {
		case trace.CheckHolder, trace.CheckScope, trace.CheckDateThen, trace.CheckStatusThen, trace.CheckVolume:
			out[i] = about.Of(l.ID)
		}
	}
	return out
}

// verdictTone is the colour of a verdict. None is green: a lot in order is one whose checks all are.
func verdictTone(v trace.Verdict) string {
	switch v {
	case trace.CalledBack, trace.PastDate:
		return "bad"
	case trace.Incomplete, trace.OnHold:
		return "warn"
	}
	return "calm"
}

func (b *Base) verifyLot(l *trace.LotAnswer) *verifyLot {
	v := &verifyLot{
		Code: trace.SpellCode(l.Code), Link: "/l/" + l.Code, Verdict: l.Verdict, Tone: verdictTone(l.Verdict),
		Title: b.T(fmt.Sprintf("verdict.%s.title", l.Verdict)), Text: b.T(fmt.Sprintf("verdict.%s.text", l.Verdict)),
		Maker: l.Organisation.Name, MakerLink: "/p/" + l.Organisation.ID, Name: l.Product.Name, Lot: l.Batch.Lot,
	}
	if l.Verdict == trace.Incomplete {
		for _, code := range l.Missing {
			v.Reasons = append(v.Reasons, b.T("missing."+code))
		}
	}
	if r := l.Recall; r != nil && l.Verdict == trace.CalledBack {
		v.Reasons = append(v.Reasons, r.Reason)
	}
	return v
}

// lotCards are the certificates of a lot, each with its checks against the lot.
func (b *Base) lotCards(l *trace.LotAnswer, units map[string]trace.Unit) (out []verifyCard) {
	for i := range l.Certificates {
		on := &l.Certificates[i]
		holder := l.Organisation
		if on.Certificate.Organisation != holder.ID {
			holder = trace.Organisation{ID: on.Certificate.Organisation, Name: on.Certificate.Organisation}
		}
		card := b.card(&on.Certificate, on.Scheme, &holder, on.Today, on.Checks, units)
		card.Against = b.T("verify.against", trace.SpellCode(l.Code))
		out = append(out, card)
	}
	return out
}

// card puts a certificate and its checks into words.
func (b *Base) card(k *trace.Certificate, scheme trace.Scheme, holder *trace.Organisation, standing trace.Standing, checks trace.Checks, units map[string]trace.Unit) verifyCard {
	v := verifyCard{
		Title: b.SchemeName(scheme, k.Scheme), Link: "/c/" + k.ID, Standing: b.T("standing." + string(standing)),
		StandingText: b.T("standing." + string(standing) + ".text"), Tone: b.StandingTone(standing), Lines: b.lines(checks),
	}
	v.Counts = b.counts(checks)
	if r := scheme.Register; r != nil && r.URL != "" {
		v.Register, v.RegisterName = r.URL, r.Names[b.Lang()]
		if v.RegisterName == "" {
			v.RegisterName = r.Names["vi"]
		}
	}
	add := func(key, value string) *Fact {
		if value == "" {
			return &Fact{}
		}
		v.Facts = append(v.Facts, Fact{Label: b.T(key), Value: value})
		return &v.Facts[len(v.Facts)-1]
	}
	add("certificate.number", k.Number).Mono = true
	add("certificate.edition", k.Edition)
	add("certificate.agency", k.Agency)
	add("certificate.holder", holder.Name).Link = "/p/" + holder.ID
	add("certificate.startDate", b.Day(k.StartDate))
	end := b.Day(k.EndDate)
	if end == "" {
		end = b.T("certificate.no_end")
	}
	add("certificate.endDate", end)
	for _, w := range k.Verifications {
		parts := []string{b.T("method." + string(w.Method)), b.Time(w.At), b.T("role." + string(w.By.Role))}
		if w.By.Role == "" {
			parts = parts[:2]
		}
		if u, ok := units[w.By.Unit]; ok {
			parts = append(parts, u.Name)
		}
		if w.Source != "" {
			parts = append(parts, w.Source)
		}
		add("certificate.verified", strings.Join(parts, " – "))
	}
	if len(k.Verifications) == 0 {
		add("certificate.verified", b.T("verify.nobody"))
	}
	return v
}

// reasonNoLot is why a check is not known that depends on a lot, if none was asked about.
const reasonNoLot = "no_lot"

// lines puts checks into words, each for itself.
func (b *Base) lines(checks trace.Checks) (out []verifyLine) {
	for _, l := range checks {
		out = append(out, verifyLine{
			Name: b.T("check." + string(l.ID)), Word: b.T("check.result." + string(l.Result)), Text: b.T(l.Key(), l.Args...),
			Sign: map[trace.Result]string{trace.Passed: "✓", trace.Failed: "✕"}[l.Result], Result: l.Result,
			Tone: map[trace.Result]string{trace.Passed: "good", trace.Failed: "bad", trace.NotKnown: "warn"}[l.Result],
			Bare: l.Reason == reasonNoLot,
		})
		switch last := &out[len(out)-1]; {
		case last.Bare:
			last.Sign, last.Tone = "–", "calm"
		case l.Result == trace.NotKnown:
			last.Sign = "?"
		}
	}
	return out
}

// counts says how many checks have which result.
func (b *Base) counts(checks trace.Checks) string {
	n := map[trace.Result]int{}
	bare := 0
	for _, l := range checks {
		if l.Reason == reasonNoLot {
			bare++
		} else {
			n[l.Result]++
		}
	}
	text := b.T("verify.counts", n[trace.Passed], n[trace.Failed], n[trace.NotKnown])
	if bare > 0 {
		text += " · " + b.T("verify.counts_bare", bare)
	}
	return text
}

// verifyFile answers POST /verify, for browsers without JavaScript: it takes a file's digest, keeps nothing
// of it, and leads to the answer about that.
func (s *Server) verifyFile(c *request) error {
	form, err := c.MultipartForm() // in memory: none of it is written to a disk
	if err != nil {
		return fault.New(fault.Malformed, "multipart")
	}
	lot := ""
	if v := form.Value["lot"]; len(v) > 0 {
		lot = strings.TrimSpace(v[0])
	}
	files := form.File["file"]
	if len(files) == 0 || files[0].Size == 0 {
		c.Status(http.StatusUnprocessableEntity)
		return s.render(c, "verify", &VerifyPage{Base: s.base(c, "verify.title"), With: lot, NoFile: true})
	}
	if files[0].Size > blob.MaxSize {
		return fault.TooLarge
	}
	f, err := files[0].Open()
	if err != nil {
		return err
	}
	defer f.Close() //nolint:errcheck // read only
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return err
	}
	return c.Redirect(verifyPath(hex.EncodeToString(h.Sum(nil)), lot), http.StatusSeeOther)
}
