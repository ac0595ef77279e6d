package web

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"net/url"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/gofiber/fiber/v2"

	"truynguon/internal/auth"
	"truynguon/internal/fault"
	"truynguon/internal/locale"
	"truynguon/internal/store"
	"truynguon/internal/trace"
)

// Calendar programs cannot sign in, so they read the calendar at an address that is a secret: whoever has
// it sees what its owner would see of this one page, and can do nothing. Of the secret only the digest is
// kept. An account has at most one such address; making another ends the first.

// feed is the secret address of somebody's calendar.
type feed struct {
	// Digest is the SHA-256 of the secret.
	Digest  string    `json:"digest"`
	Account string    `json:"account"`
	Created time.Time `json:"created"`
}

var feeds = store.Table[feed]{
	Kind:  "calendar",
	Key:   func(f *feed) string { return f.Digest },
	Sort:  func(f *feed) string { return sortTime(f.Created) },
	Terms: func(f *feed) []string { return []string{"account=" + f.Account} },
}

// feedDigest is the key of a secret's record.
func feedDigest(secret string) string {
	sum := sha256.Sum256([]byte(secret))
	return hex.EncodeToString(sum[:])
}

// feedActions says whether there is a secret address, and offers what can be done about it.
func (s *Server) feedActions(c *request, p *CalendarPage) error {
	rows, _, err := feeds.Find(c.ctx(), s.Ledger.DB, store.Query{Term: "account=" + c.who.ID, Desc: true, Limit: 1})
	if err != nil {
		return err
	}
	makeOne := act(c, nil, "feed_make", "act", "/work/calendar/feed")
	if len(rows) == 0 {
		p.Actions = append(p.Actions, makeOne)
		return nil
	}
	p.Feed = c.words.Time(rows[0].Value.Created)
	makeOne.Label = c.words.T("act.feed_again")
	end := act(c, nil, "feed_end", "act", "/work/calendar/feed/end")
	end.Danger = true
	p.Actions = append(p.Actions, makeOne, end)
	return nil
}

// calendarFeedMake makes a secret address and shows it once. The address before it ends.
func (s *Server) calendarFeedMake(c *request) error {
	secret := rand.Text()
	mine := feed{Digest: feedDigest(secret), Account: c.who.ID, Created: s.now().UTC().Truncate(time.Millisecond)}
	if err := s.fileFeed(c, "calendar_made"); err != nil {
		return err
	}
	// The old ones go first: stopping in between leaves none, and never two.
	if err := s.endFeeds(c.ctx(), c.who.ID); err != nil {
		return err
	}
	if err := feeds.Insert(c.ctx(), s.Ledger.DB, &mine); err != nil {
		return err
	}
	return s.showSecret(c, &SecretPage{
		Base: s.workBase(c, "calendar.feed"), Intro: c.words.T("calendar.feed.once"), Label: c.words.T("calendar.feed.address"),
		Secret: s.Ledger.Base + "/work/calendar.ics?key=" + secret, Back: Link{"/work/calendar", c.words.T("menu.calendar")},
	})
}

// calendarFeedEnd ends the secret address.
func (s *Server) calendarFeedEnd(c *request) error {
	if err := s.fileFeed(c, "calendar_ended"); err != nil {
		return err
	}
	if err := s.endFeeds(c.ctx(), c.who.ID); err != nil {
		return err
	}
	return done(c, "/work/calendar", "feed_ended")
}

// fileFeed notes in the audit trail that somebody made or ended an address.
func (s *Server) fileFeed(c *request, action string) error {
	return s.Ledger.File(c.ctx(), trace.Change{By: c.actor, Action: action, Kind: "account", Key: c.who.ID, Org: c.who.Org})
}

func (s *Server) endFeeds(ctx context.Context, account string) error {
	rows, _, err := feeds.Find(ctx, s.Ledger.DB, store.Query{Term: "account=" + account, Limit: 100})
	if err != nil {
		return err
	}
	for _, r := range rows {
		if err := feeds.Delete(ctx, s.Ledger.DB, r.Key, r.Rev); err != nil && !errors.Is(err, fault.NotFound) {
			return err
		}
	}
	return nil
}

// feedOwner answers whose a secret address is, with the rights that the account has today.
func (s *Server) feedOwner(ctx context.Context, secret string) (trace.Actor, string, error) {
	row, err := feeds.Get(ctx, s.Ledger.DB, feedDigest(secret))
	if err != nil {
		return trace.Actor{}, "", err
	}
	a, err := s.People.Account(ctx, auth.Command, row.Value.Account)
	if err != nil {
		return trace.Actor{}, "", err
	}
	if a.Disabled || !slices.Contains(insiders, a.Role) {
		return trace.Actor{}, "", fault.NotFound
	}
	return trace.Actor{ID: a.ID, Name: a.Name, Role: trace.Role(a.Role), Org: a.Org, Unit: a.Unit}, a.Lang, nil
}

// feedMost is how many certificates a feed holds at most: those that end first.
const feedMost = 1000

// calendarFeed sends what ends within a year as iCalendar (RFC 5545), to whoever knows the address.
func (s *Server) calendarFeed(c *request) error {
	by, lang, err := s.feedOwner(c.ctx(), c.Query("key"))
	if err != nil {
		return err
	}
	certificates, _, err := s.Ledger.Expiring(c.ctx(), by, "", 366, "", feedMost)
	if err != nil {
		return err
	}
	var orgIDs []string
	for _, k := range certificates {
		orgIDs = append(orgIDs, k.Doc.Organisation)
	}
	orgs, err := s.Ledger.OrganisationsByID(c.ctx(), orgIDs)
	if err != nil {
		return err
	}
	w := s.Words.Printer(lang)
	host := ""
	if u, err := url.Parse(s.Ledger.Base); err == nil {
		host = u.Host
	}
	cal := newCalendar(w, s.SiteName)
	for i := range certificates {
		k := &certificates[i].Doc
		b := Base{Printer: w}
		name := strings.TrimSpace(b.SchemeName(s.Ledger.Schemes[k.Scheme], k.Scheme) + " " + k.Number)
		e := calendarEvent{
			UID: k.ID + "@" + host, Stamp: certificates[i].Updated, Day: k.EndDate, URL: s.Ledger.Base + "/work/certificates/" + k.ID,
			Summary:     w.T("calendar.event", name, orgs[k.Organisation].Name),
			Description: w.T("calendar.event.text", k.Agency, string(k.StartDate), string(k.EndDate)),
		}
		if standing := k.StandingOn(s.Ledger.Today()); standing != trace.InForce {
			e.Description += "\n" + w.T("standing."+string(standing)+".text")
		}
		cal.add(e)
	}
	c.Set(fiber.HeaderContentType, "text/calendar; charset=utf-8")
	c.Set(fiber.HeaderContentDisposition, `inline; filename="truynguon.ics"`)
	c.Set(fiber.HeaderCacheControl, "private, no-cache")
	c.Set("X-Robots-Tag", "noindex")
	return c.SendString(cal.String())
}

// calendarEvent is one day in a calendar.
type calendarEvent struct {
	// UID names the event for ever, and Stamp is when what it says last changed.
	UID   string
	Stamp time.Time
	Day   trace.Date
	// Summary and Description are texts of any kind.
	Summary, Description, URL string
}

// iCalendar is a calendar as RFC 5545 writes it.
type iCalendar struct{ strings.Builder }

func newCalendar(w *locale.Printer, site string) *iCalendar {
	var c iCalendar
	c.line("BEGIN:VCALENDAR")
	c.line("VERSION:2.0")
	c.line("PRODID:-//truynguon//" + strings.ToUpper(w.Lang()))
	c.line("CALSCALE:GREGORIAN")
	name := calendarText(w.T("calendar.feed.name", site))
	c.line("NAME:" + name) // RFC 7986; programs that do not know it know the next
	c.line("X-WR-CALNAME:" + name)
	c.line("REFRESH-INTERVAL;VALUE=DURATION:PT12H")
	return &c
}

// add writes an event that lasts the whole day, wherever it is read, and makes nobody busy.
func (c *iCalendar) add(e calendarEvent) {
	c.line("BEGIN:VEVENT")
	c.line("UID:" + calendarText(e.UID))
	c.line("DTSTAMP:" + e.Stamp.UTC().Format("20060102T150405Z"))
	c.line("DTSTART;VALUE=DATE:" + strings.ReplaceAll(string(e.Day), "-", ""))
	c.line("DTEND;VALUE=DATE:" + strings.ReplaceAll(string(e.Day.AddDays(1)), "-", "")) // the first day after
	c.line("SUMMARY:" + calendarText(e.Summary))
	c.line("DESCRIPTION:" + calendarText(e.Description))
	c.line("URL:" + e.URL)
	c.line("TRANSP:TRANSPARENT")
	c.line("END:VEVENT")
}

// String is the whole calendar.
func (c *iCalendar) String() string { return c.Builder.String() + "END:VCALENDAR\r\n" }

// line writes a content line, folded at 75 octets and never within a character (RFC 5545 section 3.1).
func (c *iCalendar) line(s string) {
	room := 75
	for len(s) > room {
		cut := room
		for !utf8.RuneStart(s[cut]) {
			cut--
		}
		c.WriteString(s[:cut] + "\r\n ")
		s, room = s[cut:], 74 // the space counts
	}
	c.WriteString(s + "\r\n")
}

// calendarEscapes are those of RFC 5545 section 3.3.11.
var calendarEscapes = strings.NewReplacer(`\`, `\\`, ";", `\;`, ",", `\,`, "\r\n", `\n`, "\n", `\n`, "\r", `\n`)

// calendarText writes a text as a value. Control characters, which no calendar may hold, become spaces.
func calendarText(s string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return ' '
		}
		return r
	}, calendarEscapes.Replace(strings.ToValidUTF8(s, "\uFFFD")))
}
