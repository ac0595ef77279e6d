package web

import "truynguon/internal/trace"

// SerialNote is what a lot's page says of the serial number on the label that was scanned.
type SerialNote struct {
	Title, Tag, Tone, Text string
	// Reason is why the number was voided.
	Reason string
	// Copied is a sentence about a label that may have been copied.
	Copied string
}

// SerialNote says plainly what is known of the serial; nil if the code named none. It accuses nobody: a
// number that is not on record may have been misread, and one that is may have been copied.
func (p *ProvenancePage) SerialNote() *SerialNote {
	if p.Serial == "" {
		return nil
	}
	key := "serial." + string(p.SerialFound.Status)
	n := &SerialNote{Title: p.T(key + ".title"), Tag: p.T(key)}
	if p.SerialFound.Copied {
		n.Copied = p.T("copies.public")
	}
	serial := p.Serial
	if code, ok := trace.ParseCode(serial); ok {
		serial = trace.SpellCode(code)
	}
	if label := p.SerialFound.Label; label != nil && p.SerialFound.Status == trace.SerialKnown {
		n.Title, n.Tag, n.Tone = p.T("roll.claimed.title"), p.T("roll.claimed"), toneOf(p.SerialFound)
		n.Text = p.T("roll.claimed.text", trace.SpellCode(label.Code), label.Number, p.DayOf(label.At))
		return n
	}
	switch v := p.SerialFound.Void; {
	case p.SerialFound.Status == trace.SerialKnown:
		n.Tone, n.Text = toneOf(p.SerialFound), p.T(key+".text", serial)
	case v != nil:
		n.Tone, n.Text, n.Reason = "bad", p.T(key+".text", serial, p.DayOf(v.At)), v.Reason
	default:
		n.Tone, n.Text = "warn", p.T(key+".text", serial)
	}
	return n
}

// toneOf is the colour of a serial that is on record.
func toneOf(f trace.SerialFound) string {
	if f.Copied {
		return "warn"
	}
	return "good"
}
