package web

import (
	"net/http"
	"reflect"
	"time"

	"truynguon/internal/fault"
	"truynguon/internal/trace"
)

// verifyDraft is what is sent to check many numbers and codes at once.
type verifyDraft struct {
	// Queries are certificate numbers, lot codes, links or the SHA-256 digests of documents, at most 1,000.
	Queries []string `json:"queries"`
}

// verifyView is what a program is told about one query.
type verifyView struct {
	// Query is what was asked, tidied and cut to 200 characters.
	Query string `json:"query"`
	// Kind tells what it turned out to mean: certificate, lot, product, document, unknown or empty.
	Kind trace.AnswerKind `json:"kind"`
	// At is when this was answered, and Today the day of the answer in the site's time zone.
	At    time.Time  `json:"at"`
	Today trace.Date `json:"today"`
	// URL is the answer's page.
	URL string `json:"url"`
	// Certificates are those found, what is in force first: two issuers may use one number.
	Certificates []verifyCertificateView `json:"certificates,omitempty"`
	// Lot is the lot found, or the one that certificates were held against.
	Lot *verifyLotView `json:"lot,omitempty"`
	// Product is the product that a GTIN without a lot number names.
	Product *verifyProductView `json:"product,omitempty"`
}

// verifyCertificateView is a certificate with each of its checks.
type verifyCertificateView struct {
	ID string `json:"id"`
	// URL is the certificate's page.
	URL     string `json:"url"`
	Scheme  string `json:"scheme"`
	Edition string `json:"edition,omitempty"`
	Number  string `json:"number,omitempty"`
	// Exact tells that the number is the one on record to the letter, and not only folded alike.
	Exact  bool   `json:"exact,omitempty"`
	Agency string `json:"agency"`
	// Holder is the organisation whose certificate it is, by its id, and HolderName its name.
	Holder     string     `json:"organisation"`
	HolderName string     `json:"organisationName,omitempty"`
	StartDate  trace.Date `json:"startDate"`
	EndDate    trace.Date `json:"endDate,omitempty"`
	// Standing is what it is worth today.
	Standing trace.Standing `json:"standing"`
	// InForce tells that it is verified and in force today by itself, whatever lot it is used for.
	InForce bool `json:"inForce"`
	// Evidence is how well it is supported.
	Evidence trace.Evidence `json:"evidence"`
	// Match tells what the file that was asked about is to it: registered, unverified or older.
	Match trace.DocumentMatch `json:"match,omitempty"`
	// Checks are the separate checks; none stands for the others.
	Checks []verifyCheckView `json:"checks"`
	// Verifications are the times it was verified, oldest first.
	Verifications []verifyVerificationView `json:"verifications,omitempty"`
}

// verifyCheckView is one check with its result.
type verifyCheckView struct {
	// Check names the check, Result is passed, failed or not_known, and Reason a stable word for why.
	Check  trace.CheckID `json:"check"`
	Result trace.Result  `json:"result"`
	Reason string        `json:"reason"`
	// Text is the reason in words.
	Text string `json:"text"`
}

// verifyVerificationView is one verification; of people it tells no more than their roles.
type verifyVerificationView struct {
	At time.Time `json:"at"`
	// Method tells how it was verified.
	Method trace.Method `json:"method"`
	// Role is that of who verified it, and Unit the code of the official's administrative unit.
	Role   trace.Role `json:"role,omitempty"`
	Unit   string     `json:"adminUnit,omitempty"`
	Source string     `json:"source,omitempty"`
}

// verifyLotView is a lot with the checks of each of its certificates. Of one that is not on the market no
// more is told than that.
type verifyLotView struct {
	// Code is the lot's own code, and URL its page.
	Code string `json:"code"`
	URL  string `json:"url"`
	// Verdict is what its page says first, and Missing why it is incomplete.
	Verdict      trace.Verdict `json:"verdict"`
	Missing      []string      `json:"missing,omitempty"`
	Organisation string        `json:"organisation"`
	// Product is the name of the product.
	Product string `json:"productName,omitempty"`
	// Certificates are those that concern it.
	Certificates []verifyCertificateView `json:"certificates,omitempty"`
	// Gate is what the safety gate says.
	Gate *publicGate `json:"safetyGate,omitempty"`
}

// verifyProductView is a product.
type verifyProductView struct {
	ID           string `json:"id"`
	Organisation string `json:"organisation"`
	Name         string `json:"name"`
	// GTIN is its trade item number.
	GTIN string `json:"gtin,omitempty"`
}

// verifyOperations are what anybody may ask without a key.
func (s *Server) verifyOperations() []operation {
	return []operation{
		{
			method: get, path: "/verify", id: "verify", who: anyone, success: http.StatusOK,
			summary: "The separate checks of a certificate or lot, by number, code, link or a document's SHA-256. Needs no key.",
			query: []parameter{
				{name: "q", about: "A certificate's number, a lot's code or link, or a document's SHA-256 in 64 hexadecimal digits.", kind: "string", required: true},
				{name: "lot", about: "The code or link of a lot that the certificate is to be held against.", kind: "string"},
			},
			out: reflect.TypeFor[verifyView](), outTypes: []string{typeJSON},
			handle: func(c *request) error {
				q, lot := c.asked("q"), c.asked("lot")
				a, with, err := s.verify(c, q, lot)
				if err != nil {
					return err
				}
				return s.reply(c, reply{status: http.StatusOK, body: s.viewAnswer(c, &a, with, s.Ledger.Base+verifyPath(q, lot))})
			},
		},
		{
			method: post, path: "/verify", id: "verify_many", who: anyone, success: http.StatusOK,
			summary: "The separate checks of up to 1,000 certificates and lots, in the order of the queries. Needs no key.",
			in:      reflect.TypeFor[verifyDraft](), inTypes: []string{typeJSON},
			out: reflect.TypeFor[listPage[verifyView]](), outTypes: []string{typeJSON},
			handle: s.verifyMany,
		},
		s.unmatchedOperation(),
	}
}

// verifyMany answers many queries. An Idempotency-Key is remembered of those with an API key alone: nothing
// is written here that it would have to guard, and strangers shall not fill the database.
func (s *Server) verifyMany(c *request) error {
	n, err := c.jsonBody(typeJSON)
	if err != nil {
		return err
	}
	var d verifyDraft
	var p fault.Problem
	bind(&p, "", n, reflect.ValueOf(&d).Elem())
	if len(p.Fields) == 0 && len(d.Queries) == 0 {
		p.Add("/queries", "missing")
	}
	if len(d.Queries) > trace.MaxQueries {
		p.Add("/queries", "too_many", trace.MaxQueries)
	}
	if err := p.Err(); err != nil {
		return err
	}
	answer := func(string) (reply, error) {
		answers, err := s.ask(c, d.Queries)
		if err != nil {
			return reply{}, err
		}
		page := listPage[verifyView]{Items: make([]verifyView, len(answers))}
		for i := range answers {
			page.Items[i] = s.viewAnswer(c, &answers[i], nil, s.Ledger.Base+verifyPath(answers[i].Query, ""))
		}
		return reply{status: http.StatusOK, body: page}, nil
	}
	if c.who.Known() {
		return s.once(c, c.Request().Body(), answer)
	}
	r, err := answer("")
	if err != nil {
		return err
	}
	return s.reply(c, r)
}

// viewAnswer is an answer for a program.
func (s *Server) viewAnswer(c *request, a, with *trace.Answer, address string) verifyView {
	v := verifyView{Query: a.Query, Kind: a.Kind, At: a.At, Today: a.Today, URL: address}
	lot := against(with)
	if lot != nil && lot.Verdict == trace.NotReleased {
		lot = nil
	}
	for i := range a.Certificates {
		k := &a.Certificates[i]
		w := s.viewVerified(c, &k.Certificate, checksAgainst(k, lot, a.Today))
		w.Exact, w.Match, w.Standing, w.Evidence, w.InForce = k.Exact, k.Match, k.Standing, k.Evidence, k.InForce
		w.HolderName = k.Organisation.Name
		v.Certificates = append(v.Certificates, w)
	}
	if a.Lot != nil {
		v.Lot = s.viewVerifiedLot(c, a.Lot)
	} else if l := against(with); l != nil {
		v.Lot = s.viewVerifiedLot(c, l)
	}
	if pr := a.Product; pr != nil {
		v.Product = &verifyProductView{ID: pr.ID, Organisation: pr.Organisation, Name: pr.Name, GTIN: pr.GTIN}
	}
	return v
}

func (s *Server) viewVerifiedLot(c *request, l *trace.LotAnswer) *verifyLotView {
	v := &verifyLotView{
		Code: l.Code, URL: s.Ledger.Base + "/l/" + l.Code, Verdict: l.Verdict, Missing: l.Missing, Organisation: l.Organisation.ID,
		Product: l.Product.Name,
	}
	if l.Gate != nil {
		v.Gate = gateJSON(c.words, l.Gate, nil)
	}
	for i := range l.Certificates {
		on := &l.Certificates[i]
		w := s.viewVerified(c, &on.Certificate, on.Checks)
		w.Standing, w.Evidence, w.InForce = on.Today, on.Evidence, on.Today == trace.InForce
		if on.Certificate.Organisation == l.Organisation.ID {
			w.HolderName = l.Organisation.Name
		}
		v.Certificates = append(v.Certificates, w)
	}
	return v
}

func (s *Server) viewVerified(c *request, k *trace.Certificate, checks trace.Checks) verifyCertificateView {
	v := verifyCertificateView{
		ID: k.ID, URL: s.Ledger.Base + "/c/" + k.ID, Scheme: k.Scheme, Edition: k.Edition, Number: k.Number, Agency: k.Agency,
		Holder: k.Organisation, StartDate: k.StartDate, EndDate: k.EndDate, Checks: make([]verifyCheckView, len(checks)),
	}
	for i, l := range checks {
		v.Checks[i] = verifyCheckView{Check: l.ID, Result: l.Result, Reason: l.Reason, Text: c.words.T(l.Key(), l.Args...)}
	}
	for _, w := range k.Verifications {
		v.Verifications = append(v.Verifications, verifyVerificationView{At: w.At, Method: w.Method, Role: w.By.Role, Unit: w.By.Unit, Source: w.Source})
	}
	return v
}
