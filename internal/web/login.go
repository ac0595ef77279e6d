package web

import (
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/gofiber/fiber/v2"

	"truynguon/internal/auth"
)

// LoginPage asks who somebody is.
type LoginPage struct {
	Base
	Form *Form
	// Next is where to go afterwards.
	Next string
}

// localPath answers a path on this site that a request named, and otherwise where people start.
func localPath(next, otherwise string) string {
	u, err := url.Parse(next)
	if err != nil || u.IsAbs() || u.Host != "" || !strings.HasPrefix(next, "/") || strings.HasPrefix(next, "//") ||
		strings.ContainsAny(next, "\\\r\n\t") || u.Path == "/login" {
		return otherwise
	}
	return next
}

// start is where somebody's work begins.
func start(who auth.Identity) string {
	if who.Is(auth.Buyer) {
		return "/"
	}
	return "/work"
}

func (s *Server) loginForm(c *request) error {
	if c.who.Known() {
		return c.Redirect(localPath(c.Query("next"), start(c.who)), http.StatusSeeOther)
	}
	return s.render(c, "login", &LoginPage{Base: s.base(c, "login.title"), Form: newForm(c, "login"), Next: localPath(c.Query("next"), "")})
}

// logIn lets somebody in who knows the password.
func (s *Server) logIn(c *request) error {
	next := localPath(c.FormValue("next"), "")
	token, session, err := s.People.LogIn(c.ctx(), auth.Attempt{
		Email: c.FormValue("email"), Password: c.FormValue("password"), Client: s.client(c.Ctx), UserAgent: c.Get(fiber.HeaderUserAgent),
	})
	if err != nil {
		f := newForm(c, "login")
		f.read(c, "email") // never the password
		t := tell(c.words, err)
		if t.Status >= 500 && t.Status != http.StatusServiceUnavailable {
			return err
		}
		t.Title = c.words.T("login.failed")
		f.Told = &t
		c.Set(fiber.HeaderCacheControl, "no-store")
		c.Status(t.Status)
		setRetryAfter(c.Ctx, err)
		return s.render(c, "login", &LoginPage{Base: s.base(c, "login.title"), Form: f, Next: next})
	}
	who, err := s.People.Resume(c.ctx(), token)
	if err != nil {
		return err
	}
	// How long a session lasts is decided where it is kept; the cookie must only not end before it.
	s.setSession(c.Ctx, token, session.CreatedAt.Add(auth.SessionMax))
	if lang := s.Words.Match(who.Lang); who.Lang != "" && lang == who.Lang && c.Cookies(langCookie) == "" {
		s.setLanguage(c, lang)
	}
	if next == "" {
		next = start(who)
	}
	if who.PasswordTemporary {
		next = "/account/password?next=" + url.QueryEscape(next)
	}
	return c.Redirect(next, http.StatusSeeOther)
}

// setLanguage makes the browser ask for a language from now on.
func (s *Server) setLanguage(c *request, lang string) {
	c.Cookie(&fiber.Cookie{
		Name: langCookie, Value: lang, Path: "/", MaxAge: 365 * 24 * 3600, Secure: s.secure, SameSite: "Lax", HTTPOnly: true,
	})
}

// logOut ends the session. What the browser kept of half-filled forms, its script clears.
func (s *Server) logOut(c *request) error {
	token := c.Cookies(s.cookieName())
	if token != "" {
		if err := s.People.LogOut(c.ctx(), token); err != nil {
			return err
		}
	}
	s.setSession(c.Ctx, "", time.Time{})
	return done(c, "/login", "logged_out")
}
