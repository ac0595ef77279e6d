package auth

import (
	"context"
	"strings"
	"testing"
)

// The rules of may.go, verb by verb. A row is a verb done to somebody, a column somebody who tries
// it; every cell has a world of its own.
func TestMatrix(t *testing.T) {
	const (
		ok       = "ok"
		denied   = "denied (not_yours)"
		role     = "denied (role_not_yours)"
		self     = "denied (account_self)"
		people   = "denied (people_only)"
		signIn   = "not signed in (sign_in)"
		unknown  = "not found (account_unknown)"
		session  = "not found (session_unknown)"
		key      = "not found (key_unknown)"
		wrong    = "invalid; /current: password_wrong"
		lastOnes = 9
	)
	columns := []string{"admin", "command", "manager", "other manager", "official", "staff", "buyer", "nobody", "key"}
	type row struct {
		verb string
		do   func(w *world, by Identity) error
		want [lastOnes]string
	}
	ctx := context.Background()
	draft := func(role Role, org, unit string) func(*world, Identity) error {
		return func(w *world, by Identity) error {
			_, _, err := w.AddAccount(ctx, by, AccountDraft{Email: "new@example.vn", Name: "Mới", Role: role, Org: org, Unit: unit})
			return err
		}
	}
	newKey := func(role Role, org, unit string) func(*world, Identity) error {
		return func(w *world, by Identity) error {
			_, _, err := w.AddKey(ctx, by, KeyDraft{Name: "cân", Role: role, Org: org, Unit: unit})
			return err
		}
	}
	// to does a verb to the second staff member of the organisation, to its second manager, …
	to := func(who string, verb func(w *world, by Identity, who string) error) func(*world, Identity) error {
		return func(w *world, by Identity) error { return verb(w, by, who) }
	}
	see := func(w *world, by Identity, who string) error { _, err := w.Account(ctx, by, who); return err }
	disable := func(w *world, by Identity, who string) error { _, err := w.Disable(ctx, by, who); return err }
	enable := func(w *world, by Identity, who string) error { _, err := w.Enable(ctx, by, who); return err }
	reset := func(w *world, by Identity, who string) error { _, err := w.ResetPassword(ctx, by, who); return err }
	rename := func(w *world, by Identity, who string) error {
		_, err := w.SetProfile(ctx, by, who, "Tên khác", "en")
		return err
	}
	setRole := func(role Role, org, unit string) func(*world, Identity, string) error {
		return func(w *world, by Identity, who string) error {
			_, err := w.SetRole(ctx, by, who, role, org, unit)
			return err
		}
	}
	list := func(w *world, by Identity, who string) error { _, err := w.Sessions(ctx, by, who); return err }
	endAll := func(w *world, by Identity, who string) error { return w.EndAllSessions(ctx, by, who) }
	end := func(w *world, by Identity, who string) error {
		_, id := w.in(who)
		return w.EndSession(ctx, by, id.Session)
	}
	erase := func(w *world, by Identity, who string) error {
		if _, err := w.Disable(ctx, Command, who); err != nil {
			return err
		}
		return w.Erase(ctx, by, who)
	}
	revoke := func(role Role, org, unit string) func(*world, Identity) error {
		return func(w *world, by Identity) error {
			_, k, err := w.AddKey(ctx, Command, KeyDraft{Name: "x", Role: role, Org: org, Unit: unit})
			if err != nil {
				return err
			}
			_, err = w.RevokeKey(ctx, by, k.ID)
			return err
		}
	}

	const staff2, manager2, other, admin2 = "staff2@example.vn", "manager2@example.vn", "otherstaff@example.vn", "admin2@example.vn"
	rows := []row{
		//                                                      admin command manager other    official staff buyer   nobody  key
		{"add staff here", draft(Staff, "htx1", ""), [...]string{ok, ok, ok, role, denied, denied, denied, signIn, people}},
		{"add staff elsewhere", draft(Staff, "htx9", ""), [...]string{ok, ok, role, role, denied, denied, denied, signIn, people}},
		{"add manager here", draft(Manager, "htx1", ""), [...]string{ok, ok, role, role, denied, denied, denied, signIn, people}},
		{"add official", draft(Official, "", "24133"), [...]string{ok, ok, role, role, denied, denied, denied, signIn, people}},
		{"add buyer", draft(Buyer, "", ""), [...]string{ok, ok, role, role, denied, denied, denied, signIn, people}},
		{"add admin", draft(Admin, "", ""), [...]string{ok, ok, role, role, denied, denied, denied, signIn, people}},

		{"see staff", to(staff2, see), [...]string{ok, ok, ok, unknown, denied, denied, denied, signIn, people}},
		{"see manager", to(manager2, see), [...]string{ok, ok, ok, unknown, denied, denied, denied, signIn, people}},
		{"see admin", to(admin2, see), [...]string{ok, ok, unknown, unknown, denied, denied, denied, signIn, people}},
		{"see unknown", to("nobody@example.vn", see), [...]string{unknown, unknown, unknown, unknown, denied, denied, denied, signIn, people}},
		{"list", func(w *world, by Identity) error { _, _, err := w.Accounts(ctx, by, AccountQuery{}); return err },
			[...]string{ok, ok, ok, ok, denied, denied, denied, signIn, people}},
		{"list here", func(w *world, by Identity) error {
			_, _, err := w.Accounts(ctx, by, AccountQuery{Org: "htx1", Role: Staff})
			return err
		}, [...]string{ok, ok, ok, denied, denied, denied, denied, signIn, people}},
		{"list unit", func(w *world, by Identity) error {
			_, _, err := w.Accounts(ctx, by, AccountQuery{Unit: "24133"})
			return err
		}, [...]string{ok, ok, denied, denied, denied, denied, denied, signIn, people}},

		{"disable staff", to(staff2, disable), [...]string{ok, ok, ok, unknown, denied, denied, denied, signIn, people}},
		{"disable manager", to(manager2, disable), [...]string{ok, ok, denied, unknown, denied, denied, denied, signIn, people}},
		{"disable staff elsewhere", to(other, disable), [...]string{ok, ok, unknown, ok, denied, denied, denied, signIn, people}},
		{"disable admin", to(admin2, disable), [...]string{ok, ok, unknown, unknown, denied, denied, denied, signIn, people}},
		{"disable self", func(w *world, by Identity) error { _, err := w.Disable(ctx, by, by.Email); return err },
			[...]string{self, unknown, self, self, self, self, self, signIn, people}},
		{"enable staff", to(staff2, enable), [...]string{ok, ok, ok, unknown, denied, denied, denied, signIn, people}},
		{"enable manager", to(manager2, enable), [...]string{ok, ok, denied, unknown, denied, denied, denied, signIn, people}},
		{"erase staff", to(staff2, erase), [...]string{ok, ok, denied, unknown, denied, denied, denied, signIn, people}},

		{"reset staff", to(staff2, reset), [...]string{ok, ok, ok, unknown, denied, denied, denied, signIn, people}},
		{"reset manager", to(manager2, reset), [...]string{ok, ok, denied, unknown, denied, denied, denied, signIn, people}},
		{"reset admin", to(admin2, reset), [...]string{ok, ok, unknown, unknown, denied, denied, denied, signIn, people}},
		{"reset self", func(w *world, by Identity) error { _, err := w.ResetPassword(ctx, by, by.ID); return err },
			[...]string{self, unknown, self, self, self, self, self, signIn, people}},
		{"set own password", func(w *world, by Identity) error {
			return w.SetPassword(ctx, by, goodPassword, "một mật khẩu mới tinh")
		}, [...]string{ok, denied, ok, ok, ok, ok, ok, signIn, people}},
		{"set own password, wrong", func(w *world, by Identity) error {
			return w.SetPassword(ctx, by, "sai bét nhè", "một mật khẩu mới tinh")
		}, [...]string{wrong, denied, wrong, wrong, wrong, wrong, wrong, signIn, people}},
		{"confirm", func(w *world, by Identity) error { return w.Confirm(ctx, by, goodPassword) },
			[...]string{ok, denied, ok, ok, ok, ok, ok, signIn, people}},

		{"staff to staff", to(staff2, setRole(Staff, "htx1", "")), [...]string{ok, ok, ok, unknown, denied, denied, denied, signIn, people}},
		{"staff to manager", to(staff2, setRole(Manager, "htx1", "")), [...]string{ok, ok, role, unknown, denied, denied, denied, signIn, people}},
		{"staff to elsewhere", to(staff2, setRole(Staff, "htx2", "")), [...]string{ok, ok, role, unknown, denied, denied, denied, signIn, people}},
		{"staff to admin", to(staff2, setRole(Admin, "", "")), [...]string{ok, ok, role, unknown, denied, denied, denied, signIn, people}},
		{"manager to staff", to(manager2, setRole(Staff, "htx1", "")), [...]string{ok, ok, denied, unknown, denied, denied, denied, signIn, people}},
		{"admin to buyer", to(admin2, setRole(Buyer, "", "")), [...]string{ok, ok, unknown, unknown, denied, denied, denied, signIn, people}},
		{"raise self", func(w *world, by Identity) error { _, err := w.SetRole(ctx, by, by.Email, Admin, "", ""); return err },
			[...]string{self, unknown, self, self, denied, denied, denied, signIn, people}},

		{"rename staff", to(staff2, rename), [...]string{ok, ok, ok, unknown, denied, denied, denied, signIn, people}},
		{"rename manager", to(manager2, rename), [...]string{ok, ok, denied, unknown, denied, denied, denied, signIn, people}},
		{"rename self", func(w *world, by Identity) error {
			_, err := w.SetProfile(ctx, by, by.ID, "Tên khác", "en")
			return err
		},
			[...]string{ok, unknown, ok, ok, ok, ok, ok, signIn, people}},
		{"see self", func(w *world, by Identity) error { _, err := w.Account(ctx, by, by.Email); return err },
			[...]string{ok, unknown, ok, ok, ok, ok, ok, signIn, people}},

		{"own sessions", to("", list), [...]string{ok, unknown, ok, ok, ok, ok, ok, signIn, people}},
		{"staff's sessions", to(staff2, list), [...]string{ok, ok, ok, unknown, denied, denied, denied, signIn, people}},
		{"manager's sessions", to(manager2, list), [...]string{ok, ok, denied, unknown, denied, denied, denied, signIn, people}},
		{"end own", func(w *world, by Identity) error { return w.EndSession(ctx, by, by.Session) },
			[...]string{ok, session, ok, ok, ok, ok, ok, signIn, people}},
		{"end staff's", to(staff2, end), [...]string{ok, ok, ok, session, session, session, session, signIn, people}},
		{"end admin's", to(admin2, end), [...]string{ok, ok, session, session, session, session, session, signIn, people}},
		{"end all own", to("", endAll), [...]string{ok, unknown, ok, ok, ok, ok, ok, signIn, people}},
		{"end all staff's", to(staff2, endAll), [...]string{ok, ok, ok, unknown, denied, denied, denied, signIn, people}},
		{"end all manager's", to(manager2, endAll), [...]string{ok, ok, denied, unknown, denied, denied, denied, signIn, people}},

		{"key for staff", newKey(Staff, "htx1", ""), [...]string{ok, ok, ok, role, denied, denied, denied, signIn, people}},
		{"key for manager", newKey(Manager, "htx1", ""), [...]string{ok, ok, ok, role, denied, denied, denied, signIn, people}},
		{"key for official", newKey(Official, "", "24133"), [...]string{ok, ok, role, role, denied, denied, denied, signIn, people}},
		{"key for admin", newKey(Admin, "", ""), [...]string{ok, ok, role, role, denied, denied, denied, signIn, people}},
		{"key for buyer", newKey(Buyer, "", ""), [...]string{ok, ok, role, role, denied, denied, denied, signIn, people}},
		{"keys", func(w *world, by Identity) error { _, err := w.Keys(ctx, by); return err },
			[...]string{ok, ok, ok, ok, denied, denied, denied, signIn, people}},
		{"revoke key here", revoke(Staff, "htx1", ""), [...]string{ok, ok, ok, key, denied, denied, denied, signIn, people}},
		{"revoke admin key", revoke(Admin, "", ""), [...]string{ok, ok, key, key, denied, denied, denied, signIn, people}},
	}
	for _, r := range rows {
		t.Run(r.verb, func(t *testing.T) {
			for i, column := range columns {
				w := newWorld(t)
				w.add("admin@example.vn", Admin, "", "")
				w.add(admin2, Admin, "", "")
				w.add("manager@example.vn", Manager, "htx1", "")
				w.add(manager2, Manager, "htx1", "")
				w.add("othermanager@example.vn", Manager, "htx2", "")
				w.add("official@example.vn", Official, "", "24133")
				w.add("staff@example.vn", Staff, "htx1", "")
				w.add(staff2, Staff, "htx1", "")
				w.add(other, Staff, "htx2", "")
				w.add("buyer@example.vn", Buyer, "", "")
				var by Identity
				switch column {
				case "nobody":
				case "command":
					by = Command
				case "key":
					k, _, err := w.AddKey(ctx, Command, KeyDraft{Name: "k", Role: Admin})
					if err != nil {
						t.Fatal(err)
					}
					if by, err = w.ByKey(ctx, k); err != nil {
						t.Fatal(err)
					}
				default:
					_, by = w.in(strings.ReplaceAll(column, " ", "") + "@example.vn")
				}
				before := len(w.actions())
				err := r.do(w, by)
				expect(t, column, err, r.want[i])
				if err != nil { // what was refused left no trace but the preparations
					for _, c := range w.trail[before:] {
						if c.By.ID == by.ID && by.ID != "command" {
							t.Errorf("%s: refused, and yet %s", column, c.Action)
						}
					}
				}
			}
		})
	}
}
