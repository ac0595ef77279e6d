package auth

import (
	"context"
	"errors"

	"truynguon/internal/fault"
	"truynguon/internal/store"
)

// alter changes the account that who names: may it be, what it becomes, tell the audit trail, write
// it. If somebody else was faster it begins again, so fn may run several times. Nothing is told and
// nothing written if fn alters nothing.
func (d *Directory) alter(ctx context.Context, by Identity, who, action string, may func(Identity, Account) error, fn func(*account) error) (before, after account, err error) {
	for try := 0; ; try++ {
		row, err := d.findFor(ctx, by, who, may)
		if err != nil {
			return account{}, account{}, err
		}
		before, after = row.Value, row.Value
		if err := fn(&after); err != nil {
			return account{}, account{}, err
		}
		if after == before {
			return before, after, nil
		}
		fields := differences(before.Account, after.Account)
		if err := d.note(ctx, by, action, "account", before.ID, after.Org, fields); err != nil {
			return account{}, account{}, err
		}
		_, err = accounts.UpdateAt(ctx, d.DB, row.Key, row.Rev, func(a *account) error {
			*a = after
			return nil
		})
		d.cache.forget(row.Key) // even on failure: it may have been written
		if err == nil {
			return before, after, nil
		}
		if !errors.Is(err, fault.Stale) || try == 9 {
			return account{}, account{}, err
		}
	}
}

// SetPassword changes the person's own password, which takes the current one, and ends all other
// sessions. Wrong or missing current: fault.Invalid at /current, after a while slowed like a log-in;
// new one not good enough: at /password.
func (d *Directory) SetPassword(ctx context.Context, by Identity, current, next string) (err error) {
	defer fault.Wrap(&err, "auth: set password")
	if err := inSession(by); err != nil {
		return err
	}
	row, err := d.findFor(ctx, by, by.ID, maySee)
	if err != nil {
		return err
	}
	p := new(fault.Problem)
	next = checkPassword(p, "/password", next, row.Value.Email, row.Value.Name)
	if current == "" {
		p.Add("/current", "missing")
		return p.Err()
	}
	right, _, err := d.prove(ctx, attemptKey("change", row.Value.Email), false, row.Value.Hash, current)
	switch {
	case err != nil:
		return err
	case !right:
		p.Add("/current", "password_wrong")
	case next == normal(current):
		p.Add("/password", "password_same")
	}
	if err := p.Err(); err != nil {
		return err
	}
	hash, err := d.hashNew(ctx, next)
	if err != nil {
		return err
	}
	_, a, err := d.alter(ctx, by, by.ID, ActionPasswordChanged, maySee, func(a *account) error {
		if a.Hash != row.Value.Hash { // reset meanwhile: the current one was not current any more
			return fault.Stale
		}
		a.Hash, a.PasswordChangedAt, a.PasswordTemporary = hash, d.stamp(), false
		a.Epoch++
		return nil
	})
	if err != nil {
		return err
	}
	d.known.forget(a.Email)
	return d.keepOnly(ctx, by, a)
}

// ResetPassword gives somebody a new random password, which is returned to be handed over and kept
// nowhere, and ends all sessions of the account.
func (d *Directory) ResetPassword(ctx context.Context, by Identity, who string) (password string, err error) {
	defer fault.Wrap(&err, "auth: reset password")
	if _, err := d.findFor(ctx, by, who, mayManage); err != nil { // before the work of hashing
		return "", err
	}
	password = newPassword()
	hash, err := d.hashNew(ctx, password)
	if err != nil {
		return "", err
	}
	_, a, err := d.alter(ctx, by, who, ActionPasswordReset, mayManage, func(a *account) error {
		a.Hash, a.PasswordChangedAt, a.PasswordTemporary = hash, d.stamp(), true
		a.Epoch++
		return nil
	})
	if err != nil {
		return "", err
	}
	d.known.forget(a.Email)
	// What follows only tidies up: the old sessions are over and the new password is valid, so the
	// caller must get to see it whatever happens now.
	_ = d.clear(ctx, attemptKey("login", a.Email))
	_ = d.dropSessions(ctx, a.ID, "")
	return password, nil
}

// Disable keeps somebody from logging in and ends all sessions. Disabling twice is disabling once.
// The last active admin cannot be disabled: fault.Denied, code last_admin.
func (d *Directory) Disable(ctx context.Context, by Identity, who string) (_ Account, err error) {
	defer fault.Wrap(&err, "auth: disable")
	a, err := d.alterKeepingAdmin(ctx, by, who, ActionAccountDisabled, func(a *account) error {
		if !a.Disabled {
			a.Disabled = true
			a.Epoch++
		}
		return nil
	})
	if err != nil {
		return Account{}, err
	}
	return a.Account, d.dropSessions(ctx, a.ID, "")
}

// Enable lets somebody who was disabled log in again.
func (d *Directory) Enable(ctx context.Context, by Identity, who string) (_ Account, err error) {
	defer fault.Wrap(&err, "auth: enable")
	_, a, err := d.alter(ctx, by, who, ActionAccountEnabled, mayManage, func(a *account) error {
		a.Disabled = false
		return nil
	})
	return a.Account, err
}

// SetRole gives somebody another role, with the organisation or unit it is held in. Faults are
// fault.Invalid at /role, /org and /unit. Nobody can change the own role, and the last active admin
// keeps it.
func (d *Directory) SetRole(ctx context.Context, by Identity, who string, role Role, org, unit string) (_ Account, err error) {
	defer fault.Wrap(&err, "auth: set role")
	if err := manages(by); err != nil {
		return Account{}, err
	}
	p := new(fault.Problem)
	checkPlace(p, role, org, unit)
	if err := p.Err(); err != nil {
		return Account{}, err
	}
	a, err := d.alterKeepingAdmin(ctx, by, who, ActionRoleChanged, func(a *account) error {
		if err := mayAppoint(by, role, org); err != nil {
			return err
		}
		a.Role, a.Org, a.Unit = role, org, unit
		return nil
	})
	return a.Account, err
}

// alterKeepingAdmin is alter by somebody who manages the account, refused if no active admin would
// be left.
//
// There is no transaction around it. Within this process a mutex makes it exact; two machines that
// disable each other's admin in the same instant both look again after writing, and both undo.
func (d *Directory) alterKeepingAdmin(ctx context.Context, by Identity, who, action string, fn func(*account) error) (account, error) {
	d.admins.Lock()
	defer d.admins.Unlock()
	active := func(a *account) bool { return a.Role == Admin && !a.Disabled }
	before, after, err := d.alter(ctx, by, who, action, mayManage, func(a *account) error {
		was := active(a)
		if err := fn(a); err != nil {
			return err
		}
		if was && !active(a) {
			return d.otherAdmin(ctx, a.Email)
		}
		return nil
	})
	if err != nil || !active(&before) || active(&after) {
		return after, err
	}
	left := d.otherAdmin(ctx, after.Email)
	if left == nil {
		return after, nil
	}
	_, _, err = d.alter(ctx, by, after.ID, ActionUndone, mayManage, func(a *account) error {
		a.Role, a.Org, a.Unit, a.Disabled = before.Role, before.Org, before.Unit, before.Disabled
		return nil
	})
	if err != nil {
		return account{}, err
	}
	return account{}, left
}

// otherAdmin returns an error unless there is an active admin besides the one with this address.
func (d *Directory) otherAdmin(ctx context.Context, email string) error {
	rows, _, err := accounts.Find(ctx, d.DB, store.Query{Term: "active-admin", Limit: 2})
	if err != nil {
		return err
	}
	for _, row := range rows {
		if row.Key != email {
			return nil
		}
	}
	return fault.New(fault.Denied, "last_admin")
}

// SetProfile changes a person's name and language: one's own, or that of somebody one looks after.
// An empty lang leaves the language as it is. Faults are fault.Invalid at /name and /lang.
func (d *Directory) SetProfile(ctx context.Context, by Identity, who, name, lang string) (_ Account, err error) {
	defer fault.Wrap(&err, "auth: set profile")
	if err := person(by); err != nil {
		return Account{}, err
	}
	p := new(fault.Problem)
	name = p.Text("/name", name, maxName, true)
	if lang != "" {
		checkLang(p, lang)
	}
	if err := p.Err(); err != nil {
		return Account{}, err
	}
	_, a, err := d.alter(ctx, by, who, ActionProfileChanged, mayTend, func(a *account) error {
		a.Name = name
		if lang != "" {
			a.Lang = lang
		}
		return nil
	})
	return a.Account, err
}

// Erase removes an account and what is known of the person, as Law 91/2025/QH15 on personal data
// gives everybody the right to have done. What the person did stays in the records, under the ID
// alone. The account must have been disabled before: otherwise fault.Invalid, code
// account_not_disabled. Only an admin can.
func (d *Directory) Erase(ctx context.Context, by Identity, who string) (err error) {
	defer fault.Wrap(&err, "auth: erase")
	row, err := d.findFor(ctx, by, who, mayManage)
	if err != nil {
		return err
	}
	a := row.Value
	if by.Role != Admin {
		return errNotYours()
	}
	if !a.Disabled {
		return fault.New(fault.Invalid, "account_not_disabled")
	}
	if err := d.note(ctx, by, ActionAccountErased, "account", a.ID, a.Org, nil); err != nil {
		return err
	}
	if err := d.dropSessions(ctx, a.ID, ""); err != nil {
		return err
	}
	for _, purpose := range []string{"login", "change"} {
		if err := remove(ctx, attempts, d.DB, attemptKey(purpose, a.Email)); err != nil {
			return err
		}
	}
	d.known.forget(a.Email)
	// At the revision that was seen: whoever was enabled again meanwhile is not erased.
	err = accounts.Delete(ctx, d.DB, row.Key, row.Rev)
	d.cache.forget(row.Key)
	return err
}

// remove deletes a record whatever its revision is. One that is not there is fine.
func remove[T any](ctx context.Context, t store.Table[T], db store.DB, key string) error {
	for {
		row, err := t.Get(ctx, db, key)
		if err == nil {
			err = t.Delete(ctx, db, key, row.Rev)
		}
		switch {
		case err == nil || errors.Is(err, fault.NotFound):
			return nil
		case !errors.Is(err, fault.Stale):
			return err
		}
	}
}
