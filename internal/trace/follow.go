package trace

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"net/mail"
	"net/netip"
	"net/url"
	"strings"
	"time"

	"truynguon/internal/fault"
	"truynguon/internal/store"
)

// FollowTarget is what can be followed.
type FollowTarget string

// The targets.
const (
	FollowCertificate FollowTarget = "certificate"
	FollowProduct     FollowTarget = "product"
	FollowProducer    FollowTarget = "producer"
)

// FollowTargets lists the targets.
var FollowTargets = []FollowTarget{FollowCertificate, FollowProduct, FollowProducer}

// Channel is the way in which a follower is told.
type Channel string

// The channels.
const (
	Email   Channel = "email"
	Webhook Channel = "webhook"
)

// Channels lists the channels.
var Channels = []Channel{Email, Webhook}

// Follow is somebody's wish to be told when a certificate, or what concerns a product or producer, is about
// to expire, is suspended, revoked or replaced, or is recalled. The address is personal data: unfollowing
// deletes the record, and the audit trail does not hold it.
type Follow struct {
	ID       string       `json:"id"`
	Target   FollowTarget `json:"target"`
	TargetID string       `json:"targetId"`
	Channel  Channel      `json:"channel"`
	Address  string       `json:"address"`
	// Lang is the language of the notices.
	Lang string `json:"lang"`
	// Secret signs what is sent to a webhook.
	Secret string `json:"secret,omitempty"`
	// Account is the id of who asked for it.
	Account string    `json:"account"`
	Created time.Time `json:"created"`
}

// FollowDraft is what is sent to follow something.
type FollowDraft struct {
	// Target is what kind of thing: certificate, product or producer.
	Target string `json:"target"`
	// TargetID is its id.
	TargetID string `json:"targetId"`
	// Channel is how to be told: email or webhook.
	Channel string `json:"channel"`
	// Address is an e-mail address, or an https address to be called.
	Address string `json:"address"`
	// Lang is the language of the notices, Vietnamese if not given.
	Lang string `json:"lang,omitempty"`
}

var follows = store.Table[Follow]{
	Kind:  "follow",
	Key:   func(f *Follow) string { return f.ID },
	Sort:  func(f *Follow) string { return sortTime(f.Created) },
	Terms: func(f *Follow) []string { return []string{followed(f.Target, f.TargetID), "account=" + f.Account} },
}

// followed is the term of whoever follows something.
func followed(t FollowTarget, id string) string { return "target=" + string(t) + "/" + id }

// maxFollows is how many things one account may follow.
const maxFollows = 500

// Follow makes the actor a follower; anybody who is signed in may. Asked for twice, it is one following.
func (l *Ledger) Follow(ctx context.Context, by Actor, d FollowDraft) (f Follow, err error) {
	defer fault.Wrap(&err, "Ledger.Follow(%q, %q)", d.Target, d.TargetID)
	if by.Role == "" {
		return f, by.denied()
	}
	var p fault.Problem
	f = Follow{
		Target:   FollowTarget(choice(&p, "/target", d.Target, FollowTargets)),
		TargetID: p.Text("/targetId", d.TargetID, 40, true),
		Channel:  Channel(choice(&p, "/channel", d.Channel, Channels)),
		Address:  p.Text("/address", d.Address, maxName, true),
		Lang:     p.Text("/lang", d.Lang, 10, false),
		Account:  by.ID, Created: l.stamp(),
	}
	if f.Lang == "" {
		f.Lang = "vi"
	}
	if len(p.Fields) == 0 {
		if err := l.checkFollowed(ctx, &p, by, &f); err != nil {
			return f, err
		}
		switch {
		case f.Channel == Email && !validEmail(f.Address):
			p.Add("/address", "email_malformed")
		case f.Channel == Webhook && !validHook(f.Address):
			p.Add("/address", "webhook_malformed")
		}
	}
	if err := p.Err(); err != nil {
		return f, err
	}
	sum := sha256.Sum256([]byte(strings.Join([]string{by.ID, string(f.Target), f.TargetID, string(f.Channel), f.Address}, "\x00")))
	f.ID = hex.EncodeToString(sum[:10])
	if f.Channel == Webhook {
		f.Secret = rand.Text()
	}
	old, err := follows.Get(ctx, l.DB, f.ID)
	switch {
	case err == nil:
		f = old.Value
	case errors.Is(err, fault.NotFound):
		rows, _, err := follows.Find(ctx, l.DB, store.Query{Term: "account=" + by.ID, Limit: maxFollows})
		if err != nil {
			return f, err
		}
		if len(rows) >= maxFollows {
			p.Add("/target", "too_many", maxFollows)
			return f, p.Err()
		}
		if err := follows.Insert(ctx, l.DB, &f); errors.Is(err, fault.Exists) {
			if old, err = follows.Get(ctx, l.DB, f.ID); err != nil {
				return f, err
			}
			f = old.Value
		} else if err != nil {
			return f, err
		}
	default:
		return f, err
	}
	return f, l.fileFollow(ctx, by, "follow", f)
}

// fileFollow notes in the audit trail who follows what, and not at which address.
func (l *Ledger) fileFollow(ctx context.Context, by Actor, action string, f Follow) error {
	rev := f.Created.UnixMilli()
	if action != "follow" {
		rev = l.stamp().UnixMilli()
	}
	return l.file(ctx, Change{
		At: l.stamp(), By: by, Action: action, Kind: "follow", Key: string(f.Target) + "/" + f.TargetID + "/" + f.ID + "/" + action, Rev: rev,
	})
}

func (l *Ledger) checkFollowed(ctx context.Context, p *fault.Problem, by Actor, f *Follow) (err error) {
	switch f.Target {
	case FollowCertificate:
		_, err = l.Certificate(ctx, by, f.TargetID)
		if errors.Is(err, fault.Denied) {
			err = fault.NotFound
		}
		return found(p, "/targetId", "certificate_unknown", err)
	case FollowProduct:
		_, err = products.get(ctx, l, f.TargetID)
		return found(p, "/targetId", "product_unknown", err)
	default:
		_, err = organisations.get(ctx, l, f.TargetID)
		if errors.Is(err, fault.NotFound) {
			p.Add("/targetId", "organisation_unknown", short(f.TargetID))
			return nil
		}
		return err
	}
}

func validEmail(s string) bool {
	a, err := mail.ParseAddress(s)
	return err == nil && a.Address == s && strings.Contains(s[strings.LastIndexByte(s, '@'):], ".")
}

// validHook reports whether a webhook may be called: by https, at a name of the public internet. The
// sender must look once more at what the name resolves to.
func validHook(s string) bool {
	u, err := url.Parse(s)
	if err != nil || u.Scheme != "https" || u.User != nil || u.Fragment != "" {
		return false
	}
	host := strings.ToLower(strings.TrimSuffix(u.Hostname(), "."))
	_, ipErr := netip.ParseAddr(host)
	return ipErr != nil && strings.Contains(host, ".") && !strings.HasSuffix(host, ".local") && !strings.HasSuffix(host, ".internal") &&
		!strings.HasSuffix(host, ".localhost")
}

// Unfollow ends a following: by whoever asked for it, or an admin. What is not there is no longer followed.
func (l *Ledger) Unfollow(ctx context.Context, by Actor, id string) (err error) {
	defer fault.Wrap(&err, "Ledger.Unfollow(%q)", id)
	if by.Role == "" {
		return by.denied()
	}
	row, err := follows.Get(ctx, l.DB, id)
	if errors.Is(err, fault.NotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	if row.Value.Account != by.ID && by.Role != Admin {
		return by.denied()
	}
	if err := l.fileFollow(ctx, by, "unfollow", row.Value); err != nil {
		return err
	}
	err = follows.Delete(ctx, l.DB, id, row.Rev)
	if errors.Is(err, fault.NotFound) {
		return nil
	}
	return err
}

// Follows answers a page of what the actor follows, newest first.
func (l *Ledger) Follows(ctx context.Context, by Actor, after string, limit int) (out []Follow, next string, err error) {
	defer fault.Wrap(&err, "Ledger.Follows")
	if by.Role == "" {
		return nil, "", by.denied()
	}
	rows, next, err := follows.Find(ctx, l.DB, store.Query{Term: "account=" + by.ID, Desc: true, After: after, Limit: limit})
	if err != nil {
		return nil, "", err
	}
	for _, r := range rows {
		out = append(out, r.Value)
	}
	return out, next, nil
}
