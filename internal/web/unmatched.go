package web

import (
	"net/http"
	"reflect"
	"strings"

	"truynguon/internal/fault"
	"truynguon/internal/locale"
	"truynguon/internal/trace"
)

// unmatchedDays is how many days the list of what matched nothing shows unless it is told otherwise.
const unmatchedDays = 30

// unmatchedSize is how many texts a page shows: for each, some hundreds of numbers are looked for.
const unmatchedSize = 25

// unmatchedList shows officials which numbers and codes were asked about and match nothing: forged, or
// mistyped.
func (s *Server) unmatchedList(c *request) error {
	p := &ListPage{Base: s.workBase(c, "menu.unmatched"), Intro: c.words.T("unmatched.intro"), Empty: c.words.T("unmatched.none")}
	today := s.Ledger.Today()
	f := newForm(c, "unmatched")
	f.Values["from"], f.Values["to"] = []string{or(c.Query("from"), string(today.AddDays(1-unmatchedDays)))}, []string{or(c.Query("to"), string(today))}
	var problem fault.Problem
	days := map[string]trace.Date{}
	for _, name := range []string{"from", "to"} {
		day, err := locale.ParseDate(f.Value(name))
		if err != nil {
			problem.Add("/"+name, "date_malformed", shorten(f.Value(name), 40))
			continue
		}
		f.Values[name], days[name] = []string{day}, trace.Date(day)
	}
	if err := problem.Err(); err != nil {
		f.fail(c, err)
	} else if err := s.fillUnmatched(c, p, days["from"], days["to"]); err != nil {
		return err
	}
	p.Filter = []Field{f.Field("from", "date", false), f.Field("to", "date", false)}
	return s.render(c, "list", p)
}

func (s *Server) fillUnmatched(c *request, p *ListPage, from, to trace.Date) error {
	list, err := s.Ledger.Unmatched(c.ctx(), c.actor, from, to, c.Query("cursor"), unmatchedSize)
	if err != nil {
		return err
	}
	near, err := s.nearNumbers(c, list.Sums)
	if err != nil {
		return err
	}
	if list.Cut {
		p.Intro += " " + p.T("unmatched.cut")
	}
	p.More = c.more(list.Next)
	for _, sum := range list.Sums {
		row := Row{Title: sum.Text, Tag: p.N("unmatched.times", sum.Count), Tone: "warn"}
		switch code, isLot := strings.CutPrefix(sum.Text, "/l/"); {
		case strings.HasPrefix(sum.Text, "#"):
			row.Title = p.T("unmatched.hidden", sum.Text)
		case isLot:
			row.Title = p.T("unmatched.lot", trace.SpellCode(code))
		}
		if sum.First == sum.Last {
			row.Notes = []string{p.Day(sum.Last)}
		} else {
			row.Notes = []string{p.T("unmatched.days", string(sum.First), string(sum.Last), sum.Days)}
		}
		for _, n := range near[sum.Text] {
			row.Links = append(row.Links, Link{Href: "/work/certificates/" + n.ID, Label: p.T("unmatched.near", n.Number)})
		}
		p.Rows = append(p.Rows, row)
	}
	return nil
}

func (s *Server) nearNumbers(c *request, sums []trace.UnmatchedSum) (map[string][]trace.NearNumber, error) {
	texts := make([]string, len(sums))
	for i, sum := range sums {
		texts[i] = sum.Text
	}
	return s.Ledger.NearNumbers(c.ctx(), c.actor, texts)
}

// unmatchedView is what a program is told about a number or code that matched nothing.
type unmatchedView struct {
	// Text is the number as it is compared: without spaces, case, diacritics and look-alikes; a lot's page
	// or link; or "#" and a fingerprint where it might tell of a person.
	Text string `json:"text"`
	// Count is how often it was asked.
	Count int `json:"count"`
	// Days is on how many different days it was asked.
	Days int `json:"days"`
	// First is the first of these days.
	First trace.Date `json:"first"`
	// Last is the last of these days.
	Last trace.Date `json:"last"`
	// Near are certificates whose numbers are one slip away.
	Near []nearView `json:"near,omitempty"`
}

// nearView is a certificate whose number is nearly the one that was asked.
type nearView struct {
	ID string `json:"id"`
	// Number is the one on record.
	Number string `json:"number"`
	// Organisation is the holder's id.
	Organisation string `json:"organisation"`
}

func (s *Server) unmatchedOperation() operation {
	return operation{
		method: get, path: "/unmatched", id: "list_unmatched", who: judges, success: http.StatusOK,
		summary: "The numbers and codes that were asked about and match nothing, the most asked first.",
		query: []parameter{
			{name: "limit", kind: "integer", about: "How many to answer: 50 if not given, and never more."}, paramCursor,
			{name: "from", kind: "string", about: "The first day, such as 2026-11-01; all that are kept if not given."},
			{name: "to", kind: "string", about: "The last day."},
		},
		out: reflect.TypeFor[listPage[unmatchedView]](), outTypes: []string{typeJSON},
		handle: func(c *request) error {
			after, limit, err := c.paging()
			if err != nil {
				return err
			}
			for _, name := range []string{"from", "to"} {
				if day := c.Query(name); day != "" && trace.Date(day).AddDays(0) == "" {
					return fault.New(fault.Malformed, "date_malformed", escapePointer(day))
				}
			}
			list, err := s.Ledger.Unmatched(c.ctx(), c.actor, trace.Date(c.Query("from")), trace.Date(c.Query("to")), after, min(limit, trace.MaxNear))
			if err != nil {
				return err
			}
			near, err := s.nearNumbers(c, list.Sums)
			if err != nil {
				return err
			}
			page := listPage[unmatchedView]{Items: make([]unmatchedView, len(list.Sums)), Next: list.Next}
			for i, sum := range list.Sums {
				page.Items[i] = unmatchedView{Text: sum.Text, Count: sum.Count, Days: sum.Days, First: sum.First, Last: sum.Last}
				for _, n := range near[sum.Text] {
					page.Items[i].Near = append(page.Items[i].Near, nearView(n))
				}
			}
			return s.reply(c, reply{status: http.StatusOK, body: page})
		},
	}
}
