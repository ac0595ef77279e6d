package trace

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"strings"

	"truynguon/internal/blob"
	"truynguon/internal/fault"
)

// Visibility tells who may open a document.
type Visibility string

// The visibilities of a document.
const (
	// Public: anybody.
	Public Visibility = "public"
	// Shared: signed-in buyers, and whoever has the link with its key.
	Shared Visibility = "shared"
	// Private: its organisation and the officials who oversee it.
	Private Visibility = "private"
)

// Visibilities lists the visibilities, the most open first.
var Visibilities = []Visibility{Public, Shared, Private}

// Document is a file as it was handed in: immutable, addressed by its digest.
type Document struct {
	ID           string `json:"id"`
	Organisation string `json:"organisation"`
	// SHA256 is the digest of the stored bytes, in lower-case hex.
	SHA256 string `json:"sha256"`
	// OriginalSHA256 is the digest of the bytes as received, before a photo lost its location data.
	OriginalSHA256 string `json:"originalSha256"`
	MediaType      string `json:"mediaType"`
	// Size is in bytes.
	Size       int64      `json:"size"`
	Name       string     `json:"name"`
	Visibility Visibility `json:"visibility"`
	// Width and Height are those of an image, in pixels.
	Width  int `json:"width,omitempty"`
	Height int `json:"height,omitempty"`
	// Renditions are smaller copies of an image, smallest first.
	Renditions []Rendition `json:"renditions,omitempty"`
	// ShareKey opens a shared document to whoever has the link. Only those who keep the organisation's
	// records are told it.
	ShareKey string `json:"shareKey,omitempty"`
}

// Rendition is a smaller JPEG of an image.
type Rendition struct {
	Width  int    `json:"width"`
	Height int    `json:"height"`
	SHA256 string `json:"sha256"`
	Size   int64  `json:"size"`
}

// IsImage reports whether the document is a photo.
func (d *Document) IsImage() bool { return strings.HasPrefix(d.MediaType, "image/") }

// renditionWidths are the widths, in pixels, at which pages show photos.
var renditionWidths = []int{320, 800}

// AddDocument keeps a file of an organisation. The same file of the same organisation is one document
// however often it is handed in; handing it in as public makes it public.
func (l *Ledger) AddDocument(ctx context.Context, by Actor, org, name string, v Visibility, r io.Reader) (s Stored[Document], err error) {
	defer fault.Wrap(&err, "Ledger.AddDocument(%q)", name)
	o, err := l.keeper(ctx, by, org)
	if err != nil {
		return s, err
	}
	var p fault.Problem
	if i := strings.LastIndexAny(name, `/\`); i >= 0 {
		name = name[i+1:] // a browser of old sends the whole path
	}
	name = p.Text("/file", name, maxName, true)
	if err := p.Err(); err != nil {
		return s, err
	}
	a, err := blob.Accept(name, r)
	if err != nil {
		return s, err
	}
	id := sha256.Sum256([]byte(o.ID + "\x00" + a.SHA256))
	d := Document{
		ID: hex.EncodeToString(id[:10]), Organisation: o.ID, SHA256: a.SHA256, OriginalSHA256: a.OriginalSHA256,
		MediaType: a.MediaType, Size: a.Size, Name: name, Visibility: v, Width: a.Width, Height: a.Height,
	}
	switch v {
	case Public:
	case Shared:
		d.ShareKey = rand.Text()
	default:
		d.Visibility = Private
	}
	if _, err := blob.PutData(ctx, l.Blobs, a.Data); err != nil {
		return s, err
	}
	if d.IsImage() {
		for _, width := range renditionWidths {
			if width >= d.Width && len(d.Renditions) > 0 {
				break
			}
			small, w, h, err := blob.Resize(a.Data, width)
			if err != nil {
				return s, err
			}
			ref, err := blob.PutData(ctx, l.Blobs, small)
			if err != nil {
				return s, err
			}
			d.Renditions = append(d.Renditions, Rendition{Width: w, Height: h, SHA256: ref.SHA256, Size: ref.Size})
		}
	}
	s, err = documents.insert(ctx, l, by, "add", d)
	if !errors.Is(err, fault.Exists) {
		return s, err
	}
	if v == Public && s.Doc.Visibility != Public {
		return l.publish(ctx, by, s.Doc.ID)
	}
	return s, nil
}

// publish makes a document open to anybody.
func (l *Ledger) publish(ctx context.Context, by Actor, id string) (Stored[Document], error) {
	return documents.update(ctx, l, by, id, 0, "publish", "", func(d *Document) error {
		d.Visibility = Public
		return nil
	})
}

// ShareDocument changes who may open a document. A shared one gets a fresh key each time it becomes shared,
// so that links handed out before no longer open it.
func (l *Ledger) ShareDocument(ctx context.Context, by Actor, id string, v Visibility) (s Stored[Document], err error) {
	defer fault.Wrap(&err, "Ledger.ShareDocument(%q, %q)", id, v)
	if by.Role == "" || by.Role == Buyer {
		return s, by.denied()
	}
	var p fault.Problem
	choice(&p, "/visibility", string(v), Visibilities)
	if err := p.Err(); err != nil {
		return s, err
	}
	old, err := documents.get(ctx, l, id)
	if err != nil {
		return s, err
	}
	if _, err := l.keeper(ctx, by, old.Doc.Organisation); err != nil {
		return s, err
	}
	return documents.update(ctx, l, by, id, 0, "share", "", func(d *Document) error {
		if d.Visibility == v {
			return nil
		}
		d.Visibility, d.ShareKey = v, ""
		if v == Shared {
			d.ShareKey = rand.Text()
		}
		return nil
	})
}

// Document answers a document's record to those who may open it.
func (l *Ledger) Document(ctx context.Context, by Actor, id string) (s Stored[Document], err error) {
	defer fault.Wrap(&err, "Ledger.Document(%q)", id)
	s, err = documents.get(ctx, l, id)
	if err != nil {
		return s, err
	}
	key := s.Doc.ShareKey
	s.Doc.ShareKey = ""
	if s.Doc.Visibility == Public || s.Doc.Visibility == Shared && by.Role == Buyer {
		return s, nil
	}
	if err := l.readable(ctx, by, s.Doc.Organisation); err != nil {
		return s, err
	}
	if by.Role != Official { // who oversees an organisation does not hand out its papers
		s.Doc.ShareKey = key
	}
	return s, nil
}

// SharedDocument answers a shared document's record to whoever has its key. A wrong key is
// fault.NotFound, as is a document that is not shared.
func (l *Ledger) SharedDocument(ctx context.Context, id, key string) (s Stored[Document], err error) {
	defer fault.Wrap(&err, "Ledger.SharedDocument(%q)", id)
	s, err = documents.get(ctx, l, id)
	if err != nil {
		return s, err
	}
	d := &s.Doc
	if d.Visibility != Shared || key == "" || subtle.ConstantTimeCompare([]byte(d.ShareKey), []byte(key)) != 1 {
		return Stored[Document]{}, fault.NotFound
	}
	d.ShareKey = ""
	return s, nil
}

// OpenSharedDocument is OpenDocument for whoever has a shared document's key.
func (l *Ledger) OpenSharedDocument(ctx context.Context, id, key string, width int) (c Content, err error) {
	defer fault.Wrap(&err, "Ledger.OpenSharedDocument(%q, %d)", id, width)
	s, err := l.SharedDocument(ctx, id, key)
	if err != nil {
		return c, err
	}
	return l.open(ctx, &s.Doc, width)
}

// Documents answers a page of an organisation's documents, newest first.
func (l *Ledger) Documents(ctx context.Context, by Actor, org, after string, limit int) (_ []Stored[Document], next string, err error) {
	defer fault.Wrap(&err, "Ledger.Documents(%q)", org)
	q, err := l.listOf(ctx, by, org, after, limit)
	if err != nil {
		return nil, "", err
	}
	found, next, err := documents.find(ctx, l, q)
	for i := range found {
		if by.Role == Official {
			found[i].Doc.ShareKey = ""
		}
	}
	return found, next, err
}

// Content is an open document or rendition.
type Content struct {
	io.ReadCloser
	Size      int64
	MediaType string
	SHA256    string
	Name      string
}

// OpenDocument opens a document to those who may; the caller closes it. A width opens the smallest
// rendition of a photo that is at least so wide, and 0 the document itself.
func (l *Ledger) OpenDocument(ctx context.Context, by Actor, id string, width int) (c Content, err error) {
	defer fault.Wrap(&err, "Ledger.OpenDocument(%q, %d)", id, width)
	s, err := l.Document(ctx, by, id)
	if err != nil {
		return c, err
	}
	return l.open(ctx, &s.Doc, width)
}

// open opens a document or the smallest rendition of it that is wide enough.
func (l *Ledger) open(ctx context.Context, d *Document, width int) (c Content, err error) {
	c = Content{Size: d.Size, MediaType: d.MediaType, SHA256: d.SHA256, Name: d.Name}
	if width > 0 {
		if len(d.Renditions) == 0 {
			return c, fault.NotFound
		}
		pick := d.Renditions[len(d.Renditions)-1]
		for _, r := range d.Renditions {
			if r.Width >= width {
				pick = r
				break
			}
		}
		c = Content{Size: pick.Size, MediaType: "image/jpeg", SHA256: pick.SHA256, Name: d.Name}
	}
	c.ReadCloser, _, err = l.Blobs.Open(ctx, c.SHA256)
	if errors.Is(err, fault.NotFound) {
		// The record says that the bytes are here. That they are not is our fault, not the visitor's.
		return c, fmt.Errorf("document %s: its bytes %s are missing", d.ID, c.SHA256)
	}
	return c, err
}

// checkDocuments adds a fault for each document that is unknown or another organisation's.
func (l *Ledger) checkDocuments(ctx context.Context, p *fault.Problem, pointer, org string, ids []string) error {
	if len(ids) > maxList {
		p.Add(pointer, "too_many", maxList)
		return nil
	}
	found, err := documents.many(ctx, l, ids)
	if err != nil {
		return err
	}
	for i, id := range ids {
		if d, ok := found[id]; !ok || d.Doc.Organisation != org {
			p.Add(fmt.Sprintf("%s/%d", pointer, i), "document_unknown")
		}
	}
	return nil
}

// checkPicture adds a fault unless a document, if one is named, is a picture of the organisation's own.
func (l *Ledger) checkPicture(ctx context.Context, p *fault.Problem, pointer, org, id string) error {
	if id == "" {
		return nil
	}
	doc, err := documents.get(ctx, l, id)
	if err := found(p, pointer, "document_unknown", err); err != nil {
		return err
	}
	if err == nil && doc.Doc.Organisation != org {
		p.Add(pointer, "document_unknown")
	} else if err == nil && !doc.Doc.IsImage() {
		p.Add(pointer, "not_a_photo")
	}
	return nil
}
