package auth

import "truynguon/internal/fault"

// This file is the whole answer to who may do what to accounts, sessions and keys.
//
//	                       admin       manager                 official, staff, buyer
//	an own account         password, name, language, sessions: everybody; role, disabling: nobody
//	somebody's account     all         staff of the own org    none
//	see accounts           all         of the own org          none
//	API keys               all         of the own org, as      none
//	                                   manager or staff
//
// Programs (API keys) manage none of this: a stolen key could otherwise make itself successors that
// outlive its revocation. The command line is an admin without an own account.

func errSignIn() error         { return fault.New(fault.Unauthenticated, "sign_in") }
func errNotYours() error       { return fault.New(fault.Denied, "not_yours") }
func errUnknownAccount() error { return fault.New(fault.NotFound, "account_unknown") }
func errUnknownKey() error     { return fault.New(fault.NotFound, "key_unknown") }
func errUnknownSession() error { return fault.New(fault.NotFound, "session_unknown") }

// person returns an error unless it is a person, or the command line.
func person(by Identity) error {
	switch by.Via {
	case BySession, ByCommand:
		return nil
	case ByAPIKey:
		return fault.New(fault.Denied, "people_only")
	}
	return errSignIn()
}

// inSession returns an error unless it is a person in a session: the command line has no password.
func inSession(by Identity) error {
	if err := person(by); err != nil {
		return err
	}
	if by.Via != BySession {
		return errNotYours()
	}
	return nil
}

// manages returns an error unless by looks after any accounts at all.
func manages(by Identity) error {
	if err := person(by); err != nil {
		return err
	}
	if by.Role == Admin || by.Role == Manager && by.Org != "" {
		return nil
	}
	return errNotYours()
}

// self reports whether the account is by's own.
func self(by Identity, a Account) bool { return by.Via == BySession && by.ID == a.ID }

// maySee returns an error unless by may know that there is this account.
func maySee(by Identity, a Account) error {
	if err := person(by); err != nil {
		return err
	}
	if self(by, a) || by.Role == Admin {
		return nil
	}
	if err := manages(by); err != nil {
		return err
	}
	if a.Org != by.Org {
		return errUnknownAccount()
	}
	return nil
}

// mayManage returns an error unless by looks after this account of somebody else.
func mayManage(by Identity, a Account) error {
	if err := maySee(by, a); err != nil {
		return err
	}
	if self(by, a) {
		return fault.New(fault.Denied, "account_self")
	}
	if by.Role == Admin || a.Role == Staff { // maySee compared a manager's organisation
		return nil
	}
	return errNotYours()
}

// mayTend is mayManage, and everybody's right over what is their own.
func mayTend(by Identity, a Account) error {
	if err := maySee(by, a); err != nil {
		return err
	}
	if self(by, a) {
		return nil
	}
	return mayManage(by, a)
}

// mayAppoint returns an error unless by may give somebody this role in this organisation.
func mayAppoint(by Identity, role Role, org string) error {
	if err := manages(by); err != nil {
		return err
	}
	if by.Role == Admin || role == Staff && org == by.Org {
		return nil
	}
	return fault.New(fault.Denied, "role_not_yours")
}

// mayKey returns an error unless by may make or revoke an API key of this role in this organisation.
func mayKey(by Identity, role Role, org string) error {
	if err := manages(by); err != nil {
		return err
	}
	if by.Role == Admin || role.needsOrg() && org == by.Org {
		return nil
	}
	return fault.New(fault.Denied, "role_not_yours")
}
