package web

import (
	"net/url"
	"strings"

	"truynguon/internal/auth"
	"truynguon/internal/fault"
)

// personList lists the accounts that the visitor looks after.
func (s *Server) personList(c *request) error {
	people, next, err := s.People.Accounts(c.ctx(), c.who, auth.AccountQuery{Org: c.org(), Limit: listSize, After: c.Query("cursor")})
	if err != nil {
		return err
	}
	var orgIDs []string
	for _, a := range people {
		if a.Org != "" {
			orgIDs = append(orgIDs, a.Org)
		}
	}
	orgs, err := s.orgNames(c, orgIDs)
	if err != nil {
		return err
	}
	p := &ListPage{
		Base: s.workBase(c, "menu.people"), Empty: c.words.T("person.none"), More: c.more(next),
		Add: &Link{Href: "/work/people/new", Label: c.words.T("person.new")},
	}
	for _, a := range people {
		r := Row{Title: a.Name, Href: "/work/people/" + a.ID, Notes: []string{c.words.T("role." + string(a.Role)), a.Email}}
		if o, ok := orgs[a.Org]; ok {
			r.Notes = append(r.Notes, o.Name)
		}
		if a.Disabled {
			r.Tag, r.Tone = c.words.T("person.disabled"), "bad"
		} else if a.PasswordTemporary {
			r.Tag, r.Tone = c.words.T("person.temporary"), "warn"
		}
		p.Rows = append(p.Rows, r)
	}
	return s.render(c, "list", p)
}

// roles are the roles that the visitor may give to a person, or to a key.
func (s *Server) roles(c *request, key bool) []Option {
	roles := auth.Roles
	if c.who.Is(auth.Manager) {
		roles = []auth.Role{auth.Staff}
		if key {
			roles = []auth.Role{auth.Staff, auth.Manager}
		}
	}
	return wordedOptions(c.words, "role.", roles)
}

// placeFields ask an admin for the organisation or administrative unit of a role.
func (s *Server) placeFields(c *request, f *Form) ([]Field, error) {
	orgs, _, err := s.Ledger.Organisations(c.ctx(), c.actor, "", choiceSize)
	if err != nil {
		return nil, err
	}
	var names []Option
	for _, o := range orgs {
		names = append(names, Option{Value: o.Doc.ID, Label: o.Doc.Name})
	}
	areas, err := s.unitOptions(c, f.Value("unit"))
	if err != nil {
		return nil, err
	}
	return []Field{f.Choice("org", "select", false, names), f.Choice("unit", "select", false, areas)}, nil
}

// personNew is the form for a new account.
func (s *Server) personNew(c *request) error {
	f := newForm(c, "person")
	f.Values["role"], f.Values["lang"] = []string{string(auth.Staff)}, []string{"vi"}
	return s.personForm(c, f)
}

func (s *Server) personForm(c *request, f *Form) error {
	email := f.Field("email", "email", true)
	email.Autocomplete = "off"
	fields := []Field{f.Field("name", "text", true), email, f.Choice("role", "select", true, s.roles(c, false))}
	if c.who.Is(auth.Admin) {
		where, err := s.placeFields(c, f)
		if err != nil {
			return err
		}
		fields = append(fields, where...)
	}
	fields = append(fields, f.Choice("lang", "select", true, s.languageOptions()))
	return s.render(c, "edit", &EditPage{
		Base: s.workBase(c, "person.new"), Form: f, Intro: c.words.T("person.new.intro"), Buttons: saveButton(c.words),
		Groups: []Group{group("", false, fields...)}, Back: &Link{Href: "/work/people", Label: c.words.T("menu.people")},
	})
}

// personAdd adds an account and shows its first password, once.
func (s *Server) personAdd(c *request) error {
	f := newForm(c, "person")
	f.read(c, "name", "email", "role", "org", "unit", "lang")
	a, password, err := s.People.AddAccount(c.ctx(), c.who, auth.AccountDraft{
		Email: f.Value("email"), Name: f.Value("name"), Role: auth.Role(f.Value("role")), Org: f.Value("org"),
		Unit: f.Value("unit"), Lang: f.Value("lang"),
	})
	if err != nil {
		return s.failed(c, f, err, func() error { return s.personForm(c, f) })
	}
	return s.showPassword(c, a, password)
}

func (s *Server) showPassword(c *request, a auth.Account, password string) error {
	return s.showSecret(c, &SecretPage{
		Base: s.workBase(c, "person.password_for", a.Name), Intro: c.words.T("person.once", a.Email), Label: c.words.T("login.password"),
		Secret: password, Back: Link{"/work/people", c.words.T("menu.people")},
	})
}

// personShow shows an account.
func (s *Server) personShow(c *request) error { return s.showPerson(c, c.Params("id"), nil) }

func (s *Server) showPerson(c *request, id string, t *tried) error {
	a, err := s.People.Account(c.ctx(), c.who, id)
	if err != nil {
		return err
	}
	p := &RecordPage{Base: s.workBase(c, "producer.title", a.Name)}
	if a.Disabled {
		p.Tag, p.Tone = p.T("person.disabled"), "bad"
	}
	if t != nil {
		p.Failed = t.form
	}
	p.fact("person.email", a.Email)
	p.fact("person.role", p.T("role."+string(a.Role)))
	if err := s.place(c, p, a.Org, a.Unit); err != nil {
		return err
	}
	p.fact("person.since", p.DayOf(a.CreatedAt))
	if a.PasswordTemporary {
		p.Intro = p.T("person.temporary.text")
	}
	if a.ID == c.who.ID {
		p.Links = append(p.Links, Link{"/account", p.T("menu.account")})
		return s.render(c, "record", p)
	}
	if c.who.Is(auth.Manager) && a.Role != auth.Staff {
		return s.render(c, "record", p) // a manager looks after the staff alone
	}
	path := "/work/people/" + a.ID + "/"
	verbs := []string{"reset", "rename", "role", "disable"}
	if a.Disabled {
		verbs = []string{"enable", "rename", "erase"}
	}
	for _, verb := range verbs {
		if (verb == "role" || verb == "erase") && !c.who.Is(auth.Admin) {
			continue // a manager has but one role to give
		}
		x := act(c, t, verb, "person", path+verb)
		switch verb {
		case "rename":
			x.Form.set("name", a.Name)
			x.Fields = []Field{x.Form.Field("name", "text", true)}
		case "role":
			x.Form.set("role", string(a.Role))
			x.Form.set("org", a.Org)
			x.Form.set("unit", a.Unit)
			where, err := s.placeFields(c, x.Form)
			if err != nil {
				return err
			}
			x.Fields = append([]Field{x.Form.Choice("role", "select", true, s.roles(c, false))}, where...)
		case "reset", "disable", "erase":
			x.Danger = verb != "reset"
			x.Fields = []Field{x.Form.Field("sure", "check", true)}
		}
		p.Actions = append(p.Actions, x)
	}
	p.Links = append(p.Links, Link{"/work/audit/account/" + a.ID, p.T("audit.title")})
	return s.render(c, "record", p)
}

// personChange resets a password, changes a name or role, disables, enables or erases an account.
// What is hard to take back asks for a tick first.
func (s *Server) personChange(c *request) error {
	id, verb := c.Params("id"), c.Params("verb")
	f := newForm(c, "person")
	f.read(c, "name", "role", "org", "unit", "sure")
	again := func(err error) error {
		return s.failed(c, f, err, func() error { return s.showPerson(c, id, &tried{verb, f}) })
	}
	if (verb == "reset" || verb == "disable" || verb == "erase") && f.Value("sure") != "yes" {
		p := new(fault.Problem)
		p.Add("/sure", "not_sure")
		return again(p.Err())
	}
	var err error
	switch verb {
	case "reset":
		a, err := s.People.Account(c.ctx(), c.who, id)
		if err != nil {
			return err
		}
		password, err := s.People.ResetPassword(c.ctx(), c.who, id)
		if err != nil {
			return again(err)
		}
		return s.showPassword(c, a, password)
	case "rename":
		_, err = s.People.SetProfile(c.ctx(), c.who, id, f.Value("name"), "")
	case "role":
		_, err = s.People.SetRole(c.ctx(), c.who, id, auth.Role(f.Value("role")), f.Value("org"), f.Value("unit"))
	case "disable":
		_, err = s.People.Disable(c.ctx(), c.who, id)
	case "enable":
		_, err = s.People.Enable(c.ctx(), c.who, id)
	case "erase":
		if err = s.People.Erase(c.ctx(), c.who, id); err == nil {
			return done(c, "/work/people", "person_erase")
		}
	default:
		return fault.NotFound
	}
	if err != nil {
		return again(err)
	}
	return done(c, "/work/people/"+url.PathEscape(id), "person_"+verb)
}

// browserName is what a browser calls itself, told in a word or two: "Chrome, Android".
func browserName(userAgent string) string {
	var parts []string
	for _, b := range [][2]string{{"Edg", "Edge"}, {"CocCoc", "Cốc Cốc"}, {"coc_coc", "Cốc Cốc"}, {"SamsungBrowser", "Samsung Internet"}, {"OPR/", "Opera"}, {"Firefox", "Firefox"}, {"Chrome", "Chrome"}, {"Safari", "Safari"}} {
		if strings.Contains(userAgent, b[0]) {
			parts = append(parts, b[1])
			break
		}
	}
	for _, os := range [][2]string{{"Android", "Android"}, {"iPhone", "iPhone"}, {"iPad", "iPad"}, {"Windows", "Windows"}, {"Mac OS", "macOS"}, {"Linux", "Linux"}} {
		if strings.Contains(userAgent, os[0]) {
			parts = append(parts, os[1])
			break
		}
	}
	return strings.Join(parts, ", ")
}
