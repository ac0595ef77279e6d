package web

import (
	"net/http"
	"reflect"

	"truynguon/internal/trace"
)

type cycleView struct {
	trace.CropCycle
	// By is who opened it.
	By actorView `json:"by"`
	kept
}

type inputView struct {
	trace.InputLot
	// By is who recorded it.
	By actorView `json:"by"`
	// Documents are the ids of what was attached.
	Documents []string `json:"documents"`
	kept
}

type diaryView struct {
	trace.DiaryEntry
	// LagDays is how many days after it was done it was recorded.
	LagDays int `json:"lagDays"`
	// By is who recorded this version.
	By actorView `json:"by"`
	kept
}

// withdrawDraft is what is sent to withdraw an entry.
type withdrawDraft struct {
	Token string `json:"-"`
	// Reason is why nothing of it was done.
	Reason string `json:"reason"`
}

var (
	paramPlace    = parameter{name: "place", kind: "string", about: "Only records of the place with this id."}
	paramCycle    = parameter{name: "cycle", kind: "string", about: "Only entries of the crop cycle with this id."}
	paramActivity = parameter{name: "activity", kind: "string", about: "Only entries about this, of a place.", choices: trace.DiaryActivities}
	paramKind     = parameter{name: "kind", kind: "string", about: "Only inputs of this kind.", choices: trace.InputKinds}
)

// diaryOperations are crop cycles, input lots, the diary and the lists of substances.
func (s *Server) diaryOperations() []operation {
	cycles := &resource[trace.CropCycle, trace.CycleDraft, cycleView]{
		path: "/cycles", noun: "cycle", plural: "cycles",
		key: func(v *trace.CropCycle) string { return v.ID },
		view: func(_ *request, st trace.Stored[trace.CropCycle]) cycleView {
			return cycleView{st.Doc, viewActor(st.Doc.By, true), keptOf(st)}
		},
		get: func(l *trace.Ledger, c *request, id string) (trace.Stored[trace.CropCycle], error) {
			return l.Cycle(c.ctx(), c.actor, id)
		},
		list: func(l *trace.Ledger, c *request, after string, limit int) ([]trace.Stored[trace.CropCycle], string, error) {
			return l.Cycles(c.ctx(), c.actor, c.Query("organisation"), c.Query("place"), after, limit)
		},
		create: func(l *trace.Ledger, c *request, d trace.CycleDraft) (trace.Stored[trace.CropCycle], error) {
			return l.OpenCycle(c.ctx(), c.actor, d)
		},
		draft: (*trace.CropCycle).Draft,
		update: func(l *trace.Ledger, c *request, id string, rev int64, d trace.CycleDraft) (trace.Stored[trace.CropCycle], error) {
			return l.UpdateCycle(c.ctx(), c.actor, id, rev, d)
		},
		fixed: []string{"place", "crop"},
	}
	inputs := &resource[trace.InputLot, trace.InputDraft, inputView]{
		path: "/inputs", noun: "input", plural: "inputs",
		key: func(v *trace.InputLot) string { return v.ID },
		view: func(_ *request, st trace.Stored[trace.InputLot]) inputView {
			return inputView{st.Doc, viewActor(st.Doc.By, true), listOf(st.Doc.Documents), keptOf(st)}
		},
		get: func(l *trace.Ledger, c *request, id string) (trace.Stored[trace.InputLot], error) {
			return l.Input(c.ctx(), c.actor, id)
		},
		list: func(l *trace.Ledger, c *request, after string, limit int) ([]trace.Stored[trace.InputLot], string, error) {
			return l.Inputs(c.ctx(), c.actor, c.Query("organisation"), c.Query("kind"), after, limit)
		},
		create: func(l *trace.Ledger, c *request, d trace.InputDraft) (trace.Stored[trace.InputLot], error) {
			return l.RecordInput(c.ctx(), c.actor, d)
		},
	}
	entries := &resource[trace.DiaryEntry, trace.DiaryDraft, diaryView]{
		path: "/diary", noun: "diary_entry", plural: "diary_entries",
		key: func(v *trace.DiaryEntry) string { return v.ID },
		view: func(_ *request, st trace.Stored[trace.DiaryEntry]) diaryView {
			return diaryView{st.Doc, st.Doc.LagDays(s.Ledger.Zone), viewActor(st.Doc.By, true), keptOf(st)}
		},
		get: func(l *trace.Ledger, c *request, id string) (trace.Stored[trace.DiaryEntry], error) {
			return l.Entry(c.ctx(), c.actor, id)
		},
		list: func(l *trace.Ledger, c *request, after string, limit int) ([]trace.Stored[trace.DiaryEntry], string, error) {
			f := trace.DiaryFilter{Organisation: c.Query("organisation"), Place: c.Query("place"), Cycle: c.Query("cycle"), Activity: c.Query("activity")}
			return l.Diary(c.ctx(), c.actor, f, after, limit)
		},
		create: func(l *trace.Ledger, c *request, d trace.DiaryDraft) (trace.Stored[trace.DiaryEntry], error) {
			return l.RecordDiary(c.ctx(), c.actor, d)
		},
	}
	all := append([]operation{
		cycles.lists(s, insiders, "Crop cycles, newest first.", paramOrganisation, paramPlace),
		cycles.creates(s, keepers, "Begins a crop cycle on a plot."),
		cycles.gets(s, insiders, "A crop cycle."),
	}, cycles.updates(s, keepers, "Corrects or closes a crop cycle; plot and crop stay. Lots that were released are judged anew.")...)
	return append(all,
		inputs.lists(s, insiders, "An organisation's input lots, newest first.", paramOrganisation, paramKind),
		inputs.creates(s, keepers, "Records an input lot."),
		inputs.gets(s, insiders, "An input lot."),
		entries.lists(s, insiders, "Diary entries as they hold now, latest first.", paramOrganisation, paramPlace, paramCycle, paramActivity),
		entries.creates(s, keepers, "Records what was done on a plot. A late entry about plant protection has released lots judged anew, and may hold them."),
		entries.gets(s, insiders, "One version of a diary entry."),
		decides(s, entries, keepers, "correct", "Says an entry right: answers the next version, which counts from now on.",
			func(l *trace.Ledger, c *request, id string, d trace.DiaryDraft) (trace.Stored[trace.DiaryEntry], error) {
				return l.CorrectDiary(c.ctx(), c.actor, id, d)
			}),
		decides(s, entries, keepers, "withdraw", "Says that nothing of an entry was done.",
			func(l *trace.Ledger, c *request, id string, d withdrawDraft) (trace.Stored[trace.DiaryEntry], error) {
				return l.WithdrawDiary(c.ctx(), c.actor, id, d.Reason, d.Token)
			}),
		operation{
			method: get, path: "/substances", id: "list_substance_lists", who: signedIn, success: http.StatusOK,
			summary: "All versions of the lists of permitted and banned plant-protection products, the latest first.",
			out:     reflect.TypeFor[listPage[listVersionView]](), outTypes: []string{typeJSON},
			handle: func(c *request) error {
				lists, err := s.Ledger.SubstanceLists(c.ctx())
				if err != nil {
					return err
				}
				p := listPage[listVersionView]{Items: []listVersionView{}}
				for _, l := range lists {
					p.Items = append(p.Items, viewSubstances(l))
				}
				return s.reply(c, reply{status: http.StatusOK, body: p})
			},
		},
		operation{
			method: get, path: "/substances/{id}/rows", id: "list_substances", who: signedIn, success: http.StatusOK,
			summary: "The rows of a list, by ingredient.", query: []parameter{paramLimit, paramCursor},
			out: reflect.TypeFor[listPage[substanceRowView]](), outTypes: []string{typeJSON},
			handle: func(c *request) error {
				after, limit, err := c.paging()
				if err != nil {
					return err
				}
				rows, next, err := s.Ledger.ListedSubstances(c.ctx(), c.Params("id"), after, limit)
				if err != nil {
					return err
				}
				return s.reply(c, reply{status: http.StatusOK, body: listPage[substanceRowView]{Items: viewRows(rows), Next: next}})
			},
		},
		operation{
			method: post, path: "/substances", id: "import_substances", who: judges, success: http.StatusCreated,
			summary: "Imports one version of the lists from a table; with dryRun it checks and counts, and writes nothing.",
			in:      reflect.TypeFor[substancesDraft](), inTypes: []string{typeJSON}, out: reflect.TypeFor[substancesView](), outTypes: []string{typeJSON},
			handle: func(c *request) error {
				var d substancesDraft
				return posted(s, c, &d, false, func(l *trace.Ledger) (reply, error) {
					r, err := l.ImportSubstances(c.ctx(), c.actor, trace.SubstanceImport{
						Token: d.Token, Number: d.Number, Title: d.Title, From: d.From, To: d.To, Amendment: d.Amendment, Table: d.Table, DryRun: d.DryRun,
					})
					if err != nil {
						return reply{}, err
					}
					return reply{
						status: http.StatusCreated, location: "/substances/" + r.List.ID + "/rows",
						body: substancesView{viewSubstances(r.List), r.Counts[trace.Permitted], r.Counts[trace.Banned], r.Counts[trace.Removed], r.Written},
					}, nil
				})
			},
		},
	)
}

// substancesDraft is what is sent to import a list.
type substancesDraft struct {
	Token string `json:"-"`
	// Number is that of the circular, Title its title.
	Number string `json:"number"`
	Title  string `json:"title"`
	// From and To are its first and last day of force.
	From string `json:"from"`
	To   string `json:"to"`
	// Amendment tells that it changes the full list before it.
	Amendment bool `json:"amendment"`
	// Table is the spreadsheet, the names of the columns first: status, ingredient, tradeName, registration, crop,
	// phiDays, maxDose, doseUnit, note.
	Table [][]string `json:"table"`
	// DryRun checks and counts, and writes nothing.
	DryRun bool `json:"dryRun"`
}

type listVersionView struct {
	trace.SubstanceList
	// By is who imported it.
	By actorView `json:"by"`
}

func viewSubstances(l trace.SubstanceList) listVersionView {
	return listVersionView{l, viewActor(l.By, false)}
}

type substancesView struct {
	// List is the version.
	List listVersionView `json:"list"`
	// Permitted, Banned and Removed are how many rows there are of each.
	Permitted int `json:"permitted"`
	Banned    int `json:"banned"`
	Removed   int `json:"removed"`
	// Written tells that it is in force, and false that this was a dry run.
	Written bool `json:"written"`
}

type substanceRowView struct{ trace.Substance }

func viewRows(rows []trace.Substance) []substanceRowView {
	out := make([]substanceRowView, len(rows))
	for i, r := range rows {
		out[i] = substanceRowView{r}
	}
	return out
}
