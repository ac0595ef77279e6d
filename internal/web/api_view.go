package web

import (
	"time"

	"truynguon/internal/trace"
)

// What the API answers are the documents of the domain, with the times of their keeping and links
// beside. Who did something is personal data: it is told to those who see the organisation's records, and
// to all others only in which role it was done.

// kept are the times of a record's keeping.
type kept struct {
	// CreatedAt is when the record was made.
	CreatedAt time.Time `json:"createdAt"`
	// UpdatedAt is when the record was last changed.
	UpdatedAt time.Time `json:"updatedAt"`
}

func keptOf[T any](st trace.Stored[T]) kept { return kept{st.Created, st.Updated} }

// actorView is who did something. Those who do not see the organisation's records are told the role alone.
type actorView struct {
	// ID is the identifier of the account or API key.
	ID string `json:"id,omitempty"`
	// Name is how people know the person or program.
	Name string `json:"name,omitempty"`
	// Role is the role in which it was done.
	Role trace.Role `json:"role"`
	// Org is the organisation of a manager or staff member.
	Org string `json:"org,omitempty"`
	// Unit is the administrative unit of an official.
	Unit string `json:"unit,omitempty"`
}

func viewActor(a trace.Actor, sees bool) actorView {
	if !sees {
		return actorView{Role: a.Role}
	}
	return actorView{ID: a.ID, Name: a.Name, Role: a.Role, Org: a.Org, Unit: a.Unit}
}

// listOf makes an empty list of none, so that JSON has [] and not null.
func listOf[T any](items []T) []T {
	if items == nil {
		return []T{}
	}
	return items
}

type organisationView struct {
	trace.Organisation
	kept
}

func (s *Server) viewOrganisation(c *request, st trace.Stored[trace.Organisation]) organisationView {
	o := st.Doc
	if !c.actor.Sees(o.ID, o.UnitPath) {
		o.Representative, o.Phone = "", ""
	}
	o.UnitPath = listOf(o.UnitPath)
	return organisationView{o, keptOf(st)}
}

type placeView struct {
	trace.Place
	kept
}

func (s *Server) viewPlace(_ *request, st trace.Stored[trace.Place]) placeView {
	return placeView{st.Doc, keptOf(st)}
}

type productView struct {
	trace.Product
	kept
}

func (s *Server) viewProduct(_ *request, st trace.Stored[trace.Product]) productView {
	return productView{st.Doc, keptOf(st)}
}

type documentView struct {
	trace.Document
	kept
	// Links lead to the document's bytes.
	Links documentLinks `json:"links"`
}

type documentLinks struct {
	// Content is the address of the bytes in the API.
	Content string `json:"content"`
	// Page is the address at which anybody may open a public document.
	Page string `json:"page,omitempty"`
	// Shared is the address at which whoever has it may open a shared document. Only those who keep the
	// organisation's records are told it.
	Shared string `json:"shared,omitempty"`
}

func (s *Server) viewDocument(_ *request, st trace.Stored[trace.Document]) documentView {
	v := documentView{Document: st.Doc, kept: keptOf(st)}
	v.Links.Content = s.Ledger.Base + apiBase + "/documents/" + st.Doc.ID + "/content"
	if st.Doc.Visibility == trace.Public {
		v.Links.Page = s.Ledger.Base + "/d/" + st.Doc.ID
	}
	if st.Doc.ShareKey != "" {
		v.Links.Shared = s.shareLink(&st.Doc)
	}
	return v
}

type batchView struct {
	trace.Batch
	// Documents are the ids of what was attached.
	Documents []string `json:"documents"`
	// Steps are the changes of state, oldest first; the first is the registration.
	Steps []stepView `json:"steps"`
	kept
	// Links lead to the lot's page and labels.
	Links batchLinks `json:"links"`
}

type stepView struct {
	// State is what the lot became.
	State trace.State `json:"state"`
	// At is when.
	At time.Time `json:"at"`
	// By is who changed it.
	By actorView `json:"by"`
	// Reason is why, where a reason is asked for.
	Reason string `json:"reason,omitempty"`
	// Recall is the id of the recall, if it was one.
	Recall string `json:"recall,omitempty"`
	// Gate is what the safety gate said, if that is why the lot was held or what an official overrode.
	Gate *publicGate `json:"gate,omitempty"`
}

type batchLinks struct {
	// Page is the lot's public page, by its own code.
	Page string `json:"page"`
	// DigitalLink is the lot's GS1 Digital Link, if its product has a GTIN.
	DigitalLink string `json:"digitalLink,omitempty"`
	// Labels are the lot's label, ready to print, by format.
	Labels map[string]string `json:"labels"`
}

func (s *Server) viewBatch(c *request, st trace.Stored[trace.Batch]) batchView {
	b := st.Doc
	sees := c.actor.Sees(b.Organisation, b.UnitPath)
	v := batchView{Batch: b, Documents: listOf(b.Documents), Steps: []stepView{}, kept: keptOf(st)}
	v.Places, v.UnitPath = listOf(b.Places), listOf(b.UnitPath)
	for _, step := range b.Steps {
		var gate *publicGate
		if step.Gate != nil {
			gate = gateJSON(c.words, step.Gate, nil)
		}
		v.Steps = append(v.Steps, stepView{
			State: step.State, At: step.At, By: viewActor(step.By, sees), Reason: stepReason(c.words, step), Recall: step.Recall, Gate: gate,
		})
	}
	v.Links = batchLinks{Page: s.Ledger.PageURL(&b), DigitalLink: s.Ledger.DigitalLink(&b), Labels: map[string]string{}}
	for _, f := range labelFormats {
		v.Links.Labels[f.Ext] = s.Ledger.Base + apiBase + "/batches/" + b.Code + "/label." + f.Ext
	}
	return v
}

type eventView struct {
	trace.Event
	// By is who recorded it.
	By actorView `json:"by"`
}

func viewEvent(e trace.Event, sees bool) eventView { return eventView{e, viewActor(e.By, sees)} }

type certificateView struct {
	trace.Certificate
	// Subjects are what it covers; without one it covers all that the organisation makes.
	Subjects []trace.Subject `json:"subjects"`
	// Documents are the ids of the document's scans.
	Documents []string `json:"documents"`
	// History is every decision about it, oldest first; the first is the filing.
	History []decisionView `json:"statusHistory"`
	// Verifications are the times it was verified, oldest first.
	Verifications []verificationView `json:"verifications"`
	// Standing is what the certificate is worth today. Only in_force may be read as valid.
	Standing trace.Standing `json:"standing"`
	// Evidence is how well it is supported.
	Evidence trace.Evidence `json:"evidence"`
	kept
	// Links lead to the certificate's page.
	Links pageLink `json:"links"`
}

type pageLink struct {
	// Page is the public page.
	Page string `json:"page"`
}

type decisionView struct {
	// Status is what the certificate became.
	Status trace.CertificateStatus `json:"status"`
	// From is the day from which the decision holds.
	From trace.Date `json:"from"`
	// At is when it was recorded.
	At time.Time `json:"at"`
	// By is who decided.
	By actorView `json:"by"`
	// Number is that of the written decision.
	Number string `json:"decision,omitempty"`
	// Reason is why.
	Reason string `json:"reason,omitempty"`
	// Successor is the id of the certificate that takes its place, if it was superseded by one.
	Successor string `json:"successor,omitempty"`
}

type verificationView struct {
	// At is when.
	At time.Time `json:"at"`
	// By is who verified it.
	By actorView `json:"by"`
	// Method is how.
	Method trace.Method `json:"method"`
	// Source is the register's address, the letter, or what else was consulted.
	Source string `json:"source,omitempty"`
	// SHA256 are the digests of the documents that were looked at.
	SHA256 []string `json:"sha256"`
	// IssuerBasis is what showed that the issuer was competent.
	IssuerBasis string `json:"issuerBasis,omitempty"`
	// IssuerFrom is the first day of that competence.
	IssuerFrom trace.Date `json:"issuerFrom,omitempty"`
	// IssuerTo is its last day; none if it has no end.
	IssuerTo trace.Date `json:"issuerTo,omitempty"`
}

func (s *Server) viewCertificate(c *request, st trace.Stored[trace.Certificate]) certificateView {
	k := st.Doc
	sees := c.actor.Sees(k.Organisation, k.UnitPath)
	v := certificateView{
		Certificate: k, Subjects: listOf(k.Subjects), Documents: listOf(k.Documents),
		History: []decisionView{}, Verifications: []verificationView{},
		Standing: k.StandingOn(s.Ledger.Today()), Evidence: k.Evidence(), kept: keptOf(st),
		Links: pageLink{Page: s.Ledger.Base + "/c/" + k.ID},
	}
	v.UnitPath = listOf(k.UnitPath)
	for _, d := range k.History {
		v.History = append(v.History, decisionView{
			Status: d.Status, From: d.From, At: d.At, By: viewActor(d.By, sees), Number: d.Number, Reason: d.Reason, Successor: d.Successor,
		})
	}
	for _, d := range k.Verifications {
		v.Verifications = append(v.Verifications, verificationView{
			At: d.At, By: viewActor(d.By, sees), Method: d.Method, Source: d.Source, SHA256: listOf(d.SHA256),
			IssuerBasis: d.IssuerBasis, IssuerFrom: d.IssuerFrom, IssuerTo: d.IssuerTo,
		})
	}
	return v
}

type recallView struct {
	trace.Recall
	// OpenedBy is who opened it.
	OpenedBy actorView `json:"openedBy"`
	kept
}

func (s *Server) viewRecall(c *request, st trace.Stored[trace.Recall]) recallView {
	r := st.Doc
	v := recallView{Recall: r, OpenedBy: viewActor(r.OpenedBy, c.actor.Sees(r.Organisation, r.UnitPath)), kept: keptOf(st)}
	v.Batches, v.UnitPath = listOf(r.Batches), listOf(r.UnitPath)
	return v
}
