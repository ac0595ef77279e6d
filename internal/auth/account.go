package auth

import (
	"context"
	"encoding/json"
	"errors"
	"net/mail"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"truynguon/internal/fault"
	"truynguon/internal/store"
)

// Account is a person who can log in, as others may see it. It has no secrets.
type Account struct {
	// Email names the account: a plain address, in small letters and NFC.
	Email string `json:"email"`
	// ID is the account's name in audit trails and addresses; it says nothing about the person.
	ID string `json:"id"`
	// Name is how people know the person.
	Name string `json:"name"`
	// Role, with Org or Unit, decides what the person may do.
	Role Role `json:"role"`
	// Org is the organisation of a manager or staff member; otherwise empty.
	Org string `json:"org,omitempty"`
	// Unit is the code of an official's administrative unit; otherwise empty.
	Unit string `json:"unit,omitempty"`
	// Lang is the language of messages to the person, such as "vi".
	Lang string `json:"lang"`
	// Disabled accounts cannot log in and have no sessions.
	Disabled bool `json:"disabled"`
	// CreatedAt and PasswordChangedAt are when the account and its present password were made.
	CreatedAt         time.Time `json:"createdAt"`
	PasswordChangedAt time.Time `json:"passwordChangedAt"`
	// PasswordTemporary: somebody else chose the password.
	PasswordTemporary bool `json:"passwordTemporary,omitempty"`
}

// account is how an Account is kept. It is comparable, so that a change that alters nothing is seen.
type account struct {
	Account
	// Hash is the PHC string of the password.
	Hash string `json:"passwordHash"`
	// Epoch goes up when all sessions end: a session of another epoch is over, even if ending it
	// was cut short, and even if it was being made at the same moment.
	Epoch int64 `json:"epoch"`
}

var accounts = store.Table[account]{
	Kind: "account",
	Key:  func(a *account) string { return a.Email },
	Sort: func(a *account) string { return a.Email },
	Terms: func(a *account) []string {
		terms := []string{"id=" + a.ID, "role=" + string(a.Role)}
		if a.Org != "" {
			terms = append(terms, "org="+a.Org, "org+role="+a.Org+"+"+string(a.Role))
		}
		if a.Unit != "" {
			terms = append(terms, "unit="+a.Unit)
		}
		if a.Role == Admin && !a.Disabled {
			terms = append(terms, "active-admin")
		}
		return terms
	},
}

func sortTime(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000Z") }

// AccountDraft is what is said about a new person.
type AccountDraft struct {
	Email string `json:"email"`
	Name  string `json:"name"`
	Role  Role   `json:"role"`
	// Org may be left out by a manager, whose own it then is.
	Org  string `json:"org,omitempty"`
	Unit string `json:"unit,omitempty"`
	// Lang may be left out: "vi".
	Lang string `json:"lang,omitempty"`
	// Password may be left out: one is made then.
	Password string `json:"password,omitempty"`
}

const (
	maxEmail = 254 // RFC 5321, 4.5.3.1.3, without the angle brackets
	maxName  = 120 // characters
)

// foldEmail returns an e-mail address as accounts are named by it. ok is false for what is not a
// plain address: quoted local parts, literal IP addresses and display names are refused, though
// RFC 5322 has them.
func foldEmail(s string) (email string, ok bool) {
	if !utf8.ValidString(s) {
		return "", false
	}
	s = norm.NFC.String(strings.ToLower(norm.NFC.String(strings.TrimSpace(s))))
	if s == "" || len(s) > maxEmail || strings.ContainsAny(s, "\"'()<>[]\\,:; /") || strings.ContainsFunc(s, unicode.IsSpace) {
		return "", false
	}
	if _, bad := fault.Unprintable(s); bad {
		return "", false
	}
	a, err := mail.ParseAddress(s)
	if err != nil || a.Address != s || a.Name != "" {
		return "", false
	}
	return s, true
}

// identifier is the form of an organisation's ID, of a unit's code and of a language: what can be
// part of a term and of an address in the browser.
var (
	identifier = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$`)
	language   = regexp.MustCompile(`^[a-z]{2,3}$`)
)

// checkPlace adds the faults of a role and of the organisation or unit it is held in.
func checkPlace(p *fault.Problem, role Role, org, unit string) {
	switch {
	case role == "":
		p.Add("/role", "missing")
	case !role.valid():
		p.Add("/role", "role_unknown")
	}
	check := func(pointer, value string, needed bool, field string) {
		switch {
		case value == "" && needed:
			p.Add(pointer, field+"_missing")
		case value != "" && role.valid() && !needed:
			p.Add(pointer, field+"_unwanted")
		case value != "" && !identifier.MatchString(value):
			p.Add(pointer, field+"_invalid")
		}
	}
	check("/org", org, role.needsOrg(), "org")
	check("/unit", unit, role.needsUnit(), "unit")
}

func checkLang(p *fault.Problem, lang string) string {
	if lang == "" {
		return "vi"
	}
	if !language.MatchString(lang) {
		p.Add("/lang", "lang_invalid")
	}
	return lang
}

// AddAccount adds a person. Without a password in the draft one is made and returned; it is shown
// once and kept nowhere. Either way the password counts as temporary, since another person knows it.
//
// A draft that breaks rules is fault.Invalid with every fault: pointers /email, /name, /role, /org,
// /unit, /lang, /password. An address that has an account is fault.Exists at /email.
func (d *Directory) AddAccount(ctx context.Context, by Identity, draft AccountDraft) (_ Account, password string, err error) {
	defer fault.Wrap(&err, "auth: add account")
	if err := manages(by); err != nil {
		return Account{}, "", err
	}
	if by.Role == Manager && draft.Org == "" {
		draft.Org = by.Org
	}
	now := d.stamp()
	p := new(fault.Problem)
	a := account{Account: Account{
		ID: newID('u'), Role: draft.Role, Org: draft.Org, Unit: draft.Unit,
		CreatedAt: now, PasswordChangedAt: now, PasswordTemporary: true,
	}}
	var ok bool
	if strings.TrimSpace(draft.Email) == "" {
		p.Add("/email", "missing")
	} else if a.Email, ok = foldEmail(draft.Email); !ok {
		p.Add("/email", "email_invalid")
	}
	a.Name = p.Text("/name", draft.Name, maxName, true)
	checkPlace(p, a.Role, a.Org, a.Unit)
	a.Lang = checkLang(p, draft.Lang)
	chosen := ""
	if draft.Password != "" {
		chosen = checkPassword(p, "/password", draft.Password, a.Email, a.Name)
	} else {
		password = newPassword()
		chosen = password
	}
	if a.Role.valid() {
		if err := mayAppoint(by, a.Role, a.Org); err != nil {
			return Account{}, "", err
		}
	}
	if a.Email != "" {
		if _, err := accounts.Get(ctx, d.DB, a.Email); err == nil {
			if len(p.Fields) == 0 {
				p.Kind = fault.Exists
			}
			p.Add("/email", "email_taken")
		} else if !errors.Is(err, fault.NotFound) {
			return Account{}, "", err
		}
	}
	if err := p.Err(); err != nil {
		return Account{}, "", err
	}
	if a.Hash, err = d.hashNew(ctx, chosen); err != nil {
		return Account{}, "", err
	}
	if err := d.note(ctx, by, ActionAccountAdded, "account", a.ID, a.Org, differences(Account{}, a.Account)); err != nil {
		return Account{}, "", err
	}
	if err := accounts.Insert(ctx, d.DB, &a); err != nil {
		if errors.Is(err, fault.Exists) { // somebody else was faster
			p.Kind = fault.Exists
			p.Add("/email", "email_taken")
			err = p
		}
		return Account{}, "", err
	}
	return a.Account, password, nil
}

// hashNew hashes a new password, in NFC, when it is its turn.
func (d *Directory) hashNew(ctx context.Context, password string) (string, error) {
	leave, err := d.gate.enter(ctx)
	if err != nil {
		return "", err
	}
	defer leave()
	return d.hash(password), nil
}

// find reads the account that who names: an e-mail address, or an account's ID.
func (d *Directory) find(ctx context.Context, who string) (store.Row[account], error) {
	if isID(who, 'u') {
		rows, _, err := accounts.Find(ctx, d.DB, store.Query{Term: "id=" + who, Limit: 1})
		if err == nil && len(rows) == 0 {
			err = errUnknownAccount()
		}
		if err != nil {
			return store.Row[account]{}, err
		}
		return rows[0], nil
	}
	email, ok := foldEmail(who)
	if !ok {
		return store.Row[account]{}, errUnknownAccount()
	}
	row, err := accounts.Get(ctx, d.DB, email)
	if errors.Is(err, fault.NotFound) {
		err = errUnknownAccount()
	}
	return row, err
}

// Account returns one account. In this and all other verbs, who is an e-mail address or an account's
// ID. Everybody may see the own one.
func (d *Directory) Account(ctx context.Context, by Identity, who string) (_ Account, err error) {
	defer fault.Wrap(&err, "auth: account")
	row, err := d.findFor(ctx, by, who, maySee)
	return row.Value.Account, err
}

// findFor finds an account and asks whether by may do this to it. Those who may do nothing to
// anybody learn nothing, not even whether there is such an account.
func (d *Directory) findFor(ctx context.Context, by Identity, who string, may func(Identity, Account) error) (store.Row[account], error) {
	if err := person(by); err != nil {
		return store.Row[account]{}, err
	}
	row, err := d.find(ctx, who)
	if err != nil {
		if denied := manages(by); denied != nil && errors.Is(err, fault.NotFound) {
			err = denied
		}
		return store.Row[account]{}, err
	}
	if err := may(by, row.Value.Account); err != nil {
		return store.Row[account]{}, err
	}
	return row, nil
}

// AccountQuery chooses accounts.
type AccountQuery struct {
	// Org, Role and Unit choose those of an organisation, of a role, of an administrative unit;
	// empty means any. Unit goes with neither Org nor Role.
	Org  string
	Role Role
	Unit string
	// Limit is the size of the page, 1 to 1000; 0 means 50.
	Limit int
	// After is the cursor that the page before returned.
	After string
}

// Accounts returns a page of accounts in the order of their addresses, and the cursor of the next
// page, "" at the end. A manager sees the own organisation.
func (d *Directory) Accounts(ctx context.Context, by Identity, q AccountQuery) (_ []Account, next string, err error) {
	defer fault.Wrap(&err, "auth: accounts")
	if err := manages(by); err != nil {
		return nil, "", err
	}
	if by.Role != Admin {
		if q.Org != "" && q.Org != by.Org || q.Unit != "" {
			return nil, "", errNotYours()
		}
		q.Org = by.Org
	}
	term := ""
	switch {
	case q.Org != "" && q.Role != "":
		term = "org+role=" + q.Org + "+" + string(q.Role)
	case q.Org != "":
		term = "org=" + q.Org
	case q.Role != "":
		term = "role=" + string(q.Role)
	case q.Unit != "":
		term = "unit=" + q.Unit
	}
	rows, next, err := accounts.Find(ctx, d.DB, store.Query{Term: term, Limit: q.Limit, After: q.After})
	if err != nil {
		return nil, "", err
	}
	list := make([]Account, len(rows))
	for i, row := range rows {
		list[i] = row.Value.Account
	}
	return list, next, nil
}

// differences compares the members of two accounts or keys as they are written.
func differences(before, after any) []FieldChange {
	members := func(v any) map[string]json.RawMessage {
		m := make(map[string]json.RawMessage)
		b, err := json.Marshal(v)
		if err == nil {
			err = json.Unmarshal(b, &m)
		}
		if err != nil {
			panic("auth: " + err.Error()) // a programmer's mistake: these are plain structs
		}
		return m
	}
	old, now := members(before), members(after)
	var changes []FieldChange
	for name := range merged(old, now) {
		c := FieldChange{Name: name, Before: old[name], After: now[name]}
		if string(c.Before) == string(c.After) || name == "id" || name == "createdAt" {
			continue
		}
		if name == "name" || name == "email" {
			c.Before, c.After = nil, nil // personal: it must be possible to erase it
		}
		if string(c.Before) == `""` || string(c.Before) == `"0001-01-01T00:00:00Z"` {
			c.Before = nil // of an account that was not there before
		}
		changes = append(changes, c)
	}
	slices.SortFunc(changes, func(a, b FieldChange) int { return strings.Compare(a.Name, b.Name) })
	return changes
}

func merged(a, b map[string]json.RawMessage) map[string]bool {
	names := make(map[string]bool, len(a)+len(b))
	for name := range a {
		names[name] = true
	}
	for name := range b {
		names[name] = true
	}
	return names
}

// accountCache remembers accounts for a few seconds, so that a request reads its session only. What
// is changed through this Directory is forgotten at once; what another machine changes, in time.
type accountCache struct {
	mu sync.Mutex
	m  map[string]cached
	// changes counts what was forgotten: a read that was under way at the time is not remembered.
	changes uint64
}

// cached is an account without its password hash.
type cached struct {
	Account
	epoch int64
	until time.Time
}

const (
	cacheFor  = 5 * time.Second
	maxCached = 10_000
)

// account returns the account of an address, from memory if it was read a moment ago.
func (d *Directory) account(ctx context.Context, email string) (cached, error) {
	c := &d.cache
	now := d.now()
	c.mu.Lock()
	hit, ok := c.m[email]
	changes := c.changes
	c.mu.Unlock()
	if ok && now.Before(hit.until) && hit.until.Sub(now) <= cacheFor {
		return hit, nil
	}
	row, err := accounts.Get(ctx, d.DB, email)
	if err != nil {
		return cached{}, err
	}
	hit = cached{Account: row.Value.Account, epoch: row.Value.Epoch, until: now.Add(cacheFor)}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.changes == changes {
		if c.m == nil || len(c.m) >= maxCached {
			c.m = make(map[string]cached)
		}
		c.m[email] = hit
	}
	return hit, nil
}

// forget drops an account that was changed.
func (c *accountCache) forget(email string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.changes++
	delete(c.m, email)
}
