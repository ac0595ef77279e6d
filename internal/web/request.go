package web

import (
	"context"

	"github.com/gofiber/fiber/v2"

	"truynguon/internal/auth"
	"truynguon/internal/locale"
	"truynguon/internal/trace"
)

// request is one request on its way through the server: fiber's context with what the middleware found
// out about it.
type request struct {
	*fiber.Ctx
	// id names the request in the log and on error pages.
	id string
	// words is the printer of the visitor's language.
	words *locale.Printer
	// who is the person or program, and actor the same as the domain knows it.
	who   auth.Identity
	actor trace.Actor
	// api tells that it came in under /api, where answers are JSON.
	api bool
}

// handler answers one request; its error is answered by Server.answerError.
type handler func(c *request) error

// key under which fiber's context carries the request.
type requestKey struct{}

// of returns the request that the middleware put into fiber's context.
func of(c *fiber.Ctx) *request {
	r, _ := c.Locals(requestKey{}).(*request)
	return r
}

// ctx is the context for verbs. Fiber's own is reused after the request and never cancelled, so verbs
// get a plain one.
func (c *request) ctx() context.Context { return c.UserContext() }

// actorOf is an identity as the domain knows it: package auth says who somebody is, package trace what
// that allows.
func actorOf(who auth.Identity) trace.Actor {
	if !who.Known() {
		return trace.Actor{}
	}
	return trace.Actor{ID: who.ID, Name: who.Name, Role: trace.Role(who.Role), Org: who.Org, Unit: who.Unit}
}
