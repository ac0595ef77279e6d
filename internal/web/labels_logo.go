package web

import (
	"io"
	"sync"

	"truynguon/internal/blob"
	"truynguon/internal/label"
	"truynguon/internal/trace"
)

// logos keeps the logos of organisations as labels draw them, by the digest of their document, whose bytes
// never change. It is emptied when it is full: a logo is quickly made again.
type logos struct {
	sync.Mutex
	made map[string]*label.Logo
}

const (
	maxLogos = 64
	// logoWidth in pixels is what is left of a photo before it is made a logo.
	logoWidth = 1200
	maxLogo   = 20 << 20 // bytes, as much as a document may have
)

// logoOf answers the logo that a label of an organisation is to carry, nil if none is chosen or there is none. A
// logo that cannot be had, since the document store is down, is no reason not to print: missing tells that.
func (s *Server) logoOf(c *request, o *trace.Organisation, ch labelChoice) (logo *label.Logo, missing bool) {
	if o.Logo == "" || !ch.kind.Has(label.PartLogo, ch.parts...) {
		return nil, false
	}
	logo, err := s.readLogo(c, o.Logo)
	if err != nil {
		s.Log.Warn("logo", "request", c.id, "organisation", o.ID, "error", err)
	}
	return logo, err != nil
}

func (s *Server) readLogo(c *request, document string) (*label.Logo, error) {
	d, err := s.Ledger.Document(c.ctx(), c.actor, document)
	if err != nil {
		return nil, err
	}
	k := &s.logos
	k.Lock()
	logo := k.made[d.Doc.SHA256]
	k.Unlock()
	if logo != nil {
		return logo, nil
	}
	content, err := s.Ledger.OpenDocument(c.ctx(), c.actor, document, 0)
	if err != nil {
		return nil, err
	}
	defer func() { _ = content.Close() }() // read only
	data, err := io.ReadAll(io.LimitReader(content, maxLogo))
	if err != nil {
		return nil, err
	}
	picture, err := blob.Decode(data, logoWidth)
	if err != nil {
		return nil, err
	}
	if logo, err = label.NewLogo(picture); err != nil {
		return nil, err
	}
	k.Lock()
	defer k.Unlock()
	if k.made == nil || len(k.made) >= maxLogos {
		k.made = map[string]*label.Logo{}
	}
	k.made[d.Doc.SHA256] = logo
	return logo, nil
}
