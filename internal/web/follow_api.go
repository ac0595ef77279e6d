package web

import (
	"net/http"
	"reflect"
	"time"

	"truynguon/internal/trace"
)

// followView is what a program is told about something that it follows.
type followView struct {
	ID string `json:"id"`
	// Target is what kind of thing is followed, and TargetID which one.
	Target trace.FollowTarget `json:"target"`
	// TargetID is the id of what is followed.
	TargetID string `json:"targetId"`
	// Channel is how the follower is told, at Address.
	Channel trace.Channel `json:"channel"`
	// Address is an e-mail address, or an https address that is called.
	Address string `json:"address"`
	// Lang is the language of the notices.
	Lang string `json:"lang"`
	// Secret signs what is sent to a webhook.
	Secret string `json:"secret,omitempty"`
	// CreatedAt is when it was asked for.
	CreatedAt time.Time `json:"createdAt"`
}

func viewFollow(f *trace.Follow) followView {
	return followView{
		ID: f.ID, Target: f.Target, TargetID: f.TargetID, Channel: f.Channel, Address: f.Address, Lang: f.Lang, Secret: f.Secret, CreatedAt: f.Created,
	}
}

// followOperations are about what the caller follows: each key has its own list.
func (s *Server) followOperations() []operation {
	return []operation{
		{
			method: get, path: "/follows", id: "list_follows", summary: "What the caller follows, newest first.", who: signedIn,
			query: []parameter{paramLimit, paramCursor}, success: http.StatusOK, out: reflect.TypeFor[listPage[followView]](), outTypes: []string{typeJSON},
			handle: func(c *request) error {
				after, limit, err := c.paging()
				if err != nil {
					return err
				}
				found, next, err := s.Ledger.Follows(c.ctx(), c.actor, after, limit)
				if err != nil {
					return err
				}
				page := listPage[followView]{Items: make([]followView, len(found)), Next: next}
				for i := range found {
					page.Items[i] = viewFollow(&found[i])
				}
				return s.reply(c, reply{status: http.StatusOK, body: page})
			},
		},
		{
			method: post, path: "/follows", id: "create_follow", who: signedIn, success: http.StatusCreated,
			summary: "Follows a certificate, product or producer: notices go to an e-mail address or a webhook. Asked for twice, it is one following.",
			in:      reflect.TypeFor[trace.FollowDraft](), inTypes: []string{typeJSON}, out: reflect.TypeFor[followView](), outTypes: []string{typeJSON},
			handle: func(c *request) error {
				var d trace.FollowDraft
				return posted(s, c, &d, false, func(l *trace.Ledger) (reply, error) {
					f, err := l.Follow(c.ctx(), c.actor, d)
					if err != nil {
						return reply{}, err
					}
					return reply{status: http.StatusCreated, body: viewFollow(&f)}, nil
				})
			},
		},
		{
			method: post, path: "/follows/{id}/end", id: "end_follow", who: signedIn, success: http.StatusNoContent,
			summary: "Follows something no longer. What is not followed stays so.",
			handle: func(c *request) error {
				if err := s.Ledger.Unfollow(c.ctx(), c.actor, c.Params("id")); err != nil {
					return err
				}
				return c.SendStatus(http.StatusNoContent)
			},
		},
	}
}

// buyerLinks lead from a public page to its checks at /verify, for whoever reads it, and to following what
// it is about, for who is signed in.
func (b *Base) buyerLinks(query string, follow ...Link) (out []Link) {
	if query != "" {
		out = append(out, Link{Href: verifyPath(query, ""), Label: b.T("buyer.verify")})
	}
	if b.SignedIn() {
		out = append(out, follow...)
	}
	return out
}
