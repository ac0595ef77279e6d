package auth

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"truynguon/internal/fault"
	"truynguon/internal/store"
)

// How long a session lasts: until nobody has used it for SessionIdle, and SessionMax at most.
const (
	SessionIdle = 14 * 24 * time.Hour
	SessionMax  = 90 * 24 * time.Hour
)

// lastSeenStep is how far LastSeenAt may lag behind, so that reading a page writes nothing.
const lastSeenStep = time.Hour

// Session is one browser in which somebody is logged in, as the person may see it in a list. It holds
// neither the token nor a network address.
type Session struct {
	// ID names the session in EndSession. It is of no use without the token's secret part.
	ID string `json:"id"`
	// Account is the ID of the account.
	Account string `json:"account"`
	// CreatedAt is when the person logged in; LastSeenAt the last use, to the hour; ExpiresAt when
	// it ends if it is not used again.
	CreatedAt  time.Time `json:"createdAt"`
	LastSeenAt time.Time `json:"lastSeenAt"`
	ExpiresAt  time.Time `json:"expiresAt"`
	// UserAgent is what the browser calls itself, shortened.
	UserAgent string `json:"userAgent,omitempty"`
	// Current marks the session in which the list was asked for.
	Current bool `json:"current,omitempty"`
}

// session is how a Session is kept.
type session struct {
	Session
	// Hash is the SHA-256 of the token's secret part.
	Hash string `json:"tokenHash"`
	// Email is the account's key, Epoch the account's when the session began.
	Email string `json:"email"`
	Epoch int64  `json:"epoch"`
	// SudoAt is when the password was last proved.
	SudoAt time.Time `json:"sudoAt"`
}

var sessions = store.Table[session]{
	Kind:  "session",
	Key:   func(s *session) string { return s.ID },
	Sort:  func(s *session) string { return sortTime(s.ExpiresAt) },
	Terms: func(s *session) []string { return []string{"account=" + s.Account} },
}

// see notes that the session was used.
func (s *session) see(now time.Time) {
	s.LastSeenAt = now
	s.ExpiresAt = now.Add(SessionIdle)
	if end := s.CreatedAt.Add(SessionMax); s.ExpiresAt.After(end) {
		s.ExpiresAt = end
	}
}

// Attempt is an attempt to log in.
type Attempt struct {
	Email    string
	Password string
	// Client is an opaque word for where the attempt comes from, such as an HMAC of the network
	// address; it is kept in memory only. Empty: unknown.
	Client string
	// UserAgent is what the browser calls itself.
	UserAgent string
}

// LogIn answers the right e-mail address and password with a new session and its token, which the
// browser keeps and which is kept nowhere else.
//
// Wrong ones are fault.Unauthenticated, code login_failed, whether there is such an account or not.
// After some failures it is fault.TooMany, code login_slowed, whose argument is the number of seconds
// to wait. With more people at the door than can be let in it is fault.Unavailable, code login_busy.
// Who knows the password of a disabled account is told so: fault.Denied, code account_disabled.
func (d *Directory) LogIn(ctx context.Context, in Attempt) (token string, _ Session, err error) {
	defer fault.Wrap(&err, "auth: log in")
	if wait := d.clients.take(in.Client, d.now(), clientPace); wait > 0 {
		return "", Session{}, errSlowed(wait)
	}
	a, err := d.logIn(ctx, in)
	if err != nil {
		var p *fault.Problem
		if !errors.As(err, &p) || p.Code != "login_failed" {
			d.clients.giveBack(in.Client) // it was no guess, or one that was not answered
		}
		return "", Session{}, err
	}
	d.clients.giveBack(in.Client)
	now := d.stamp()
	secret, hash := newSecret()
	s := session{
		Session: Session{ID: newID('s'), Account: a.ID, CreatedAt: now, UserAgent: shorten(in.UserAgent)},
		Hash:    hash, Email: a.Email, Epoch: a.Epoch, SudoAt: now,
	}
	s.see(now)
	by := identity(s, a.Account)
	if err := d.note(ctx, by, ActionLoggedIn, "session", s.ID, a.Org, nil); err != nil {
		return "", Session{}, err
	}
	if err := sessions.Insert(ctx, d.DB, &s); err != nil {
		return "", Session{}, err
	}
	s.Current = true
	return sessionToken(s.ID, secret), s.Session, nil
}

// logIn returns the account whose address and password these are.
func (d *Directory) logIn(ctx context.Context, in Attempt) (account, error) {
	email, ok := foldEmail(in.Email)
	asked := email
	if !ok {
		// What is no address may be a password in the wrong field: it is not to reach the database,
		// or an error of it. It is slowed and answered like an address without an account.
		email, asked = strings.ToLower(in.Email), "-"
	}
	row, err := accounts.Get(ctx, d.DB, asked)
	if err != nil && !errors.Is(err, fault.NotFound) {
		return account{}, err
	}
	a := row.Value
	known := knownKey(in.Client, email)
	right, fresh, err := d.prove(ctx, attemptKey("login", email), d.known.excuse(known, d.now()), a.Hash, in.Password)
	switch {
	case err != nil:
		return account{}, err
	case !right:
		return account{}, fault.New(fault.Unauthenticated, "login_failed")
	case a.Disabled:
		return account{}, fault.New(fault.Denied, "account_disabled")
	}
	d.known.remember(known, d.now())
	if fresh != "" {
		_, err := accounts.Update(ctx, d.DB, a.Email, func(now *account) error {
			if now.Hash == a.Hash { // not changed meanwhile
				now.Hash = fresh
			}
			return nil
		})
		if err != nil {
			return account{}, err
		}
	}
	return a, nil
}

// shorten keeps what tells browsers apart in a list.
func shorten(userAgent string) string {
	const most = 120
	var b strings.Builder
	for _, r := range userAgent {
		if _, bad := fault.Unprintable(string(r)); bad || r == '\n' || r == '\t' || r == utf8.RuneError {
			continue
		}
		if b.Len()+utf8.RuneLen(r) > most {
			break
		}
		b.WriteRune(r)
	}
	return strings.TrimSpace(b.String())
}

func identity(s session, a Account) Identity {
	return Identity{
		ID: a.ID, Name: a.Name, Email: a.Email, Role: a.Role, Org: a.Org, Unit: a.Unit, Lang: a.Lang,
		Via: BySession, Session: s.ID, SudoAt: s.SudoAt, PasswordTemporary: a.PasswordTemporary,
	}
}

// open returns the session that a token is for, and its account. A token that is none, or whose
// session is over, is fault.Unauthenticated.
func (d *Directory) open(ctx context.Context, token string) (session, Account, error) {
	id, secret, ok := splitToken(token)
	if !ok {
		return session{}, Account{}, errSignIn()
	}
	row, err := sessions.Get(ctx, d.DB, id)
	if errors.Is(err, fault.NotFound) {
		err = errSignIn()
	}
	if err != nil {
		return session{}, Account{}, err
	}
	s := row.Value
	if !secretMatches(secret, s.Hash) || !d.now().Before(s.ExpiresAt) {
		return session{}, Account{}, errSignIn()
	}
	a, err := d.account(ctx, s.Email)
	if errors.Is(err, fault.NotFound) {
		err = errSignIn()
	}
	if err != nil {
		return session{}, Account{}, err
	}
	// The ID differs if the account was erased and the address given to somebody else.
	if a.ID != s.Account || a.Disabled || a.epoch != s.Epoch {
		return session{}, Account{}, errSignIn()
	}
	return s, a.Account, nil
}

// Resume answers whose session a token is for. It costs one read, and a second one if the account
// was not asked for in the last five seconds; once an hour it writes that the session was used. What
// another machine did to the account takes effect within these five seconds, what it did to the
// session, and whatever this one did, at once.
//
// A token that is none, or whose session is over, is fault.Unauthenticated.
func (d *Directory) Resume(ctx context.Context, token string) (_ Identity, err error) {
	defer fault.Wrap(&err, "auth: resume")
	s, a, err := d.open(ctx, token)
	if err != nil {
		return Identity{}, err
	}
	if now := d.stamp(); now.Sub(s.LastSeenAt) >= lastSeenStep {
		_, err := sessions.Update(ctx, d.DB, s.ID, func(s *session) error {
			if now.Sub(s.LastSeenAt) >= lastSeenStep {
				s.see(now)
			}
			return nil
		})
		if errors.Is(err, fault.NotFound) { // ended this very moment
			return Identity{}, errSignIn()
		}
		// Any other failure costs nothing but an hour's memory: the next request tries again.
	}
	return identity(s, a), nil
}

// LogOut ends the session that a token is for. A token whose session is over already is fine.
func (d *Directory) LogOut(ctx context.Context, token string) (err error) {
	defer fault.Wrap(&err, "auth: log out")
	s, a, err := d.open(ctx, token)
	if errors.Is(err, fault.Unauthenticated) {
		return nil
	}
	if err != nil {
		return err
	}
	if err := d.note(ctx, identity(s, a), ActionLoggedOut, "session", s.ID, a.Org, nil); err != nil {
		return err
	}
	return remove(ctx, sessions, d.DB, s.ID)
}

// Confirm proves the password once more, before something grave: Identity.SudoAt is now from the next
// Resume on. A wrong one is fault.Invalid at /password, after a while slowed like a log-in.
func (d *Directory) Confirm(ctx context.Context, by Identity, password string) (err error) {
	defer fault.Wrap(&err, "auth: confirm")
	if err := inSession(by); err != nil {
		return err
	}
	row, err := d.findFor(ctx, by, by.ID, maySee)
	if err != nil {
		return err
	}
	right, _, err := d.prove(ctx, attemptKey("change", row.Value.Email), false, row.Value.Hash, password)
	if err != nil {
		return err
	}
	if !right {
		p := new(fault.Problem)
		p.Add("/password", "password_wrong")
		return p.Err()
	}
	if err := d.note(ctx, by, ActionConfirmed, "session", by.Session, by.Org, nil); err != nil {
		return err
	}
	_, err = sessions.Update(ctx, d.DB, by.Session, func(s *session) error {
		s.SudoAt = d.stamp()
		return nil
	})
	if errors.Is(err, fault.NotFound) {
		err = errSignIn()
	}
	return err
}

// whose returns the account whose sessions are meant: by's own if who is empty.
func (d *Directory) whose(ctx context.Context, by Identity, who string) (account, error) {
	if who == "" {
		if err := person(by); err != nil {
			return account{}, err
		}
		if by.Via != BySession {
			return account{}, errUnknownAccount() // the command line has none
		}
		who = by.ID
	}
	row, err := d.findFor(ctx, by, who, mayTend)
	return row.Value, err
}

// Sessions lists where somebody is logged in, last used first: by itself if who is empty, otherwise
// somebody whom by looks after.
func (d *Directory) Sessions(ctx context.Context, by Identity, who string) (_ []Session, err error) {
	defer fault.Wrap(&err, "auth: sessions")
	a, err := d.whose(ctx, by, who)
	if err != nil {
		return nil, err
	}
	list := []Session{}
	q := store.Query{Term: "account=" + a.ID, From: sortTime(d.now())}
	for row, err := range sessions.All(ctx, d.DB, q) {
		if err != nil {
			return nil, err
		}
		s := row.Value
		if s.Epoch != a.Epoch || !d.now().Before(s.ExpiresAt) {
			continue
		}
		s.Current = s.ID == by.Session
		list = append(list, s.Session)
	}
	slices.SortFunc(list, func(a, b Session) int {
		if c := b.LastSeenAt.Compare(a.LastSeenAt); c != 0 {
			return c
		}
		return strings.Compare(a.ID, b.ID)
	})
	return list, nil
}

// EndSession ends one session, by its public ID: an own one, or one of somebody whom by looks after.
// A session that is over, or not to be seen by by, is fault.NotFound.
func (d *Directory) EndSession(ctx context.Context, by Identity, id string) (err error) {
	defer fault.Wrap(&err, "auth: end session")
	if err := person(by); err != nil {
		return err
	}
	if !isID(id, 's') {
		return errUnknownSession()
	}
	row, err := sessions.Get(ctx, d.DB, id)
	if err != nil {
		if errors.Is(err, fault.NotFound) {
			err = errUnknownSession()
		}
		return err
	}
	s := row.Value
	a, err := d.find(ctx, s.Account)
	if err == nil {
		err = mayTend(by, a.Value.Account)
	}
	if errors.Is(err, fault.NotFound) || errors.Is(err, fault.Denied) {
		return errUnknownSession()
	}
	if err != nil {
		return err
	}
	if err := d.note(ctx, by, ActionSessionEnded, "session", s.ID, a.Value.Org, nil); err != nil {
		return err
	}
	return remove(ctx, sessions, d.DB, s.ID)
}

// EndAllSessions ends every session of somebody whom by looks after, or, if who is empty or by
// itself, every own session but the one in which it is asked for.
func (d *Directory) EndAllSessions(ctx context.Context, by Identity, who string) (err error) {
	defer fault.Wrap(&err, "auth: end all sessions")
	a, err := d.whose(ctx, by, who)
	if err != nil {
		return err
	}
	_, a, err = d.alter(ctx, by, a.ID, ActionSessionsEnded, mayTend, func(a *account) error {
		a.Epoch++
		return nil
	})
	if err != nil {
		return err
	}
	d.known.forget(a.Email)
	return d.keepOnly(ctx, by, a)
}

// keepOnly ends, after the account's epoch went up, all of its sessions but by's own, if that is one
// of them.
func (d *Directory) keepOnly(ctx context.Context, by Identity, a account) error {
	kept := ""
	if self(by, a.Account) {
		kept = by.Session
		_, err := sessions.Update(ctx, d.DB, kept, func(s *session) error {
			s.Epoch = a.Epoch
			return nil
		})
		if err != nil && !errors.Is(err, fault.NotFound) {
			return err
		}
	}
	return d.dropSessions(ctx, a.ID, kept)
}

// dropSessions deletes the records of an account's sessions but one. They are over already, by the
// account's epoch; but nothing is kept without need.
func (d *Directory) dropSessions(ctx context.Context, accountID, but string) error {
	for row, err := range sessions.All(ctx, d.DB, store.Query{Term: "account=" + accountID}) {
		if err != nil {
			return err
		}
		if row.Key == but {
			continue
		}
		if err := remove(ctx, sessions, d.DB, row.Key); err != nil {
			return err
		}
	}
	return nil
}

// Prune deletes sessions that are over and failed log-ins that are forgotten, and returns how many
// records went. It is to be called every hour or so.
func (d *Directory) Prune(ctx context.Context) (n int, err error) {
	defer fault.Wrap(&err, "auth: prune")
	now := d.now()
	a, err := prune(ctx, sessions, d.DB, now)
	if err != nil {
		return a, err
	}
	b, err := prune(ctx, attempts, d.DB, now.Add(-attemptsKept))
	return a + b, err
}

// prune deletes what sorts before a time. What changes meanwhile stays.
func prune[T any](ctx context.Context, t store.Table[T], db store.DB, before time.Time) (n int, err error) {
	for row, err := range t.All(ctx, db, store.Query{To: sortTime(before)}) {
		if err != nil {
			return n, err
		}
		err = t.Delete(ctx, db, row.Key, row.Rev)
		if err == nil {
			n++
		} else if !errors.Is(err, fault.Stale) && !errors.Is(err, fault.NotFound) {
			return n, err
		}
	}
	return n, nil
}
