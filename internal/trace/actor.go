package trace

import (
	"slices"

	"truynguon/internal/fault"
)

// Role is what a person or program may be here.
type Role string

// The roles, as contract and command line name them. The empty Role is a visitor who has not signed
// in.
const (
	Admin    Role = "admin"    // runs the system
	Official Role = "official" // answers for an administrative unit and all within it
	Manager  Role = "manager"  // leads an organisation
	Staff    Role = "staff"    // works for an organisation
	Buyer    Role = "buyer"    // buys, and checks what it buys
)

// Actor is who does something: a person or a program, as package auth knows it. The zero Actor is a
// visitor.
type Actor struct {
	// ID is the account's or key's identifier.
	ID string `json:"id"`
	// Name is how people know the actor.
	Name string `json:"name"`
	// Role decides what the actor may do.
	Role Role `json:"role"`
	// Org is the organisation of a manager or staff member.
	Org string `json:"org,omitempty"`
	// Unit is the administrative unit of an official.
	Unit string `json:"unit,omitempty"`
}

// System is the actor of what the program does by itself, such as loading the sample district.
var System = Actor{ID: "system", Name: "Truy Nguồn", Role: Admin}

// denied is the answer to an actor who may not; a visitor is asked to sign in instead.
func (a Actor) denied() error {
	if a.Role == "" {
		return fault.New(fault.Unauthenticated, "sign_in")
	}
	return fault.New(fault.Denied, "not_yours")
}

// memberOf reports whether the actor works for the organisation.
func (a Actor) memberOf(org string) bool {
	return (a.Role == Manager || a.Role == Staff) && a.Org != "" && a.Org == org
}

// oversees reports whether the actor is an official of a unit that the organisation lies in.
func (a Actor) oversees(o *Organisation) bool {
	return a.Role == Official && a.Unit != "" && slices.Contains(o.UnitPath, a.Unit)
}

// mayRead reports whether the actor sees an organisation's own records, drafts included.
func (a Actor) mayRead(o *Organisation) bool {
	return a.Role == Admin || a.memberOf(o.ID) || a.oversees(o)
}

// Sees reports whether the actor may see what is personal in an organisation's records, such as who did
// what: its own people, the officials of the units it lies in, and an admin.
func (a Actor) Sees(org string, unitPath []string) bool {
	return a.mayRead(&Organisation{ID: org, UnitPath: unitPath})
}

// mayWrite reports whether the actor keeps an organisation's records.
func (a Actor) mayWrite(o *Organisation) bool { return a.Role == Admin || a.memberOf(o.ID) }

// mayRecall reports whether the actor calls an organisation's lots back: its manager of its own accord, and
// whoever decides about the organisation in any case.
func (a Actor) mayRecall(o *Organisation, k RecallKind) bool {
	return a.Role == Manager && a.memberOf(o.ID) && k == Voluntary || a.mayJudge(o)
}

// mayJudge reports whether the actor decides about an organisation: certificates, holds, recalls.
func (a Actor) mayJudge(o *Organisation) bool { return a.Role == Admin || a.oversees(o) }
