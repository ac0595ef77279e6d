package web

import (
	"encoding/json"
	"strings"
	"time"

	"truynguon/internal/trace"
)

// AuditPage shows what was changed, by whom and when.
type AuditPage struct {
	Base
	Entries []AuditEntry
	More    *More
	Back    *Link
}

// AuditEntry is one change.
type AuditEntry struct {
	When, Who, Role, What, Record, Link, Reason string
	Fields                                      []AuditField
}

// AuditField is one member of a record before and after a change.
type AuditField struct{ Name, Before, After string }

// auditList shows the trail of an organisation; to an admin that of everything.
func (s *Server) auditList(c *request) error {
	org := c.org()
	if org == "" && !admins.allows(c.who) {
		return s.chooseOrg(c, "audit.title", "/work/audit")
	}
	entries, next, err := s.Ledger.Trail(c.ctx(), c.actor, org, c.Query("cursor"), listSize)
	if err != nil {
		return err
	}
	p := &AuditPage{Base: s.workBase(c, "audit.title"), Entries: s.auditEntries(c, entries), More: c.more(next)}
	return s.render(c, "audit", p)
}

// auditRecord shows the trail of one record.
func (s *Server) auditRecord(c *request) error {
	kind, key := c.Params("kind"), c.Params("key")
	entries, next, err := s.Ledger.History(c.ctx(), c.actor, kind, key, c.Query("cursor"), listSize)
	if err != nil {
		return err
	}
	p := &AuditPage{Base: s.workBase(c, "audit.title"), Entries: s.auditEntries(c, entries), More: c.more(next)}
	if href := recordLink(kind, key); href != "" {
		p.Back = &Link{Href: href, Label: p.T("common.back")}
	}
	return s.render(c, "audit", p)
}

// recordLink is the page of a record, if it has one.
func recordLink(kind, key string) string {
	switch kind {
	case "batch":
		return "/work/batches/" + key
	case "certificate", "recall", "organisation":
		return "/work/" + kind + "s/" + key
	case "product", "place":
		return "/work/" + kind + "s/" + key + "/edit"
	}
	return ""
}

func (s *Server) auditEntries(c *request, changes []trace.Change) (out []AuditEntry) {
	w := c.words
	for _, ch := range changes {
		e := AuditEntry{When: w.Time(ch.At), Who: ch.By.Name, Record: ch.Key, Link: recordLink(ch.Kind, ch.Key), Reason: ch.Reason}
		if ch.By.Role != "" {
			e.Role = w.T("role." + string(ch.By.Role))
		}
		if ch.Kind == "batch" {
			e.Record = trace.SpellCode(ch.Key)
		}
		e.What = word(c, ch.Action, "auth.action."+ch.Action, "audit.action."+ch.Kind+"."+ch.Action, "audit.action."+ch.Action)
		e.Record = word(c, ch.Kind, "audit.kind."+ch.Kind) + " " + e.Record
		for _, f := range ch.Fields {
			switch f.Name {
			case "unitPath", "steps", "statusHistory", "site", "epc", "id", "verifications", "corrections":
				continue // follow from the rest, or are shown on the record's own page
			}
			e.Fields = append(e.Fields, AuditField{
				Name:   word(c, f.Name, "audit.field."+f.Name, ch.Kind+"."+f.Name, "provenance."+f.Name),
				Before: auditValue(c, ch.Kind, f.Name, f.Before), After: auditValue(c, ch.Kind, f.Name, f.After),
			})
		}
		out = append(out, e)
	}
	return out
}

// word is the first of the messages that there is, or else the word itself.
func word(c *request, otherwise string, keys ...string) string {
	for _, key := range keys {
		if c.words.Has(key) {
			return c.words.T(key)
		}
	}
	return otherwise
}

// auditValue writes a member of a record for people.
func auditValue(c *request, kind, name string, raw json.RawMessage) string {
	if len(raw) == 0 {
		return ""
	}
	var v any
	if json.Unmarshal(raw, &v) != nil {
		return string(raw)
	}
	return spoken(c, kind, name, v)
}

func spoken(c *request, kind, name string, v any) string {
	switch v := v.(type) {
	case nil:
		return ""
	case bool:
		if v {
			return c.words.T("common.yes")
		}
		return c.words.T("common.no")
	case float64:
		return c.words.Number(v)
	case string:
		if t, err := time.Parse(time.RFC3339, v); err == nil {
			return c.words.Time(t)
		}
		prefixes := map[string]string{
			"state": "state.", "role": "role.", "legalType": "legalType.", "type": "placeType.", "visibility": "visibility.",
			"lang": "language.", "uom": "unit.", "status": kind + ".", "kind": "recallKind.",
		}
		if kind == "organisation" {
			prefixes["status"] = "organisationStatus."
		}
		if prefix, ok := prefixes[name]; ok {
			return word(c, v, prefix+v)
		}
		return c.words.Date(v)
	case []any:
		var parts []string
		for _, item := range v {
			parts = append(parts, spoken(c, kind, name, item))
		}
		return strings.Join(parts, "; ")
	case map[string]any:
		if value, ok := v["value"].(float64); ok && len(v) == 2 {
			if uom, ok := v["uom"].(string); ok {
				return c.words.Quantity(value, uom)
			}
		}
		b, err := json.Marshal(v)
		if err != nil {
			return ""
		}
		return string(b)
	}
	return ""
}
