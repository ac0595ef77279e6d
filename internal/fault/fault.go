// Package fault says what kind of thing went wrong, without knowing how it will be told.
//
// A kind is one of the sentinel values below and is tested with [errors.Is]. A [Problem] is a kind
// with the message keys that explain it, field by field; the words are chosen later, when the
// visitor's language is known. Anything that is neither is unexpected: it is logged, and the
// visitor is told only that something failed.
package fault

import (
	"errors"
	"fmt"
	"strings"
)

// The kinds of failure. Each is mapped to an HTTP status in exactly one place, package web.
var (
	// NotFound: no such record is known here.
	NotFound = errors.New("not found")
	// Gone: there was such a thing, and it has been withdrawn for good.
	Gone = errors.New("gone")
	// Exists: what was to be created is already there, or conflicts with what is there.
	Exists = errors.New("already exists")
	// Stale: the record has changed since the caller read it.
	Stale = errors.New("changed since it was read")
	// Invalid: well-formed, but one or more fields break a rule.
	Invalid = errors.New("invalid")
	// Malformed: could not be understood at all.
	Malformed = errors.New("malformed")
	// Denied: the actor is known and may not do this.
	Denied = errors.New("denied")
	// Unauthenticated: it is not known who asks.
	Unauthenticated = errors.New("not signed in")
	// Precondition: an update came without saying which version it changes.
	Precondition = errors.New("precondition required")
	// TooLarge: the body or file exceeds its limit.
	TooLarge = errors.New("too large")
	// Unsupported: the content is of a type that is not accepted.
	Unsupported = errors.New("unsupported media type")
	// TooMany: the caller has used up its allowance for now.
	TooMany = errors.New("too many requests")
	// Unavailable: something this depends on does not answer at the moment.
	Unavailable = errors.New("unavailable")
)

// Field is one fault of one field.
type Field struct {
	// Pointer is the RFC 6901 JSON pointer of the field in the submitted document, such as
	// "/harvestDate". A form field has the pointer of the JSON member it stands for.
	Pointer string
	// Code is a stable word for the fault; "fault."+Code is its key in the message catalogues.
	Code string
	// Args fill the places {0}, {1}, … of the message.
	Args []any
}

// Problem is a failure that can be explained: its kind, a message key, and the fields at fault.
type Problem struct {
	// Kind is one of the sentinel values of this package.
	Kind error
	// Code is the stable word for the failure as a whole; "fault."+Code is its message key.
	// Empty means that the kind says enough.
	Code string
	// Args fill the places of the message.
	Args []any
	// Fields names every field at fault.
	Fields []Field
}

// New returns a problem of a kind, with a code and the arguments of its message.
func New(kind error, code string, args ...any) *Problem {
	return &Problem{Kind: kind, Code: code, Args: args}
}

// Add records one more field at fault. A second, identical fault of the same field is dropped, so
// that checks may overlap.
func (p *Problem) Add(pointer, code string, args ...any) {
	for _, f := range p.Fields {
		if f.Pointer == pointer && f.Code == code {
			return
		}
	}
	p.Fields = append(p.Fields, Field{Pointer: pointer, Code: code, Args: args})
}

// Err returns the problem as an error if any field is at fault, and nil otherwise. A problem
// without a kind becomes Invalid, which is what a list of field faults means.
func (p *Problem) Err() error {
	if len(p.Fields) == 0 {
		return nil
	}
	if p.Kind == nil {
		p.Kind = Invalid
	}
	return p
}

// Error describes the problem for a log. Visitors never see it.
func (p *Problem) Error() string {
	var b strings.Builder
	if p.Kind != nil {
		b.WriteString(p.Kind.Error())
	}
	if p.Code != "" {
		fmt.Fprintf(&b, " (%s)", p.Code)
	}
	for _, f := range p.Fields {
		fmt.Fprintf(&b, "; %s: %s", f.Pointer, f.Code)
	}
	return b.String()
}

// Unwrap returns the kind, so that errors.Is(err, fault.Invalid) works.
func (p *Problem) Unwrap() error { return p.Kind }

// Wrap puts the call in front of a non-nil error, as the first line of a function:
//
//	defer fault.Wrap(&err, "Ledger.RegisterBatch(%q)", id)
func Wrap(errp *error, format string, args ...any) {
	if *errp != nil {
		*errp = fmt.Errorf("%s: %w", fmt.Sprintf(format, args...), *errp)
	}
}
