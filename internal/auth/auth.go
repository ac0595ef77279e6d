// Package auth knows who somebody is: people with accounts and passwords, the sessions of their
// browsers, and programs with API keys.
//
// It answers one question for the rest of the program: whose request is this? The answer is an
// [Identity]. What that identity may do to batches and certificates is not decided here; what it may
// do to accounts, sessions and keys is, in may.go.
//
// Secrets go in one direction only. A password is kept as an argon2id hash, a session's token and an
// API key as the SHA-256 of 256 random bits; none of them is ever part of an error, of a [Change] or
// of an exported type, so that none can be logged or sent by mistake.
package auth

import (
	"context"
	"encoding/json"
	"slices"
	"sync"
	"time"

	"truynguon/internal/fault"
	"truynguon/internal/store"
)

// Role is what a person or program is here for.
type Role string

// The roles, spelled as on the command line and in the API. The empty Role is nobody's.
const (
	// Admin runs the system.
	Admin Role = "admin"
	// Official answers for an administrative unit.
	Official Role = "official"
	// Manager leads an organisation and looks after the accounts of its staff.
	Manager Role = "manager"
	// Staff works for an organisation.
	Staff Role = "staff"
	// Buyer buys, and checks what it buys.
	Buyer Role = "buyer"
)

// Roles are all roles, the most powerful first.
var Roles = []Role{Admin, Official, Manager, Staff, Buyer}

// ParseRole reads a role as the command line and the API spell it. Anything else is fault.Invalid at
// "/role".
func ParseRole(s string) (Role, error) {
	if r := Role(s); r.valid() {
		return r, nil
	}
	p := new(fault.Problem)
	p.Add("/role", "role_unknown")
	return "", p.Err()
}

func (r Role) valid() bool { return slices.Contains(Roles, r) }

// needsOrg reports whether the role is one within an organisation, needsUnit whether it is one
// within an administrative unit.
func (r Role) needsOrg() bool  { return r == Manager || r == Staff }
func (r Role) needsUnit() bool { return r == Official }

// Via is how a request showed whose it is.
type Via string

// The ways to be known.
const (
	// Nobody: the request showed nothing. It is the zero value.
	Nobody Via = ""
	// BySession: a person whose browser carries a session's token.
	BySession Via = "session"
	// ByAPIKey: a program that carries an API key.
	ByAPIKey Via = "key"
	// ByCommand: whoever may run the program's own commands on the machine where the data lies.
	ByCommand Via = "command"
)

// Identity is what a request is known as. The zero Identity is nobody.
type Identity struct {
	// ID is the account's or the API key's; they never coincide, since accounts' begin with "u" and
	// keys' with "k".
	ID string `json:"id"`
	// Name is how people know the person or program.
	Name string `json:"name"`
	// Email is the account's; empty for programs and for the command line.
	Email string `json:"email,omitempty"`
	// Role decides, with Org and Unit, what the identity may do.
	Role Role `json:"role"`
	// Org is the organisation of a manager or staff member.
	Org string `json:"org,omitempty"`
	// Unit is the code of an official's administrative unit.
	Unit string `json:"unit,omitempty"`
	// Lang is the language that the account chose, such as "vi"; empty for programs.
	Lang string `json:"lang,omitempty"`
	// Via is how this is known.
	Via Via `json:"via"`
	// Session is the public ID of the session, if it was one.
	Session string `json:"-"`
	// SudoAt is when the person last proved the password in this session, by logging in or by
	// [Directory.Confirm]. A page that does something grave may ask again when it is long ago.
	SudoAt time.Time `json:"-"`
	// PasswordTemporary says that somebody else chose the password, so that the person should be
	// asked for an own one.
	PasswordTemporary bool `json:"-"`
}

// Known reports whether it is known who asks.
func (i Identity) Known() bool { return i.Via != Nobody }

// Is reports whether the identity is known and has one of the roles.
func (i Identity) Is(roles ...Role) bool { return i.Known() && slices.Contains(roles, i.Role) }

// Command is the identity of the program's own commands. Whoever can run them can read and write
// the database anyway.
var Command = Identity{ID: "command", Name: "command line", Role: Admin, Via: ByCommand}

// Directory is everybody who is known here. Its fields are set once, before the first call; its
// methods may be called concurrently, and several machines may each have a Directory over one DB.
//
// Every verb that takes an Identity fails with fault.Unauthenticated if that is nobody, and with
// fault.Denied if it may not do this. Where the identity may not even see the account in question
// the answer is fault.NotFound, so that asking tells nothing. Errors of DB are passed on.
type Directory struct {
	// DB holds accounts, sessions, keys and the tally of failed log-ins.
	DB store.DB
	// Now tells the time; tests set it. Nil means time.Now.
	Now func() time.Time
	// Changed is told of every change just before it is written, when nothing but the database can
	// prevent it any more; if it fails, its error is returned and nothing is changed. So the audit
	// trail may hold a change that a failing database then did not make, but no change is ever
	// made without a trace. Nil means that nobody listens.
	Changed func(ctx context.Context, c Change) error
	// Cost is what hashing a password takes; the zero value means DefaultCost. When it rises,
	// passwords are hashed anew as people log in.
	Cost Cost

	gate    gate
	clients tallies
	known   tallies
	cache   accountCache
	admins  sync.Mutex // held while an admin may cease to be one
}

func (d *Directory) now() time.Time {
	if d.Now != nil {
		return d.Now().UTC()
	}
	return time.Now().UTC()
}

// stamp is now as it is stored: in milliseconds, without a monotonic part, so that a value read back
// equals the value written.
func (d *Directory) stamp() time.Time { return d.now().Truncate(time.Millisecond) }

// Change says who did what to which account, session or key. It carries no secret, and of personal
// data only the ID: names and addresses stay in the account, where they can be erased.
type Change struct {
	// At is when.
	At time.Time
	// By is who.
	By Identity
	// Action is one of the Action constants; "auth.action."+Action is its message key.
	Action string
	// Kind is "account", "session" or "key", and Key the public ID of the one that changed.
	Kind, Key string
	// Org is the organisation of the account or key, if it has one.
	Org string
	// Fields are the members that differ, in alphabetical order. Of a name only the fact that it
	// changed is told.
	Fields []FieldChange
}

// FieldChange is one member before and after, in JSON. What was or is absent has no value.
type FieldChange struct {
	Name          string
	Before, After json.RawMessage
}

// What can be done to accounts, sessions and keys, as Change.Action says it.
const (
	ActionAccountAdded    = "account_added"
	ActionAccountDisabled = "account_disabled"
	ActionAccountEnabled  = "account_enabled"
	ActionAccountErased   = "account_erased"
	ActionRoleChanged     = "role_changed"
	ActionProfileChanged  = "profile_changed"
	ActionPasswordChanged = "password_changed" // by the person
	ActionPasswordReset   = "password_reset"   // by somebody else
	ActionUndone          = "undone"           // the change before would have left no admin
	ActionLoggedIn        = "logged_in"
	ActionLoggedOut       = "logged_out"
	ActionConfirmed       = "confirmed" // the password was proved again
	ActionSessionEnded    = "session_ended"
	ActionSessionsEnded   = "sessions_ended"
	ActionKeyAdded        = "key_added"
	ActionKeyRevoked      = "key_revoked"
)

// note tells Changed.
func (d *Directory) note(ctx context.Context, by Identity, action, kind, key, org string, fields []FieldChange) error {
	if d.Changed == nil {
		return nil
	}
	by.SudoAt, by.PasswordTemporary = time.Time{}, false // nobody's business
	return d.Changed(ctx, Change{
		At: d.stamp(), By: by, Action: action, Kind: kind, Key: key, Org: org, Fields: fields,
	})
}
