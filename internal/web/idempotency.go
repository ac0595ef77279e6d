package web

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"strconv"
	"time"

	"truynguon/internal/fault"
	"truynguon/internal/store"
)

// A program that sends a request again because it heard no answer says so by sending the same
// Idempotency-Key. What makes the repetition harmless is the verb: its draft's Token, made from the key,
// leads it to the record that the first attempt made. The record kept here does the rest: it answers as
// before, and refuses the key for anything else. It is written before the verb runs, so whatever stops
// between the two is mended by the next attempt, on this server or another.
//
// A request that was refused has written nothing, and leaves no trace here either: when what was wrong has
// been put right, it may be sent again under the same key.

// idempotent is what became of a request with an Idempotency-Key.
type idempotent struct {
	// Key is the digest of who asked, for what, and the key that was sent.
	Key string `json:"key"`
	// Body is the digest of the request's body.
	Body string    `json:"body"`
	At   time.Time `json:"at"`
	// Answer is missing while the work is under way, after a crash, and when it is too large to keep:
	// the verb then finds the record again.
	Answer *keptReply `json:"answer,omitempty"`
}

// keptReply is an answer as it was sent.
type keptReply struct {
	Status   int             `json:"status"`
	Location string          `json:"location,omitempty"`
	ETag     string          `json:"etag,omitempty"`
	Body     json.RawMessage `json:"body,omitempty"`
}

var idempotents = store.Table[idempotent]{
	Kind: "idempotency",
	Key:  func(i *idempotent) string { return i.Key },
	Sort: func(i *idempotent) string { return sortTime(i.At) },
}

const (
	headerIdempotencyKey = "Idempotency-Key"
	// headerReplayed marks an answer that was given before.
	headerReplayed = "Idempotency-Replayed"
	// keepReplies is how long a key is remembered.
	keepReplies = 48 * time.Hour
	// maxReply is the largest answer that is kept, in bytes.
	maxReply = 64 << 10
	// patience is how long a request waits for its double.
	patience = 20 * time.Second
)

func sortTime(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000Z") }

// once does the work of a POST and answers it; under an Idempotency-Key it does so once. The body is what
// tells two requests apart, and do gets the token for its draft.
func (s *Server) once(c *request, body []byte, do func(token string) (reply, error)) error {
	key := c.Get(headerIdempotencyKey)
	if key == "" {
		r, err := do("")
		if err != nil {
			return err
		}
		return s.reply(c, r)
	}
	if !validKey(key) {
		return fault.New(fault.Malformed, "idempotency_key")
	}
	sum := sha256.Sum256(body)
	mine := idempotent{
		Key:  digest(c.actor.ID, c.Method(), c.Path(), key),
		Body: hex.EncodeToString(sum[:]), At: s.now().UTC().Truncate(time.Millisecond),
	}
	leave, err := s.alone(c.ctx(), mine.Key)
	if err != nil {
		return err
	}
	defer leave()

	there, err := s.reserve(c.ctx(), mine)
	if err != nil {
		return err
	}
	if there.Body != mine.Body {
		return fault.New(fault.Exists, "idempotency_conflict")
	}
	if there.Answer != nil {
		c.Set(headerReplayed, "true")
		return s.sendReply(c, *there.Answer)
	}
	r, err := do(digest("token", mine.Key, mine.Body)[:32])
	if err != nil {
		s.release(c, mine.Key, err)
		return err
	}
	answer, err := r.keep()
	if err != nil {
		return err
	}
	if len(answer.Body) <= maxReply {
		row, err := idempotents.Update(c.ctx(), s.Ledger.DB, mine.Key, func(i *idempotent) error {
			if i.Answer == nil {
				i.Answer = &answer
			}
			return nil
		})
		switch {
		case err == nil: // another server may have been faster; then all hear what it said
			answer = *row.Value.Answer
		case errors.Is(err, fault.NotFound):
		default:
			// The work is done, and a repetition will find it done.
			s.Log.Warn("idempotency: answer not kept", "request", c.id, "error", err)
		}
	}
	return s.sendReply(c, answer)
}

// reserve writes that the request is under way, and answers what is written of it.
func (s *Server) reserve(ctx context.Context, mine idempotent) (idempotent, error) {
	for range 3 {
		err := idempotents.Insert(ctx, s.Ledger.DB, &mine)
		if !errors.Is(err, fault.Exists) {
			return mine, err
		}
		row, err := idempotents.Get(ctx, s.Ledger.DB, mine.Key)
		if !errors.Is(err, fault.NotFound) { // it was refused, or pruned, just now
			return row.Value, err
		}
	}
	return mine, fault.New(fault.Unavailable, "")
}

// release frees the key of a request that was refused. One that failed keeps it: part of its work may be
// done.
func (s *Server) release(c *request, key string, err error) {
	if code := statusOf(err); code < 400 || code >= 500 {
		return
	}
	err = idempotents.Delete(c.ctx(), s.Ledger.DB, key, 1)
	if err != nil && !errors.Is(err, fault.NotFound) && !errors.Is(err, fault.Stale) {
		s.Log.Warn("idempotency: key not freed", "request", c.id, "error", err)
	}
}

// alone makes requests with the same key wait for one another. It holds within this process only: between
// servers the verbs' tokens see to it that the work is done once.
func (s *Server) alone(ctx context.Context, key string) (leave func(), err error) {
	done := make(chan struct{})
	timer := time.NewTimer(patience)
	defer timer.Stop()
	for {
		other, busy := s.replay.LoadOrStore(key, done)
		if !busy {
			return func() {
				s.replay.Delete(key)
				close(done)
			}, nil
		}
		select {
		case <-other.(chan struct{}):
		case <-timer.C:
			return nil, fault.New(fault.Unavailable, "idempotency_busy")
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

// validKey reports whether a key is 1 to 255 visible ASCII characters.
func validKey(key string) bool {
	if len(key) > 255 {
		return false
	}
	for i := range len(key) {
		if key[i] < 0x21 || key[i] > 0x7e {
			return false
		}
	}
	return key != ""
}

// digest is the SHA-256 of texts, in hex; no two lists of texts look alike to it.
func digest(texts ...string) string {
	h := sha256.New()
	for _, t := range texts {
		h.Write([]byte(strconv.Itoa(len(t)) + ":" + t))
	}
	return hex.EncodeToString(h.Sum(nil))
}

// now is the ledger's time.
func (s *Server) now() time.Time {
	if s.Ledger.Now != nil {
		return s.Ledger.Now()
	}
	return time.Now()
}

// Prune forgets the Idempotency-Keys of more than two days ago and answers how many those were. Call it
// now and then.
func (s *Server) Prune(ctx context.Context) (n int, err error) {
	defer fault.Wrap(&err, "web: prune")
	old := store.Query{To: sortTime(s.now().Add(-keepReplies))}
	for row, err := range idempotents.All(ctx, s.Ledger.DB, old) {
		if err != nil {
			return n, err
		}
		err := idempotents.Delete(ctx, s.Ledger.DB, row.Key, row.Rev)
		switch {
		case err == nil:
			n++
		case errors.Is(err, fault.NotFound) || errors.Is(err, fault.Stale): // another server was faster
		default:
			return n, err
		}
	}
	return n, nil
}
