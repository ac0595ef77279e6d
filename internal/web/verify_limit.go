package web

import (
	"sync"
	"time"
)

// Limits of asking without an account, for one network address. A supermarket that checks every delivery
// asks some thousand times a day; a program that tries numbers one after another meets the limits within
// minutes.
const (
	// askPerMinute is how many answers may be opened, filesPerMinute how many files sent to be hashed.
	askPerMinute   = 120
	filesPerMinute = 20
	// askPerHour is how many numbers and codes may be asked about in an hour, in lists or one at a time.
	askPerHour = 10_000
)

// budget counts what is asked from each address in periods of an hour.
type budget struct {
	mu    sync.Mutex
	since time.Time
	spent map[string]int
}

// spend uses up n queries, and answers how long to wait if there are not that many left.
func (b *budget) spend(who string, n int, now time.Time) time.Duration {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.spent == nil || now.Sub(b.since) >= time.Hour {
		b.since, b.spent = now, map[string]int{}
	}
	if b.spent[who]+n > askPerHour {
		return time.Hour - now.Sub(b.since)
	}
	b.spent[who] += n
	return 0
}

// limitVerify puts the limits before the pages and operations that anybody may ask.
func (s *Server) limitVerify() {
	s.app.Get("/verify", s.limit(askPerMinute, time.Minute))
	s.app.Get("/verify.pdf", s.limit(askPerMinute, time.Minute))
	s.app.Post("/verify", s.limit(filesPerMinute, time.Minute))
	s.app.Post("/verify/bulk", s.limit(filesPerMinute, time.Minute))
	s.app.Get(apiBase+"/verify", s.limit(askPerMinute, time.Minute))
	s.app.Post(apiBase+"/verify", s.limit(askPerMinute, time.Minute))
}

// verifyRoutes are the pages where anybody checks certificates and lots.
func (s *Server) verifyRoutes() []route {
	return []route{
		{get, "/verify", anyone, s.verifyPage},
		{get, "/verify.pdf", anyone, s.verifyPDF},
		{post, "/verify", anyone, s.verifyFile},
		{get, "/verify/bulk", anyone, s.verifyBulk},
		{post, "/verify/bulk", anyone, s.verifyBulk},
	}
}
