package auth

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"

	"golang.org/x/crypto/argon2"

	"truynguon/internal/fault"
)

// Cost is what one argon2id hash takes (RFC 9106).
type Cost struct {
	// MemoryKiB is the memory in KiB, Time the number of passes over it, Threads the lanes.
	MemoryKiB uint32
	Time      uint32
	Threads   uint8
}

// DefaultCost is the first choice of the OWASP Password Storage Cheat Sheet: 19 MiB, two passes, one
// lane. It takes some 40 ms of one core of an old PC.
var DefaultCost = Cost{MemoryKiB: 19 * 1024, Time: 2, Threads: 1}

const (
	saltLength = 16 // bytes, as RFC 9106 recommends
	hashLength = 32
)

// errHash is all that is told of a stored hash that cannot be read: its text would be half a secret.
var errHash = errors.New("auth: a stored password hash is damaged")

// phc is a hash in parts.
type phc struct {
	cost       Cost
	salt, hash []byte
}

// String writes the PHC string format: $argon2id$v=19$m=19456,t=2,p=1$SALT$HASH.
func (h phc) String() string {
	b64 := base64.RawStdEncoding
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version,
		h.cost.MemoryKiB, h.cost.Time, h.cost.Threads, b64.EncodeToString(h.salt), b64.EncodeToString(h.hash))
}

// parsePHC reads what String writes, and nothing else. Costs are bounded, so that somebody who can
// write to the database cannot make a log-in take all memory.
func parsePHC(s string) (phc, error) {
	parts := strings.Split(s, "$")
	if len(parts) != 6 || parts[0] != "" || parts[1] != "argon2id" || parts[2] != "v="+strconv.Itoa(argon2.Version) {
		return phc{}, errHash
	}
	var numbers [3]uint64
	costs := strings.Split(parts[3], ",")
	if len(costs) != len(numbers) {
		return phc{}, errHash
	}
	for i, limit := range [3]struct {
		prefix string
		max    uint64
	}{{"m=", 1 << 18}, {"t=", 16}, {"p=", 16}} {
		digits, ok := strings.CutPrefix(costs[i], limit.prefix)
		n, err := strconv.ParseUint(digits, 10, 32)
		if !ok || err != nil || n < 1 || n > limit.max {
			return phc{}, errHash
		}
		numbers[i] = n
	}
	h := phc{cost: Cost{uint32(numbers[0]), uint32(numbers[1]), uint8(numbers[2])}}
	var err1, err2 error
	h.salt, err1 = base64.RawStdEncoding.Strict().DecodeString(parts[4])
	h.hash, err2 = base64.RawStdEncoding.Strict().DecodeString(parts[5])
	if err1 != nil || err2 != nil || len(h.salt) < 8 || len(h.salt) > 64 || len(h.hash) < 16 || len(h.hash) > 64 {
		return phc{}, errHash
	}
	if h.String() != s { // such as a number with leading zeros, or a line break in the base64
		return phc{}, errHash
	}
	return h, nil
}

func (h phc) key(password string, length int) []byte {
	return argon2.IDKey([]byte(password), h.salt, h.cost.Time, h.cost.MemoryKiB, h.cost.Threads, uint32(length))
}

func (d *Directory) cost() Cost {
	if d.Cost == (Cost{}) {
		return DefaultCost
	}
	return d.Cost
}

// hash hashes a password that is in NFC. The caller is inside the gate.
func (d *Directory) hash(password string) string {
	h := phc{cost: d.cost(), salt: make([]byte, saltLength)}
	rand.Read(h.salt) // never fails: crypto/rand crashes the program rather
	h.hash = h.key(password, hashLength)
	return h.String()
}

// verify reports whether the password, in NFC, is that of the stored hash. Without a stored hash it
// does the same work, so that a clock does not tell who has an account. The caller is inside the
// gate.
func (d *Directory) verify(stored, password string) (bool, error) {
	if stored == "" {
		decoy := phc{cost: d.cost(), salt: make([]byte, saltLength)}
		subtle.ConstantTimeCompare(decoy.key(password, hashLength), make([]byte, hashLength))
		return false, nil
	}
	h, err := parsePHC(stored)
	if err != nil {
		return false, err
	}
	return subtle.ConstantTimeCompare(h.key(password, len(h.hash)), h.hash) == 1, nil
}

// outdated reports whether a stored hash took less work than one would take today.
func (d *Directory) outdated(stored string) bool {
	h, err := parsePHC(stored)
	now := d.cost()
	return err == nil && (h.cost.MemoryKiB < now.MemoryKiB || h.cost.Time < now.Time)
}

// A gate lets a few hash at a time. Each takes 19 MiB and a core, so that without it a hundred
// log-ins at once would take 2 GB and leave nothing for the people who are reading pages.
type gate struct {
	once    sync.Once
	slots   chan struct{}
	waiting atomic.Int32
}

// maxWaiting bounds the queue before the gate; at the default cost its end is some seconds away.
const maxWaiting = 64

// enter waits for a place and returns the function that gives it back. If the queue is too long it
// fails at once with fault.Unavailable, code login_busy.
func (g *gate) enter(ctx context.Context) (leave func(), err error) {
	g.once.Do(func() { g.slots = make(chan struct{}, min(max(runtime.GOMAXPROCS(0), 1), 4)) })
	if g.waiting.Add(1) > maxWaiting {
		g.waiting.Add(-1)
		return nil, fault.New(fault.Unavailable, "login_busy")
	}
	defer g.waiting.Add(-1)
	select {
	case g.slots <- struct{}{}:
		return func() { <-g.slots }, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}
