package web

import (
	"net/http"
	"reflect"
	"strings"

	"truynguon/internal/fault"
	"truynguon/internal/trace"
)

// operations is the API, top to bottom.
func (s *Server) operations() []operation {
	all := []operation{{
		method: get, path: "/openapi.json", id: "get_description", summary: "This description.",
		who: anyone, success: http.StatusOK, outTypes: []string{typeJSON}, handle: s.openAPI,
	}}
	all = append(all, s.organisationOperations()...)
	all = append(all, s.placeOperations()...)
	all = append(all, s.plotOperations()...)
	all = append(all, s.productOperations()...)
	all = append(all, s.linkOperations()...)
	all = append(all, s.documentOperations()...)
	all = append(all, s.batchOperations()...)
	all = append(all, s.eventOperations()...)
	all = append(all, s.diaryOperations()...)
	all = append(all, s.certificateOperations()...)
	all = append(all, s.lineageOperations()...)
	all = append(all, s.verifyOperations()...)
	all = append(all, s.followOperations()...)
	all = append(all, s.rollOperations()...)
	all = append(all, s.coverageOperations()...)
	all = append(all, s.scanOperations()...)
	all = append(all, s.targetOperations()...)
	all = append(all, s.recallCaseOperations()...)
	return append(all, s.recallOperations()...)
}

func (s *Server) organisationOperations() []operation {
	r := &resource[trace.Organisation, trace.OrganisationDraft, organisationView]{
		path: "/organisations", noun: "organisation", plural: "organisations",
		key:  func(o *trace.Organisation) string { return o.ID },
		view: s.viewOrganisation,
		get: func(l *trace.Ledger, c *request, id string) (trace.Stored[trace.Organisation], error) {
			return l.Organisation(c.ctx(), id)
		},
		list: func(l *trace.Ledger, c *request, after string, limit int) ([]trace.Stored[trace.Organisation], string, error) {
			return l.Organisations(c.ctx(), c.actor, after, limit)
		},
		create: func(l *trace.Ledger, c *request, d trace.OrganisationDraft) (trace.Stored[trace.Organisation], error) {
			return l.RegisterOrganisation(c.ctx(), c.actor, d)
		},
		draft: (*trace.Organisation).Draft,
		update: func(l *trace.Ledger, c *request, id string, rev int64, d trace.OrganisationDraft) (trace.Stored[trace.Organisation], error) {
			return l.UpdateOrganisation(c.ctx(), c.actor, id, rev, d)
		},
		fixed: []string{"id"},
	}
	return append([]operation{
		r.lists(s, insiders, "The organisations that the caller may see, by name."),
		r.creates(s, judges, "Registers an organisation."),
		r.gets(s, signedIn, "An organisation. Representative and phone are told to those who see its records."),
	}, r.updates(s, leaders, "Changes an organisation; its manager may change address, representative, phone, logo and the number under its prefix.")...)
}

func (s *Server) placeOperations() []operation {
	r := &resource[trace.Place, trace.PlaceDraft, placeView]{
		path: "/places", noun: "place", plural: "places",
		key:  func(p *trace.Place) string { return p.ID },
		view: s.viewPlace,
		get: func(l *trace.Ledger, c *request, id string) (trace.Stored[trace.Place], error) {
			return l.Place(c.ctx(), c.actor, id)
		},
		list: func(l *trace.Ledger, c *request, after string, limit int) ([]trace.Stored[trace.Place], string, error) {
			return l.Places(c.ctx(), c.actor, c.Query("organisation"), after, limit)
		},
		create: func(l *trace.Ledger, c *request, d trace.PlaceDraft) (trace.Stored[trace.Place], error) {
			return l.RegisterPlace(c.ctx(), c.actor, d)
		},
		draft: (*trace.Place).Draft,
		update: func(l *trace.Ledger, c *request, id string, rev int64, d trace.PlaceDraft) (trace.Stored[trace.Place], error) {
			return l.UpdatePlace(c.ctx(), c.actor, id, rev, d)
		},
		fixed: []string{"organisation"},
	}
	return append([]operation{
		r.lists(s, insiders, "An organisation's places, newest first.", paramOrganisation),
		r.creates(s, keepers, "Registers a place."),
		r.gets(s, insiders, "A place."),
	}, r.updates(s, keepers, "Changes a place.")...)
}

func (s *Server) productOperations() []operation {
	r := &resource[trace.Product, trace.ProductDraft, productView]{
		path: "/products", noun: "product", plural: "products",
		key:  func(p *trace.Product) string { return p.ID },
		view: s.viewProduct,
		get: func(l *trace.Ledger, c *request, id string) (trace.Stored[trace.Product], error) {
			return l.Product(c.ctx(), id)
		},
		list: func(l *trace.Ledger, c *request, after string, limit int) ([]trace.Stored[trace.Product], string, error) {
			return l.Products(c.ctx(), c.actor, c.Query("organisation"), after, limit)
		},
		create: func(l *trace.Ledger, c *request, d trace.ProductDraft) (trace.Stored[trace.Product], error) {
			return l.RegisterProduct(c.ctx(), c.actor, d)
		},
		draft: (*trace.Product).Draft,
		update: func(l *trace.Ledger, c *request, id string, rev int64, d trace.ProductDraft) (trace.Stored[trace.Product], error) {
			return l.UpdateProduct(c.ctx(), c.actor, id, rev, d)
		},
		fixed: []string{"organisation"},
	}
	return append([]operation{
		r.lists(s, insiders, "An organisation's products, newest first.", paramOrganisation),
		r.creates(s, keepers, "Registers a product."),
		r.gets(s, signedIn, "A product."),
	}, r.updates(s, keepers, "Changes a product. A GTIN stays once it is there, for labels carry it.")...)
}

func (s *Server) batchResource() *resource[trace.Batch, trace.BatchDraft, batchView] {
	return &resource[trace.Batch, trace.BatchDraft, batchView]{
		path: "/batches", noun: "batch", plural: "batches",
		key:  func(b *trace.Batch) string { return b.Code },
		view: s.viewBatch,
		get: func(l *trace.Ledger, c *request, id string) (trace.Stored[trace.Batch], error) {
			return l.Batch(c.ctx(), c.actor, id)
		},
		list: func(l *trace.Ledger, c *request, after string, limit int) ([]trace.Stored[trace.Batch], string, error) {
			f := trace.BatchFilter{Organisation: c.Query("organisation"), Product: c.Query("product"), State: trace.State(c.Query("state"))}
			return l.Batches(c.ctx(), c.actor, f, after, limit)
		},
		create: func(l *trace.Ledger, c *request, d trace.BatchDraft) (trace.Stored[trace.Batch], error) {
			return l.RegisterBatch(c.ctx(), c.actor, d)
		},
		draft: (*trace.Batch).Draft,
		update: func(l *trace.Ledger, c *request, id string, rev int64, d trace.BatchDraft) (trace.Stored[trace.Batch], error) {
			return l.CorrectBatch(c.ctx(), c.actor, id, rev, d)
		},
		fixed: []string{"organisation", "product", "lot"},
	}
}

func (s *Server) batchOperations() []operation {
	r := s.batchResource()
	type stored = trace.Stored[trace.Batch]
	all := append([]operation{
		r.lists(s, insiders, "The lots that the caller may see, newest first.", paramOrganisation, paramProduct, paramState),
		r.creates(s, keepers, "Registers a lot, as a draft."),
		r.gets(s, signedIn, "A lot. A buyer sees it once it is released."),
	}, r.updates(s, keepers, "Corrects a lot that is still a draft; product and lot number stay.")...)
	all = append(all,
		decides(s, r, judges, "override", "Releases a lot in spite of the safety gate; reason stays on the lot's page for ever.",
			func(l *trace.Ledger, c *request, id string, d reasonDraft) (trace.Stored[trace.Batch], error) {
				return l.OverrideGate(c.ctx(), c.actor, id, d.Reason)
			}),
		decides(s, r, insiders, "release", "Puts a lot on the market, or clears one that was held.",
			func(l *trace.Ledger, c *request, id string, d reasonDraft) (stored, error) {
				return l.ReleaseBatch(c.ctx(), c.actor, id, d.Reason)
			}),
		decides(s, r, insiders, "hold", "Stops the sale of a lot; the reason is shown to the public.",
			func(l *trace.Ledger, c *request, id string, d reasonDraft) (stored, error) {
				return l.HoldBatch(c.ctx(), c.actor, id, d.Reason)
			}),
		decides(s, r, insiders, "void", "Withdraws a lot for good; the reason is shown to the public.",
			func(l *trace.Ledger, c *request, id string, d reasonDraft) (stored, error) {
				return l.VoidBatch(c.ctx(), c.actor, id, d.Reason)
			}))
	for _, f := range labelFormats {
		all = append(all, operation{
			method: get, path: "/batches/{id}/label." + f.Ext, id: "get_batch_label_" + f.Ext, who: insiders, success: http.StatusOK,
			summary: "The lot's label: its QR code, and below it what people read. It is one label, to look at or to put into a document of " +
				"one's own; nothing is recorded, and it does not count as printed. Runs of labels are printed from the site, which records each.",
			query: []parameter{paramLabelWidth, paramLabelDPI}, outTypes: []string{f.MediaType}, handle: s.batchLabel,
		})
	}
	return all
}

func (s *Server) certificateOperations() []operation {
	r := &resource[trace.Certificate, trace.CertificateDraft, certificateView]{
		path: "/certificates", noun: "certificate", plural: "certificates",
		key:  func(k *trace.Certificate) string { return k.ID },
		view: s.viewCertificate,
		get: func(l *trace.Ledger, c *request, id string) (trace.Stored[trace.Certificate], error) {
			return l.Certificate(c.ctx(), c.actor, id)
		},
		list: func(l *trace.Ledger, c *request, after string, limit int) ([]trace.Stored[trace.Certificate], string, error) {
			return l.Certificates(c.ctx(), c.actor, c.Query("organisation"), after, limit)
		},
		create: func(l *trace.Ledger, c *request, d trace.CertificateDraft) (trace.Stored[trace.Certificate], error) {
			return l.FileCertificate(c.ctx(), c.actor, d)
		},
	}
	all := []operation{
		r.lists(s, insiders, "The certificates that the caller may see, newest first.", paramOrganisation),
		r.creates(s, keepers, "Files a certificate, as a draft."),
		r.gets(s, signedIn, "A certificate. What has been submitted is public."),
	}
	for _, action := range []struct {
		name, summary string
		who           access
	}{
		{"submit", "Hands a certificate in to be verified.", keepers},
		{"verify", "Confirms a certificate; method tells how it was checked.", judges},
		{"reject", "Refuses a certificate that was handed in.", judges},
		{"suspend", "Suspends a certificate.", judges},
		{"reinstate", "Ends a suspension.", judges},
		{"revoke", "Revokes a certificate.", judges},
		{"supersede", "Notes that another certificate has taken its place.", judges},
	} {
		all = append(all, decides(s, r, action.who, action.name, action.summary,
			func(l *trace.Ledger, c *request, id string, d trace.DecisionDraft) (trace.Stored[trace.Certificate], error) {
				return l.DecideCertificate(c.ctx(), c.actor, id, action.name, d)
			}))
	}
	return all
}

func (s *Server) recallOperations() []operation {
	r := &resource[trace.Recall, trace.RecallDraft, recallView]{
		path: "/recalls", noun: "recall", plural: "recalls",
		key:  func(k *trace.Recall) string { return k.ID },
		view: s.viewRecall,
		get: func(l *trace.Ledger, c *request, id string) (trace.Stored[trace.Recall], error) {
			return l.Recall(c.ctx(), id)
		},
		list: func(l *trace.Ledger, c *request, after string, limit int) ([]trace.Stored[trace.Recall], string, error) {
			return l.Recalls(c.ctx(), c.actor, c.Query("organisation"), after, limit)
		},
		create: func(l *trace.Ledger, c *request, d trace.RecallDraft) (trace.Stored[trace.Recall], error) {
			return l.OpenRecall(c.ctx(), c.actor, d)
		},
	}
	return []operation{
		r.lists(s, insiders, "The recalls that the caller may see, newest first.", paramOrganisation),
		r.creates(s, leaders, "Calls lots of one organisation back."),
		r.gets(s, signedIn, "A recall."),
		decides(s, r, leaders, "close", "Ends a recall; reason tells what became of it.",
			func(l *trace.Ledger, c *request, id string, d reasonDraft) (trace.Stored[trace.Recall], error) {
				return l.CloseRecall(c.ctx(), c.actor, id, d.Reason)
			}),
	}
}

func (s *Server) eventOperations() []operation {
	items := reflect.TypeFor[listPage[eventView]]()
	return []operation{
		{
			method: post, path: "/events", id: "create_event", summary: "Records that something happened to a lot.", who: keepers,
			success: http.StatusCreated, in: reflect.TypeFor[trace.EventDraft](), inTypes: []string{typeJSON},
			out: reflect.TypeFor[eventView](), outTypes: []string{typeJSON},
			handle: func(c *request) error {
				var d trace.EventDraft
				return posted(s, c, &d, false, func(l *trace.Ledger) (reply, error) {
					e, err := l.RecordEvent(c.ctx(), c.actor, d)
					if err != nil {
						return reply{}, err
					}
					return reply{
						status: http.StatusCreated, body: viewEvent(e, true),
						location: "/batches/" + e.Batch + "/events/" + eventName(&e),
					}, nil
				})
			},
		},
		{
			method: get, path: "/events", id: "list_events", summary: "All that is recorded of a lot, oldest first.", who: signedIn,
			query: []parameter{paramBatch}, success: http.StatusOK, out: items, outTypes: []string{typeJSON},
			handle: func(c *request) error { return s.events(c, c.Query("batch"), "") },
		},
		{
			method: get, path: "/batches/{id}/events", id: "list_batch_events", summary: "All that is recorded of a lot, oldest first.",
			who: signedIn, success: http.StatusOK, out: items, outTypes: []string{typeJSON},
			handle: func(c *request) error { return s.events(c, c.Params("id"), "") },
		},
		{
			method: get, path: "/batches/{id}/events/{event}", id: "get_batch_event", who: signedIn, success: http.StatusOK,
			summary: "One event of a lot, by the hexadecimal digits of its id.",
			out:     reflect.TypeFor[eventView](), outTypes: []string{typeJSON},
			handle: func(c *request) error { return s.events(c, c.Params("id"), c.Params("event")) },
		},
	}
}

// events answers a lot's events, or the one with a name.
func (s *Server) events(c *request, code, name string) error {
	b, err := s.Ledger.Batch(c.ctx(), c.actor, code)
	if err != nil {
		return err
	}
	all, err := s.Ledger.Events(c.ctx(), c.actor, code)
	if err != nil {
		return err
	}
	sees := c.actor.Sees(b.Doc.Organisation, b.Doc.UnitPath)
	p := listPage[eventView]{Items: []eventView{}}
	for i := range all {
		if name == "" {
			p.Items = append(p.Items, viewEvent(all[i], sees))
		} else if eventName(&all[i]) == name {
			return s.reply(c, reply{status: http.StatusOK, body: viewEvent(all[i], sees)})
		}
	}
	if name != "" {
		return fault.NotFound
	}
	return s.reply(c, reply{status: http.StatusOK, body: p})
}

// eventName is an event's id as it stands in an address: the digits of its hash, told apart if it is a
// declaration that the event was in error.
func eventName(e *trace.Event) string {
	name := strings.TrimPrefix(e.ID, "ni:///sha-256;")
	name, _, _ = strings.Cut(name, "?")
	if e.Declared {
		name += "-error"
	}
	return name
}
