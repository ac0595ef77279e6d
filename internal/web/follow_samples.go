package web

import "truynguon/internal/auth"

// followPages are the pages about what expires and who is told.
func (k madeUp) followPages() map[string]view {
	f := k.form("follow", "what", "address")
	f.Scope = "follow-"
	adding := Action{
		Verb: "follow", Label: k.words.T("act.follow"), Text: k.line, Post: "/work/follows", Form: f, Open: k.n > 0,
		Fields: []Field{f.Field("what", "text", true), f.Choice("channel", "select", true, []Option{{"email", or(k.name, "–")}}), f.Field("address", "text", true)},
	}
	more := &More{Href: "/work/follows?cursor=x", Label: k.words.T("common.more")}
	if k.n == 0 {
		more = nil
	}
	calendar := &CalendarPage{
		Base: k.base(auth.Official), Intro: k.words.T("calendar.intro"), Holder: k.name, Feed: k.line, More: more,
		Counts: []CalendarCount{{ID: "expired", Label: or(k.line, "–"), Number: k.words.Number(k.n), Tone: "bad"}},
		Sections: []CalendarSection{
			{ID: "expired", Section: Section{Title: or(k.name, "–"), Rows: k.rows()}}, {ID: "d7", Section: Section{Title: or(k.line, "–")}},
		},
		Actions: []Action{{Verb: "feed_make", Label: k.words.T("act.feed_make"), Post: "/work/calendar/feed", Form: k.form("act")}},
	}
	return map[string]view{
		"calendar": calendar,
		"follows": &FollowsPage{
			Base: k.base(auth.Buyer), Adding: adding, MailOff: k.n > 0, More: more, Sent: k.rows(),
			Follows: each(k.n, FollowRow{ID: "f1", Title: k.name, Href: "/c/x", Kind: k.line, Way: k.line, Address: k.line, Since: k.words.Date(string(sampleDay)), Secret: k.code}),
		},
	}
}
