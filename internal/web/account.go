package web

import (
	"net/http"

	"github.com/gofiber/fiber/v2"

	"truynguon/internal/auth"
)

// SecretPage shows a secret once: a password or a key that is kept nowhere.
type SecretPage struct {
	Base
	Intro, Label, Secret string
	Back                 Link
}

// showSecret shows a secret, and keeps every cache from keeping it.
func (s *Server) showSecret(c *request, p *SecretPage) error {
	c.Set(fiber.HeaderCacheControl, "no-store")
	return s.render(c, "secret", p)
}

// account shows somebody the own account.
func (s *Server) account(c *request) error { return s.showAccount(c, nil) }

func (s *Server) showAccount(c *request, t *tried) error {
	a, err := s.People.Account(c.ctx(), c.who, c.who.ID)
	if err != nil {
		return err
	}
	p := &RecordPage{Base: s.workBase(c, "menu.account")}
	if t != nil {
		p.Failed = t.form
	}
	p.fact("person.name", a.Name)
	p.fact("person.email", a.Email)
	p.fact("person.role", p.T("role."+string(a.Role)))
	if err := s.place(c, p, a.Org, a.Unit); err != nil {
		return err
	}
	edit := act(c, t, "profile", "person", "/account/profile")
	edit.Form.set("name", a.Name)
	edit.Form.set("lang", a.Lang)
	edit.Fields = []Field{edit.Form.Field("name", "text", true), edit.Form.Choice("lang", "select", true, s.languageOptions())}
	p.Actions = append(p.Actions, edit)
	for _, verb := range []string{"password", "sessions", "keys"} {
		if verb == "keys" && !employers.allows(c.who) {
			continue
		}
		a := act(c, nil, verb, "act", "")
		a.Href = "/account/" + verb
		p.Actions = append(p.Actions, a)
	}
	return s.render(c, "record", p)
}

// place adds the organisation or administrative unit that a role is held in.
func (s *Server) place(c *request, p *RecordPage, org, unit string) error {
	if org != "" {
		o, err := s.Ledger.Organisation(c.ctx(), org)
		if err != nil && statusOf(err) >= 500 {
			return err
		}
		name := o.Doc.Name
		if err != nil {
			name = org // an account may name one that is not there
		}
		p.fact("person.org", name).Link = "/work/organisations/" + org
	}
	if unit != "" {
		all, err := s.Ledger.Units(c.ctx())
		if err != nil {
			return err
		}
		name := all[unit].Name
		if name == "" {
			name = unit
		}
		p.fact("person.unit", name)
	}
	return nil
}

func (s *Server) languageOptions() (out []Option) {
	for _, l := range s.languages {
		out = append(out, Option{Value: l.Code, Label: l.Name})
	}
	return out
}

// accountProfile changes the own name and language.
func (s *Server) accountProfile(c *request) error {
	f := newForm(c, "person")
	f.read(c, "name", "lang")
	if _, err := s.People.SetProfile(c.ctx(), c.who, c.who.ID, f.Value("name"), f.Value("lang")); err != nil {
		return s.failed(c, f, err, func() error { return s.showAccount(c, &tried{"profile", f}) })
	}
	if lang := f.Value("lang"); s.Words.Match(lang) == lang {
		s.setLanguage(c, lang)
	}
	return done(c, "/account", "saved")
}

// PasswordPage changes the own password.
type PasswordPage struct {
	Base
	Form *Form
	// Temporary tells that somebody else chose the present one.
	Temporary bool
	Next      string
}

func (s *Server) passwordForm(c *request) error {
	return s.render(c, "password", &PasswordPage{
		Base: s.base(c, "password.title"), Form: newForm(c, "password"), Temporary: c.who.PasswordTemporary, Next: localPath(c.Query("next"), ""),
	})
}

func (s *Server) passwordChange(c *request) error {
	next := localPath(c.FormValue("next"), "")
	if err := s.People.SetPassword(c.ctx(), c.who, c.FormValue("current"), c.FormValue("password")); err != nil {
		f := newForm(c, "password")
		setRetryAfter(c.Ctx, err)
		return s.failed(c, f, err, func() error {
			return s.render(c, "password", &PasswordPage{Base: s.base(c, "password.title"), Form: f, Temporary: c.who.PasswordTemporary, Next: next})
		})
	}
	if next == "" {
		next = "/account"
	}
	return done(c, next, "password_changed")
}

// SessionsPage lists where somebody is signed in.
type SessionsPage struct {
	Base
	Sessions []SessionRow
}

// SessionRow is one browser.
type SessionRow struct {
	auth.Session
	Browser, Seen, Since string
}

func (s *Server) sessionList(c *request) error {
	all, err := s.People.Sessions(c.ctx(), c.who, "")
	if err != nil {
		return err
	}
	p := &SessionsPage{Base: s.workBase(c, "sessions.title")}
	for _, one := range all {
		row := SessionRow{Session: one, Browser: browserName(one.UserAgent), Seen: c.words.Time(one.LastSeenAt), Since: c.words.Time(one.CreatedAt)}
		if row.Browser == "" {
			row.Browser = c.words.T("sessions.unknown")
		}
		p.Sessions = append(p.Sessions, row)
	}
	return s.render(c, "sessions", p)
}

// sessionEnd ends one session, or all but this one.
func (s *Server) sessionEnd(c *request) error {
	if id := c.FormValue("id"); id != "" {
		if err := s.People.EndSession(c.ctx(), c.who, id); err != nil && statusOf(err) != http.StatusNotFound {
			return err
		}
		return done(c, "/account/sessions", "session_ended")
	}
	if err := s.People.EndAllSessions(c.ctx(), c.who, ""); err != nil {
		return err
	}
	return done(c, "/account/sessions", "sessions_ended")
}

// KeysPage lists the keys of programs.
type KeysPage struct {
	Base
	Keys   []KeyRow
	Adding Action
}

// KeyRow is one key.
type KeyRow struct {
	auth.APIKey
	RoleName, Made, Used, Ended string
}

func (s *Server) keyList(c *request) error { return s.showKeys(c, nil) }

func (s *Server) showKeys(c *request, t *tried) error {
	all, err := s.People.Keys(c.ctx(), c.who)
	if err != nil {
		return err
	}
	p := &KeysPage{Base: s.workBase(c, "keys.title")}
	for _, k := range all {
		row := KeyRow{APIKey: k, RoleName: c.words.T("role." + string(k.Role)), Made: p.DayOf(k.CreatedAt)}
		if !k.LastUsedAt.IsZero() {
			row.Used = p.DayOf(k.LastUsedAt)
		}
		if k.Revoked() {
			row.Ended = c.words.Time(k.RevokedAt)
		}
		p.Keys = append(p.Keys, row)
	}
	a := act(c, t, "key_add", "key", "/account/keys")
	a.Fields = []Field{a.Form.Field("name", "text", true), a.Form.Choice("role", "select", true, s.roles(c, true))}
	if c.who.Is(auth.Admin) {
		where, err := s.placeFields(c, a.Form)
		if err != nil {
			return err
		}
		a.Fields = append(a.Fields, where...)
	}
	p.Adding = a
	return s.render(c, "keys", p)
}

func (s *Server) keyAdd(c *request) error {
	f := newForm(c, "key")
	f.read(c, "name", "role", "org", "unit")
	key, made, err := s.People.AddKey(c.ctx(), c.who, auth.KeyDraft{
		Name: f.Value("name"), Role: auth.Role(f.Value("role")), Org: f.Value("org"), Unit: f.Value("unit"),
	})
	if err != nil {
		return s.failed(c, f, err, func() error { return s.showKeys(c, &tried{"key_add", f}) })
	}
	return s.showSecret(c, &SecretPage{
		Base: s.workBase(c, "keys.made", made.Name), Intro: c.words.T("keys.once"), Label: c.words.T("keys.key"), Secret: key,
		Back: Link{"/account/keys", c.words.T("keys.title")},
	})
}

func (s *Server) keyRevoke(c *request) error {
	if _, err := s.People.RevokeKey(c.ctx(), c.who, c.FormValue("id")); err != nil {
		return err
	}
	return done(c, "/account/keys", "key_revoked")
}
