package web

import (
	"bytes"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"slices"
	"strconv"

	"github.com/gofiber/fiber/v2"

	"truynguon/internal/fault"
	"truynguon/internal/trace"
)

// documentForm is what is sent to add a document.
type documentForm struct {
	// File is the file: PDF, JPEG, PNG or WebP, at most 20 MiB.
	File []byte `json:"file"`
	// Organisation is the id of the organisation whose document it is; the caller's own if not given.
	Organisation string `json:"organisation,omitempty"`
	// Visibility tells who may open it; private if not given.
	Visibility trace.Visibility `json:"visibility,omitempty"`
}

func (s *Server) documentOperations() []operation {
	r := &resource[trace.Document, documentForm, documentView]{
		path: "/documents", noun: "document", plural: "documents",
		key:  func(d *trace.Document) string { return d.ID },
		view: s.viewDocument,
		get: func(l *trace.Ledger, c *request, id string) (trace.Stored[trace.Document], error) {
			return l.Document(c.ctx(), c.actor, id)
		},
		list: func(l *trace.Ledger, c *request, after string, limit int) ([]trace.Stored[trace.Document], string, error) {
			return l.Documents(c.ctx(), c.actor, c.Query("organisation"), after, limit)
		},
	}
	add := r.creates(s, keepers, "Adds a document. The same file is the same document, however often it is sent.")
	add.inTypes = []string{typeMultipart}
	add.handle = func(c *request) error { return s.addDocument(c, r) }
	return []operation{
		r.lists(s, insiders, "An organisation's documents, newest first.", paramOrganisation),
		add,
		r.gets(s, signedIn, "What is known of a document."),
		decides(s, r, keepers, "share", "Changes who may open a document: anybody, whoever has the link, or officials only.",
			func(l *trace.Ledger, c *request, id string, d shareDraft) (trace.Stored[trace.Document], error) {
				return l.ShareDocument(c.ctx(), c.actor, id, d.Visibility)
			}),
		{
			method: get, path: "/documents/{id}/content", id: "get_document_content", summary: "A document's bytes.", who: signedIn,
			query: []parameter{paramImageWidth}, success: http.StatusOK, handle: s.documentContent,
			outTypes: []string{"application/pdf", "image/jpeg", "image/png", "image/webp"},
		},
	}
}

func (s *Server) addDocument(c *request, r *resource[trace.Document, documentForm, documentView]) error {
	if err := c.unpacked(); err != nil {
		return err
	}
	if got, _, err := mime.ParseMediaType(c.Get(fiber.HeaderContentType)); err != nil || got != typeMultipart {
		return fault.New(fault.Unsupported, "content_type", typeMultipart)
	}
	form, err := c.MultipartForm()
	if err != nil {
		return fault.New(fault.Malformed, "multipart")
	}
	name, data, org, visibility, err := readDocumentForm(form)
	if err != nil {
		return err
	}
	// The boundary between the parts differs each time; what is sent is told apart by what it says.
	what := []byte(digest(name, string(data), org, string(visibility)))
	return s.once(c, what, func(string) (reply, error) {
		st, err := s.Ledger.AddDocument(c.ctx(), c.actor, org, name, visibility, bytes.NewReader(data))
		if err != nil {
			return reply{}, err
		}
		return r.reply(c, http.StatusCreated, st), nil
	})
}

// readDocumentForm reads the one file and the fields beside it.
func readDocumentForm(form *multipart.Form) (name string, data []byte, org string, v trace.Visibility, err error) {
	var p fault.Problem
	for field, values := range form.Value {
		switch {
		case field == "file" && len(values) > 0:
			p.Add("/file", "wrong_type", "api.type.file")
		case field != "organisation" && field != "visibility":
			p.Add("/"+escapePointer(field), "unknown_member")
		case len(values) > 1:
			p.Add("/"+field, "too_many", 1)
		case field == "organisation":
			org = values[0]
		default:
			v = trace.Visibility(values[0])
			if v != "" && !slices.Contains(trace.Visibilities, v) {
				p.Add("/visibility", "not_offered", escapePointer(values[0]))
			}
		}
	}
	for field := range form.File {
		if field != "file" {
			p.Add("/"+escapePointer(field), "unknown_member")
		}
	}
	files := form.File["file"]
	switch {
	case len(files) > 1:
		p.Add("/file", "too_many", 1)
	case len(files) == 0 && len(form.Value["file"]) == 0:
		p.Add("/file", "missing")
	}
	if err := p.Err(); err != nil {
		return "", nil, "", "", err
	}
	f, err := files[0].Open()
	if err != nil {
		return "", nil, "", "", err
	}
	data, err = io.ReadAll(f) // no larger than the body, which has a limit
	_ = f.Close()
	return files[0].Filename, data, org, v, err
}

func (s *Server) documentContent(c *request) error {
	width := 0
	if text := c.Query("width"); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 || n > 4000 {
			return fault.New(fault.Malformed, "query_number", "width")
		}
		width = n
	}
	return s.sendDocument(c, c.Params("id"), width)
}
