package web

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/gofiber/fiber/v2"

	"truynguon/internal/trace"
)

// Public answers are kept for a moment, for a lot in a market is looked at again and again. A recall
// must show everywhere within five seconds: what was changed through this server is never answered from
// the cache, and what another server changed at most cacheFor later.
const (
	cacheFor  = 3 * time.Second
	cacheSize = 512
)

// pageCache keeps finished answers by address, language and representation.
type pageCache struct {
	mu      sync.Mutex
	entries map[string]*cachedAnswer
}

// cachedAnswer is a finished answer, plain and compressed.
type cachedAnswer struct {
	body       []byte
	mediaType  string // of what is no page
	styleHash  string // of a page
	zipped     []byte
	etag       string
	generation uint64
	made       time.Time
	scan       trace.Scan // what is counted when it is sent
}

// answer gives the kept answer, or makes and keeps it. Errors are not kept.
func (pc *pageCache) answer(c *request, generation uint64, format string, make func() (cachedAnswer, error)) (*cachedAnswer, error) {
	key := format + " " + c.words.Lang() + " " + signature(c) + " " + c.Path()
	now := time.Now()
	pc.mu.Lock()
	kept := pc.entries[key]
	pc.mu.Unlock()
	if kept != nil && kept.generation == generation && now.Sub(kept.made) < cacheFor {
		return kept, nil
	}
	fresh, err := make()
	if err != nil {
		return nil, err
	}
	fresh.generation, fresh.made = generation, now
	fresh.finish()
	pc.mu.Lock()
	defer pc.mu.Unlock()
	if pc.entries == nil {
		pc.entries = map[string]*cachedAnswer{}
	}
	for old := range pc.entries { // any: the popular ones are back at once
		if len(pc.entries) < cacheSize {
			break
		}
		delete(pc.entries, old)
	}
	pc.entries[key] = &fresh
	return &fresh, nil
}

// signature tells apart visitors whose pages differ: those who are signed in see a menu.
func signature(c *request) string {
	if !c.who.Known() {
		return "-"
	}
	return string(c.who.Role)
}

var zippers = sync.Pool{New: func() any {
	w, err := gzip.NewWriterLevel(nil, 5)
	if err != nil {
		panic(err) // a wrong level, which this is not
	}
	return w
}}

func (a *cachedAnswer) finish() {
	var b bytes.Buffer
	b.Grow(len(a.body) / 3)
	w := zippers.Get().(*gzip.Writer)
	w.Reset(&b)
	_, _ = w.Write(a.body) // to memory: cannot fail
	_ = w.Close()
	zippers.Put(w)
	a.zipped = b.Bytes()
	sum := sha256.Sum256(a.body)
	a.etag = `W/"` + base64.RawURLEncoding.EncodeToString(sum[:12]) + `"`
}

// send writes the answer, or that the visitor's browser has it already.
func (a *cachedAnswer) send(c *request) error {
	control := "public, max-age=0, must-revalidate" // a recall must not wait in a cache
	if c.who.Known() {
		control = "private, no-cache"
	}
	c.Set(fiber.HeaderCacheControl, control)
	c.Set(fiber.HeaderETag, a.etag)
	if a.mediaType != "" {
		c.Set(fiber.HeaderContentType, a.mediaType)
		c.Vary(fiber.HeaderAccept)
	} else {
		pageHeaders(c, a.styleHash)
	}
	c.Vary(fiber.HeaderAcceptEncoding)
	for _, have := range strings.Split(c.Get(fiber.HeaderIfNoneMatch), ",") {
		if strings.TrimSpace(have) == a.etag {
			return c.SendStatus(fiber.StatusNotModified)
		}
	}
	if strings.Contains(c.Get(fiber.HeaderAcceptEncoding), "gzip") {
		c.Set(fiber.HeaderContentEncoding, "gzip")
		return c.Send(a.zipped)
	}
	return c.Send(a.body)
}

func jsonAnswer(v any) (cachedAnswer, error) {
	b, err := json.Marshal(v)
	if err != nil {
		return cachedAnswer{}, fmt.Errorf("web: %w", err)
	}
	return cachedAnswer{body: b, mediaType: "application/json"}, nil
}
