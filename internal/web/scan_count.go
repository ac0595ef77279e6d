package web

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"

	"github.com/gofiber/fiber/v2"

	"truynguon/internal/trace"
)

// scanOf is what is counted when a lot's page is opened.
func scanOf(p *trace.Provenance) trace.Scan {
	return trace.Scan{
		Batch: p.Batch.Code, Organisation: p.Batch.Organisation, UnitPath: p.Batch.UnitPath,
		State: p.Batch.State, Since: p.Batch.LastStep().At, Serial: p.Serial, Status: p.SerialFound.Status,
	}
}

// countScan counts that a lot's page was opened, from the cache or not. It leaves out what no customer does.
func (s *Server) countScan(c *request, scan trace.Scan) {
	if scan.Device = s.scanner(c); scan.Device == trace.Bot {
		return
	}
	scan.Region = s.Ledger.Regions.Of(c.IP())
	scan.Visitor = s.visitor(c)
	s.Ledger.CountScan(scan)
	if scan.Serial != "" && scan.Status == trace.SerialUnknown {
		s.Ledger.CountDead(trace.DeadSerial, scan.Batch+"/"+scan.Serial)
	}
}

// countUnknown counts a code or link that leads to nothing.
func (s *Server) countUnknown(c *request, asked string) {
	kind := trace.DeadCode
	if strings.HasPrefix(asked, "(") { // as package gs1 writes a link
		kind = trace.DeadLink
	}
	s.countDead(c, kind, asked)
}

func (s *Server) countDead(c *request, kind trace.DeadKind, asked string) {
	if s.scanner(c) != trace.Bot {
		s.Ledger.CountDead(kind, asked)
	}
}

// visitor is an opaque word for a network address with the kind of browser: in a market hall many phones are
// behind one address. It is kept in memory only.
func (s *Server) visitor(c *request) string {
	sum := sha256.Sum256([]byte(s.client(c.Ctx) + c.Get(fiber.HeaderUserAgent)))
	return hex.EncodeToString(sum[:12])
}

// scanner is the kind of device that asks; trace.Bot is whoever is not counted: programs and link previews, a
// browser that fetches ahead, a request for the headers alone, and the people who work here.
func (s *Server) scanner(c *request) trace.Device {
	if c.Method() != get || insiders.allows(c.who) {
		return trace.Bot
	}
	for _, name := range []string{"Sec-Purpose", "Purpose", "X-Purpose", "X-Moz"} {
		if p := strings.ToLower(c.Get(name)); strings.Contains(p, "prefetch") || strings.Contains(p, "prerender") || strings.Contains(p, "preview") {
			return trace.Bot
		}
	}
	return deviceOf(c.Get(fiber.HeaderUserAgent))
}

// programs are parts of the names by which programs call themselves, in small letters. Browsers inside apps,
// such as Zalo's and Facebook's, are people.
var programs = []string{
	"bot", "crawl", "spider", "slurp", "preview", "facebookexternalhit", "facebookcatalog", "whatsapp/", "skypeuri", "embedly",
	"headless", "lighthouse", "monitor", "uptime", "pingdom", "scrapy", "curl/", "wget/", "python", "java/", "okhttp", "go-http",
	"libwww", "axios", "node-fetch", "postman", "httpclient", "phantomjs", "archive.org", "google-read-aloud", "feedfetcher",
}

// deviceOf tells the kind of device by a browser's name (User-Agent), of which nothing else is kept.
func deviceOf(agent string) trace.Device {
	a := strings.ToLower(agent)
	a = strings.ReplaceAll(a, "cubot", "") // a make of telephones
	if !strings.Contains(a, "mozilla/") && !strings.Contains(a, "opera/") {
		return trace.Bot // every browser says one of these
	}
	has := func(words ...string) bool {
		for _, w := range words {
			if strings.Contains(a, w) {
				return true
			}
		}
		return false
	}
	switch {
	case has(programs...):
		return trace.Bot
	case has("ipad", "tablet", "kindle", "silk/", "playbook"), has("android") && !has("mobile"):
		return trace.Tablet
	case has("mobi", "iphone", "ipod", "android", "kaios", "opera mini"):
		return trace.Phone
	case has("windows nt", "macintosh", "x11", "cros "):
		return trace.Desktop
	}
	return trace.OtherDevice
}
