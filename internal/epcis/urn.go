package epcis

import (
	"fmt"
	"strconv"
	"strings"

	"truynguon/internal/gs1"
)

// parseURN reads an EPC URN as the EPC Tag Data Standard writes it.
func parseURN(urn string) (identifier, bool) {
	none := identifier{}
	body, ok := strings.CutPrefix(urn, "urn:epc:")
	if !ok {
		return none, false
	}
	kind, body, _ := strings.Cut(body, ":")
	scheme, body, _ := strings.Cut(body, ":")
	prefix, body, ok := strings.Cut(body, ".")
	if !ok || len(prefix) < minPrefix || len(prefix) > maxPrefix || !allIn(prefix, isDigit) {
		return none, false
	}
	switch kind + ":" + scheme {
	case "id:sgtin", "id:itip", "id:upui", "class:lgtin", "idpat:sgtin", "idpat:itip", "idpat:upui":
		return tradeItem(kind, scheme, prefix, body)
	case "id:sgln", "id:grai", "id:gdti", "id:sgcn", "idpat:grai", "idpat:gdti", "idpat:sgcn":
		return serialised(kind, scheme, prefix, body)
	case "id:pgln":
		key, ok := checked("", prefix, body, 12)
		return identifier{ai: "417", key: key}, ok
	case "id:sscc":
		if body == "" {
			return none, false
		}
		key, ok := checked(body[:1], prefix, body[1:], 17)
		return identifier{ai: "00", key: key}, ok
	case "id:gsrn", "id:gsrnp":
		key, ok := checked("", prefix, body, 17)
		return identifier{ai: map[string]string{"gsrn": "8018", "gsrnp": "8017"}[scheme], key: key}, ok
	case "id:gsin":
		key, ok := checked("", prefix, body, 16)
		return identifier{ai: "402", key: key}, ok
	case "id:giai", "id:ginc":
		ref, ok := unescapeURN(body, 30-len(prefix), rawURN, in82)
		return identifier{ai: map[string]string{"giai": "8004", "ginc": "401"}[scheme], key: prefix + ref}, ok
	case "id:cpi", "idpat:cpi":
		return part(kind, prefix, body)
	}
	return none, false
}

// checked joins the parts of an all-digit key, lead first, that must have n digits in all, and adds
// the check digit.
func checked(lead, prefix, ref string, n int) (string, bool) {
	body := lead + prefix + ref
	if len(body) != n {
		return "", false
	}
	key, err := gs1.WithCheckDigit(body)
	return key, err == nil
}

// tradeItem reads what is built on a GTIN: the indicator digit leads the item reference.
func tradeItem(kind, scheme, prefix, body string) (identifier, bool) {
	item, serial, ok := strings.Cut(body, ".")
	if !ok || item == "" {
		return identifier{}, false
	}
	gtin, ok := checked(item[:1], prefix, item[1:], 13)
	if !ok {
		return identifier{}, false
	}
	id := identifier{ai: "01", key: gtin}
	if scheme == "itip" {
		var piece, total string
		if piece, serial, ok = strings.Cut(serial, "."); !ok {
			return id, false
		}
		if total, serial, ok = strings.Cut(serial, "."); !ok {
			return id, false
		}
		if len(piece) != 2 || len(total) != 2 || !allIn(piece+total, isDigit) {
			return id, false
		}
		id.ai, id.key = "8006", gtin+piece+total
	}
	if kind == "idpat" {
		return id, serial == "*"
	}
	longest := 20
	switch scheme {
	case "lgtin":
		id.qualifier = "10"
	case "upui":
		id.qualifier, longest = "235", 28
	default:
		id.qualifier = "21"
	}
	id.value, ok = unescapeURN(serial, longest, rawURN, in82)
	return id, ok
}

// serialised reads what is built on 12 digits and a check digit, with a serial or an extension.
func serialised(kind, scheme, prefix, body string) (identifier, bool) {
	ref, serial, ok := strings.Cut(body, ".")
	if !ok {
		return identifier{}, false
	}
	key, ok := checked("", prefix, ref, 12)
	if !ok {
		return identifier{}, false
	}
	var id identifier
	longest, charset := 20, rawURN
	switch scheme {
	case "sgln":
		id = identifier{ai: "414", key: key}
		if serial == "0" { // stands for: no extension
			return id, true
		}
		id.qualifier = "254"
		id.value, ok = unescapeURN(serial, longest, charset, in82)
		return id, ok
	case "grai":
		id, longest = identifier{ai: "8003", key: "0" + key}, 16
	case "gdti":
		id, longest = identifier{ai: "253", key: key}, 17
	case "sgcn":
		id, longest, charset = identifier{ai: "255", key: key}, 12, isDigit
	}
	if kind == "idpat" {
		return id, serial == "*"
	}
	text, ok := unescapeURN(serial, longest, charset, in82)
	id.key += text
	return id, ok
}

// part reads a component and part identifier.
func part(kind, prefix, body string) (identifier, bool) {
	i := strings.LastIndexByte(body, '.')
	if i < 0 {
		return identifier{}, false
	}
	ref, ok := unescapeURN(body[:i], 30-len(prefix), rawPartURN, in39)
	if !ok {
		return identifier{}, false
	}
	id := identifier{ai: "8010", key: prefix + ref}
	serial := body[i+1:]
	if kind == "idpat" {
		return id, serial == "*"
	}
	id.qualifier, id.value = "8011", serial
	return id, serial != "" && len(serial) <= 12 && allIn(serial, isDigit)
}

// unescapeURN decodes a part of 1 to longest characters, of which raw ones may stand for themselves
// and others of the character set only as %XX.
func unescapeURN(s string, longest int, raw, charset func(byte) bool) (string, bool) {
	b := make([]byte, 0, len(s))
	for i := 0; i < len(s); i++ {
		c := s[i]
		switch {
		case raw(c):
		case c == '%' && i+2 < len(s):
			decoded, err := strconv.ParseUint(s[i+1:i+3], 16, 8)
			if err != nil || !charset(byte(decoded)) {
				return "", false
			}
			c = byte(decoded)
			i += 2
		default:
			return "", false
		}
		b = append(b, c)
	}
	return string(b), len(b) >= 1 && len(b) <= longest
}

// escapeURN is the reverse of unescapeURN.
func escapeURN(s string, raw func(byte) bool) string {
	var b strings.Builder
	for i := range len(s) {
		if raw(s[i]) {
			b.WriteByte(s[i])
		} else {
			fmt.Fprintf(&b, "%%%02X", s[i])
		}
	}
	return b.String()
}

// urn returns the EPC URN of an identifier whose company prefix has n digits. It does not look at
// check digits.
func (id identifier) urn(n int) (string, bool) {
	key := id.key
	serial := escapeURN(id.value, rawURN)
	pattern := func(scheme, body string) (string, bool) { return "urn:epc:idpat:" + scheme + ":" + body + ".*", true }
	pure := func(scheme, body string) (string, bool) { return "urn:epc:id:" + scheme + ":" + body, true }
	switch id.ai {
	case "01", "8006":
		body := key[1:1+n] + "." + key[:1] + key[1+n:13]
		switch {
		case id.ai == "01" && id.qualifier == "":
			return pattern("sgtin", body)
		case id.ai == "01" && id.qualifier == "10":
			return "urn:epc:class:lgtin:" + body + "." + serial, true
		case id.ai == "01" && id.qualifier == "21":
			return pure("sgtin", body+"."+serial)
		case id.ai == "01":
			return pure("upui", body+"."+serial)
		}
		body += "." + key[14:16] + "." + key[16:18]
		switch id.qualifier {
		case "":
			return pattern("itip", body)
		case "21":
			return pure("itip", body+"."+serial)
		}
	case "414":
		if id.qualifier == "" {
			serial = "0"
		}
		return pure("sgln", key[:n]+"."+key[n:12]+"."+serial)
	case "417":
		return pure("pgln", key[:n]+"."+key[n:12])
	case "00":
		return pure("sscc", key[1:1+n]+"."+key[:1]+key[1+n:17])
	case "402":
		return pure("gsin", key[:n]+"."+key[n:16])
	case "8017":
		return pure("gsrnp", key[:n]+"."+key[n:17])
	case "8018":
		return pure("gsrn", key[:n]+"."+key[n:17])
	case "253", "255", "8003":
		scheme := map[string]string{"253": "gdti", "255": "sgcn", "8003": "grai"}[id.ai]
		if id.ai == "8003" {
			key = key[1:] // a filler digit
		}
		body := key[:n] + "." + key[n:12]
		if len(key) == 13 {
			return pattern(scheme, body)
		}
		return pure(scheme, body+"."+escapeURN(key[13:], rawURN))
	}
	if len(key) <= n {
		return "", false
	}
	switch id.ai {
	case "401":
		return pure("ginc", key[:n]+"."+escapeURN(key[n:], rawURN))
	case "8004":
		return pure("giai", key[:n]+"."+escapeURN(key[n:], rawURN))
	case "8010":
		body := key[:n] + "." + escapeURN(key[n:], rawPartURN)
		if id.qualifier == "" {
			return pattern("cpi", body)
		}
		return pure("cpi", body+"."+id.value)
	}
	return "", false
}
