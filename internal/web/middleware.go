package web

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"log/slog"
	"net/http"
	"runtime/debug"
	"strings"
	"time"

	"github.com/gofiber/fiber/v2"
	"github.com/gofiber/fiber/v2/middleware/compress"
	"github.com/gofiber/fiber/v2/middleware/limiter"
	"github.com/valyala/fasthttp/fasthttpadaptor"

	"truynguon/internal/auth"
	"truynguon/internal/fault"
)

const (
	langCookie = "lang"
	// The __Host- prefix makes a browser refuse the cookie unless it came by HTTPS from this very host.
	secureCookie = "__Host-session"
	plainCookie  = "session" // on a machine reached by plain HTTP, such as the demonstration
)

// begin is the first thing every request goes through: it gets an id, a language and its security
// headers, and is logged when it is done.
func (s *Server) begin(c *fiber.Ctx) (err error) {
	start := time.Now()
	r := &request{Ctx: c, id: requestID(), api: forPrograms(c.Path())}
	r.words = s.Words.Printer(s.language(c))
	c.Locals(requestKey{}, r)
	h := &c.Response().Header
	h.Set(fiber.HeaderXRequestID, r.id)
	h.Set(fiber.HeaderXContentTypeOptions, "nosniff")
	h.Set(fiber.HeaderReferrerPolicy, "same-origin")
	h.Set(fiber.HeaderXFrameOptions, "DENY")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Permissions-Policy", "camera=(self), geolocation=(), microphone=()")
	h.Set(fiber.HeaderContentSecurityPolicy, "default-src 'none'; frame-ancestors 'none'; base-uri 'none'")
	if s.secure {
		h.Set(fiber.HeaderStrictTransportSecurity, "max-age=31536000")
	}

	defer func() {
		if p := recover(); p != nil {
			s.Log.Error("panic", "request", r.id, "panic", p, "stack", string(debug.Stack()))
			err = errors.New("panic")
		}
		if err != nil {
			// Answered here and not by fiber later, so that the log has the answer's status.
			err = s.answerError(c, err)
		}
		level := slog.LevelInfo
		if c.Response().StatusCode() >= 500 {
			level = slog.LevelError
		}
		// No address, no account and no query: a log of who looked at what is personal data.
		s.Log.Log(c.UserContext(), level, "request", "id", r.id, "method", c.Method(), "route", c.Route().Path,
			"status", c.Response().StatusCode(), "bytes", bodySize(c), "took", time.Since(start).Round(time.Microsecond))
	}()
	return c.Next()
}

// forPrograms reports whether a path is one of those that programs use, with API keys and problem documents.
func forPrograms(path string) bool { return strings.HasPrefix(path, "/api/") || forEPCIS(path) }

// forEPCIS reports whether a path belongs to the REST interface of EPCIS.
func forEPCIS(path string) bool { return path == epcisBase || strings.HasPrefix(path, epcisBase+"/") }

// bodySize is how long the answer is; of one that is still being written, nobody knows yet.
func bodySize(c *fiber.Ctx) int {
	if c.Response().IsBodyStream() {
		return -1
	}
	return len(c.Response().Body())
}

func requestID() string {
	var b [8]byte
	rand.Read(b[:])
	return hex.EncodeToString(b[:])
}

// language is what the visitor asked for in the address, chose before, or has set in the browser.
func (s *Server) language(c *fiber.Ctx) string {
	asked := c.Query("lang")
	if asked != "" {
		if lang := s.Words.Match(asked); lang == asked {
			c.Cookie(&fiber.Cookie{
				Name: langCookie, Value: lang, Path: "/", MaxAge: 365 * 24 * 3600, Secure: s.secure, SameSite: "Lax", HTTPOnly: true,
			})
			return lang
		}
	}
	return s.Words.Match(c.Cookies(langCookie), c.Get(fiber.HeaderAcceptLanguage))
}

// identify finds out who asks: by the API key under /api, by the session's cookie elsewhere. A cookie
// is never looked at under /api, so no foreign page can use it there; elsewhere a changing request from
// a foreign page is refused.
func (s *Server) identify(c *fiber.Ctx) error {
	r := of(c)
	if c.Get(fiber.HeaderContentEncoding) != "" {
		// A small body can unpack to a huge one, and no browser sends any.
		return fault.New(fault.Unsupported, "content_encoding")
	}
	if r.api {
		key, ok := strings.CutPrefix(c.Get(fiber.HeaderAuthorization), "Bearer ")
		if !ok {
			return c.Next() // a route that needs somebody says so
		}
		who, err := s.People.ByKey(r.ctx(), strings.TrimSpace(key))
		if err != nil {
			return err
		}
		r.who, r.actor = who, actorOf(who)
		return c.Next()
	}
	if m := c.Method(); m != fiber.MethodGet && m != fiber.MethodHead && m != fiber.MethodOptions {
		var plain http.Request
		if err := fasthttpadaptor.ConvertRequest(c.Context(), &plain, true); err != nil {
			return fault.New(fault.Malformed, "")
		}
		if err := s.cross.Check(&plain); err != nil {
			return fault.New(fault.Denied, "cross_site")
		}
	}
	token := c.Cookies(s.cookieName())
	if token == "" {
		return c.Next()
	}
	who, err := s.People.Resume(r.ctx(), token)
	switch {
	case errors.Is(err, fault.Unauthenticated):
		s.setSession(c, "", time.Time{}) // over: the browser may forget it
	case err != nil:
		// A public page is worth more without its visitor's name than not at all.
		s.Log.Error("session", "request", r.id, "error", err)
	default:
		r.who, r.actor = who, actorOf(who)
	}
	return c.Next()
}

func (s *Server) cookieName() string {
	if s.secure {
		return secureCookie
	}
	return plainCookie
}

// setSession gives the browser a session's token, or takes it away.
func (s *Server) setSession(c *fiber.Ctx, token string, until time.Time) {
	cookie := &fiber.Cookie{Name: s.cookieName(), Value: token, Path: "/", HTTPOnly: true, Secure: s.secure, SameSite: "Lax", Expires: until}
	if token == "" {
		cookie.Expires = time.Unix(1, 0)
	}
	c.Cookie(cookie)
}

// client is an opaque word for the visitor's network address, to count by. The address itself is kept
// nowhere.
func (s *Server) client(c *fiber.Ctx) string {
	m := hmac.New(sha256.New, s.salt[:])
	m.Write([]byte(c.IP()))
	return hex.EncodeToString(m.Sum(nil)[:12])
}

// limit lets one network address make so many requests in a period.
func (s *Server) limit(most int, period time.Duration) fiber.Handler {
	return limiter.New(limiter.Config{
		Max: most, Expiration: period,
		KeyGenerator: func(c *fiber.Ctx) string { return s.client(c) },
		LimitReached: func(*fiber.Ctx) error {
			return fault.New(fault.TooMany, "slow_down")
		},
	})
}

// allow lets only those pass whom the route is for.
func (s *Server) allow(who access, h handler) fiber.Handler {
	return func(c *fiber.Ctx) error {
		r := of(c)
		if !who.allows(r.who) {
			if !r.who.Known() {
				return fault.New(fault.Unauthenticated, "sign_in")
			}
			return fault.New(fault.Denied, "not_yours")
		}
		return h(r)
	}
}

// access says whom a route is for. It keeps people off pages that could show them nothing; what a verb
// allows is decided in the domain.
type access []auth.Role

// The groups of people that routes are for.
var (
	anyone    = access(nil)
	signedIn  = access{auth.Admin, auth.Official, auth.Manager, auth.Staff, auth.Buyer}
	insiders  = access{auth.Admin, auth.Official, auth.Manager, auth.Staff}
	keepers   = access{auth.Admin, auth.Manager, auth.Staff}
	judges    = access{auth.Admin, auth.Official}
	leaders   = access{auth.Admin, auth.Official, auth.Manager}
	employers = access{auth.Admin, auth.Manager}
	admins    = access{auth.Admin}
)

func (a access) allows(who auth.Identity) bool { return a == nil || who.Is(a...) }

// squeeze compresses what is worth it, unless a handler has sent it compressed.
func squeeze() fiber.Handler { return compress.New(compress.Config{Level: compress.LevelBestSpeed}) }
