package trace

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"time"

	"truynguon/internal/fault"
	"truynguon/internal/store"
)

// Followers are told through an outbox. A verb that changes a certificate or opens a recall first notes
// that something is about to happen there (watch); PrepareNotices then looks what did, and writes a notice
// for each follower under a key made of what happened and the follower's address, so that preparing twice
// prepares once. The sender takes notices with DueNotices and says with MarkSent or MarkFailed what became
// of them.

// NoticeReason is what a follower is told of.
type NoticeReason string

// The reasons.
const (
	NoticeExpiring   NoticeReason = "expiring"
	NoticeSuspended  NoticeReason = "suspended"
	NoticeReinstated NoticeReason = "reinstated"
	NoticeRevoked    NoticeReason = "revoked"
	NoticeSuperseded NoticeReason = "superseded"
	NoticeRecalled   NoticeReason = "recalled"
	NoticeReceiver   NoticeReason = "receiver" // to who was sent recalled goods
	NoticeReminder   NoticeReason = "reminder" // to who has not answered it
)

// NoticeState is what became of a notice.
type NoticeState string

// The states of a notice.
const (
	NoticeDue     NoticeState = "due"
	NoticeSent    NoticeState = "sent"
	NoticeFailed  NoticeState = "failed"  // given up after the last attempt
	NoticeDropped NoticeState = "dropped" // its follower is no more
)

// Notice is one message to one follower.
type Notice struct {
	// ID is made of what happened and to whom it is told. A sender passes it on (as a Message-ID, or in a
	// header), so that a message that went out twice after a crash is known to be one.
	ID     string       `json:"id"`
	Reason NoticeReason `json:"reason"`
	// Certificate or Recall is the id of what it is about, and Organisation whose it is.
	Certificate  string `json:"certificate,omitempty"`
	Recall       string `json:"recall,omitempty"`
	Organisation string `json:"organisation"`
	// Day is the day from which it holds, or on which the certificate ends; Days is how many are left.
	Day  Date `json:"day,omitempty"`
	Days int  `json:"days,omitempty"`
	// Receipt is the id of a notice to a receiver of recalled goods, who follows nothing.
	Receipt string `json:"receipt,omitempty"`
	// Follow is the id of the following, and Account whose it is.
	Follow  string      `json:"follow"`
	Account string      `json:"account"`
	State   NoticeState `json:"state"`
	// NextAt is when it is due, again after a failure or when a sender that took it has gone silent.
	NextAt  time.Time `json:"nextAt"`
	Created time.Time `json:"created"`
	// Attempts are the attempts that ended, oldest first.
	Attempts []Attempt `json:"attempts,omitempty"`
}

// Attempt is one attempt to send a notice.
type Attempt struct {
	At time.Time `json:"at"`
	// Error is empty if it succeeded.
	Error string `json:"error,omitempty"`
}

var notices = store.Table[Notice]{
	Kind: "notice",
	Key:  func(n *Notice) string { return n.ID },
	Sort: func(n *Notice) string { return sortTime(n.NextAt) },
	Terms: func(n *Notice) []string {
		return []string{"state=" + string(n.State), "account=" + n.Account, "follow=" + n.Follow}
	},
}

// watched is a certificate or recall at which something may have happened of which followers are to be
// told.
type watched struct {
	Kind string `json:"kind"`
	ID   string `json:"id"`
	// Done is how many of a certificate's decisions have been told of.
	Done  int       `json:"done"`
	Since time.Time `json:"since"`
	// Pending tells that it is to be looked at.
	Pending bool `json:"pending"`
}

const (
	watchedCertificate = "certificate"
	watchedRecall      = "recall"
	watchedCase        = "recall_case"
)

// patience is how long after a watch was set PrepareNotices goes on looking: longer than any verb takes.
const patience = 10 * time.Minute

var watches = store.Table[watched]{
	Kind: "watch",
	Key:  func(w *watched) string { return w.Kind + "/" + w.ID },
	Sort: func(w *watched) string { return sortTime(w.Since) },
	Terms: func(w *watched) []string {
		if w.Pending {
			return []string{"pending"}
		}
		return nil
	},
}

// watch notes that something is about to happen; done is how many decisions there are already.
func (l *Ledger) watch(ctx context.Context, kind, id string, done int) error {
	fresh := watched{Kind: kind, ID: id, Done: done}
	_, err := put(ctx, l, watches, kind+"/"+id, fresh, func(w *watched) error {
		w.Since, w.Pending = l.stamp(), true
		return nil
	})
	return err
}

// PrepareNotices writes the notices that have become due: of certificates that end in 90, 30 or 7 days, of
// decisions about certificates and of recalls. The program calls it every minute or so; how long it takes
// depends on what happened since, and not on how many certificates there are.
func (l *Ledger) PrepareNotices(ctx context.Context) (err error) {
	defer fault.Wrap(&err, "Ledger.PrepareNotices")
	for row, err := range watches.All(ctx, l.DB, store.Query{Term: "pending"}) {
		if err != nil {
			return err
		}
		if err := l.look(ctx, row); err != nil {
			return err
		}
	}
	return l.prepareExpiries(ctx)
}

// look tells the followers of what happened at a watched record.
func (l *Ledger) look(ctx context.Context, row store.Row[watched]) error {
	w := row.Value
	over := l.now().Sub(w.Since) > patience
	done := w.Done
	switch w.Kind {
	case watchedCertificate:
		c, err := certificates.get(ctx, l, w.ID)
		if err != nil && !errors.Is(err, fault.NotFound) {
			return err
		}
		for ; done < len(c.Doc.History); done++ {
			d := c.Doc.History[done]
			reason := map[CertificateStatus]NoticeReason{
				CertSuspended: NoticeSuspended, CertRevoked: NoticeRevoked, CertSuperseded: NoticeSuperseded, CertVerified: NoticeReinstated,
			}[d.Status]
			if reason == "" {
				continue
			}
			n := Notice{Reason: reason, Certificate: c.Doc.ID, Organisation: c.Doc.Organisation, Day: d.From}
			if err := l.notify(ctx, fmt.Sprintf("certificate/%s/%d", c.Doc.ID, done), n, c.Doc.followed()); err != nil {
				return err
			}
		}
	case watchedRecall:
		r, err := recalls.get(ctx, l, w.ID)
		if err != nil && !errors.Is(err, fault.NotFound) {
			return err
		}
		if err == nil {
			lots, err := batches.many(ctx, l, r.Doc.Batches)
			if err != nil {
				return err
			}
			terms := []string{followed(FollowProducer, r.Doc.Organisation)}
			for _, code := range r.Doc.Batches {
				terms = append(terms, followed(FollowProduct, lots[code].Doc.Product))
			}
			n := Notice{
				Reason: NoticeRecalled, Recall: r.Doc.ID, Organisation: r.Doc.Organisation, Day: DateOf(r.Doc.OpenedAt.In(l.zone())),
			}
			if err := l.notify(ctx, "recall/"+r.Doc.ID, n, unique(terms)); err != nil {
				return err
			}
			over = true
		}
	}
	if w.Kind == watchedCase {
		told, err := l.tellFollowers(ctx, w.ID)
		if err != nil {
			return err
		}
		over = over || told
	}
	_, err := watches.UpdateAt(ctx, l.DB, row.Key, row.Rev, func(w *watched) error {
		w.Done, w.Pending = done, !over
		return nil
	})
	if errors.Is(err, fault.Stale) {
		return nil // something more has happened: the next call looks again
	}
	return err
}

// followed are the terms of those who are to be told about a certificate.
func (c *Certificate) followed() []string {
	terms := []string{followed(FollowCertificate, c.ID), followed(FollowProducer, c.Organisation)}
	for _, s := range c.Subjects {
		if s.Product != "" {
			terms = append(terms, followed(FollowProduct, s.Product))
		}
	}
	return unique(terms)
}

// notify writes a notice for each follower, one for each address.
func (l *Ledger) notify(ctx context.Context, what string, n Notice, terms []string) error {
	for _, term := range terms {
		for row, err := range follows.All(ctx, l.DB, store.Query{Term: term}) {
			if err != nil {
				return err
			}
			f := row.Value
			to := sha256.Sum256([]byte(string(f.Channel) + "\x00" + f.Address))
			n := n
			n.ID = what + "/" + hex.EncodeToString(to[:8])
			n.Follow, n.Account, n.State, n.Created, n.NextAt = f.ID, f.Account, NoticeDue, l.stamp(), l.stamp()
			if err := notices.Insert(ctx, l.DB, &n); err != nil && !errors.Is(err, fault.Exists) {
				return err
			}
		}
	}
	return nil
}

// prepareExpiries tells the followers of certificates that end soon.
func (l *Ledger) prepareExpiries(ctx context.Context) error {
	today := l.Today()
	for _, days := range NoticeDays {
		q := store.Query{Term: fmt.Sprintf("due=%d", days), To: string(today.AddDays(days + 1)), Limit: 200}
		for {
			rows, _, err := expiries.Find(ctx, l.DB, q)
			if err != nil {
				return err
			}
			for _, row := range rows {
				if err := l.prepareExpiry(ctx, row.Value, today); err != nil {
					return err
				}
			}
			if len(rows) == 0 { // each that was handled has left the question
				break
			}
		}
	}
	return nil
}

func (l *Ledger) prepareExpiry(ctx context.Context, e expiry, today Date) error {
	c, err := certificates.get(ctx, l, e.ID)
	if err != nil && !errors.Is(err, fault.NotFound) {
		return err
	}
	// Of several that are due at once, only the nearest is told.
	told, next := 0, 0
	for _, days := range NoticeDays {
		if e.EndDate <= today.AddDays(days) {
			told = days
		} else {
			next = cmp.Or(next, days)
		}
	}
	if err == nil && e.EndDate >= today && c.Doc.EndDate == e.EndDate && c.Doc.StandingOn(today) == InForce {
		n := Notice{
			Reason: NoticeExpiring, Certificate: e.ID, Organisation: e.Organisation, Day: e.EndDate,
			Days: int(e.EndDate.Time(time.UTC).Sub(today.Time(time.UTC)).Hours() / 24),
		}
		if err := l.notify(ctx, fmt.Sprintf("expiry/%s/%s/%d", e.ID, e.EndDate, told), n, c.Doc.followed()); err != nil {
			return err
		}
	}
	_, err = expiries.Update(ctx, l.DB, e.ID, func(now *expiry) error {
		if now.EndDate == e.EndDate && now.Due == e.Due {
			now.Due = next
		}
		return nil
	})
	return err
}

// DueNotice is a notice with what its message says.
type DueNotice struct {
	Notice       Notice
	Follow       Follow
	Certificate  Certificate
	Scheme       Scheme
	Recall       Recall
	Organisation Organisation
	// Receipt is the notice to a receiver of recalled goods, if it is one.
	Receipt RecallNotice
}

// lease is how long a sender may take before a notice is given to another.
const lease = 10 * time.Minute

// DueNotices takes up to limit notices (1 to 200) that are due, for sending. Two senders never take the
// same one at the same time; one that was taken and not marked within ten minutes is due again.
func (l *Ledger) DueNotices(ctx context.Context, limit int) (out []DueNotice, err error) {
	defer fault.Wrap(&err, "Ledger.DueNotices")
	now := l.stamp()
	rows, _, err := notices.Find(ctx, l.DB, store.Query{
		Term: "state=" + string(NoticeDue), To: sortTime(now.Add(time.Millisecond)), Limit: max(1, min(limit, 200)),
	})
	if err != nil {
		return nil, err
	}
	var followIDs, certs, called, orgs, receipts []string
	for _, r := range rows {
		receipts = append(receipts, r.Value.Receipt)
		followIDs = append(followIDs, r.Value.Follow)
		certs = append(certs, r.Value.Certificate)
		called = append(called, r.Value.Recall)
		orgs = append(orgs, r.Value.Organisation)
	}
	if len(rows) == 0 {
		return nil, nil
	}
	to, err := follows.GetMany(ctx, l.DB, followIDs)
	if err != nil {
		return nil, err
	}
	knownCerts, err := certificates.many(ctx, l, certs)
	if err != nil {
		return nil, err
	}
	knownRecalls, err := l.recallsByID(ctx, called)
	if err != nil {
		return nil, err
	}
	knownOrgs, err := organisations.many(ctx, l, orgs)
	if err != nil {
		return nil, err
	}
	knownReceipts, err := recallNotices.GetMany(ctx, l.DB, receipts)
	if err != nil {
		return nil, err
	}
	for _, r := range rows {
		f, there := to[r.Value.Follow]
		receipt := knownReceipts[r.Value.Receipt].Value
		if r.Value.Receipt != "" {
			f.Value = Follow{Channel: Email, Address: receipt.Receiver.Email, Lang: "vi"}
			there = receipt.Receiver.Email != ""
		}
		taken, err := notices.UpdateAt(ctx, l.DB, r.Key, r.Rev, func(n *Notice) error {
			if there {
				n.NextAt = now.Add(lease)
			} else {
				n.State = NoticeDropped
			}
			return nil
		})
		if errors.Is(err, fault.Stale) {
			continue // another sender has it
		}
		if err != nil {
			return out, err
		}
		if !there {
			continue
		}
		c := knownCerts[r.Value.Certificate].Doc
		c.Test = nil
		out = append(out, DueNotice{
			Notice: taken.Value, Follow: f.Value, Certificate: publicCertificate(&c), Scheme: l.Schemes[c.Scheme],
			Recall: knownRecalls[r.Value.Recall], Organisation: knownOrgs[r.Value.Organisation].Doc,
			Receipt: receipt,
		})
	}
	return out, nil
}

// RetryAfter are the pauses between attempts to send a notice. After the last it is given up.
var RetryAfter = []time.Duration{time.Minute, 5 * time.Minute, 30 * time.Minute, 2 * time.Hour, 6 * time.Hour, 24 * time.Hour}

// MarkSent notes that a notice has been sent.
func (l *Ledger) MarkSent(ctx context.Context, id string) (err error) {
	defer fault.Wrap(&err, "Ledger.MarkSent(%q)", id)
	_, err = notices.Update(ctx, l.DB, id, func(n *Notice) error {
		if n.State == NoticeDue {
			n.State = NoticeSent
			n.Attempts = append(n.Attempts, Attempt{At: l.stamp()})
		}
		return nil
	})
	return err
}

// MarkFailed notes that a notice could not be sent, and why. It is due again after the next pause of
// RetryAfter, or given up.
func (l *Ledger) MarkFailed(ctx context.Context, id, why string) (err error) {
	defer fault.Wrap(&err, "Ledger.MarkFailed(%q)", id)
	now := l.stamp()
	_, err = notices.Update(ctx, l.DB, id, func(n *Notice) error {
		if n.State != NoticeDue {
			return nil
		}
		n.Attempts = append(n.Attempts, Attempt{At: now, Error: cut(tidyQuery(why), 200)})
		if tries := len(n.Attempts); tries <= len(RetryAfter) {
			n.NextAt = now.Add(RetryAfter[tries-1])
		} else {
			n.State = NoticeFailed
		}
		return nil
	})
	return err
}

// Notices answers a page of the log of notices, the latest first: an admin sees all, anybody else the own.
func (l *Ledger) Notices(ctx context.Context, by Actor, after string, limit int) (out []Notice, next string, err error) {
	defer fault.Wrap(&err, "Ledger.Notices")
	q := store.Query{Desc: true, After: after, Limit: limit}
	switch by.Role {
	case "":
		return nil, "", by.denied()
	case Admin:
	default:
		q.Term = "account=" + by.ID
	}
	rows, next, err := notices.Find(ctx, l.DB, q)
	if err != nil {
		return nil, "", err
	}
	for _, r := range rows {
		out = append(out, r.Value)
	}
	return out, next, nil
}
