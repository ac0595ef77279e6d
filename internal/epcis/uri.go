package epcis

import "strings"

// isURI says whether s is a URI with a scheme, by the grammar of RFC 3986. A prefixed name such as
// "ex:grade" is one, too: that is how EPCIS tells extensions from its own words.
func isURI(s string) bool {
	scheme, after, ok := strings.Cut(s, ":")
	if !ok || scheme == "" || !isLetter(scheme[0]) {
		return false
	}
	if !allIn(scheme, func(c byte) bool { return isLetter(c) || isDigit(c) || c == '+' || c == '-' || c == '.' }) {
		return false
	}
	after, fragment, _ := strings.Cut(after, "#")
	path, query, _ := strings.Cut(after, "?")
	if authority, ok := strings.CutPrefix(path, "//"); ok {
		host := authority
		path = ""
		if i := strings.IndexByte(authority, '/'); i >= 0 {
			host, path = authority[:i], authority[i:]
		}
		if !isAuthority(host) {
			return false
		}
	}
	return uriChars(path, ":@/") && uriChars(query, ":@/?") && uriChars(fragment, ":@/?")
}

func isAuthority(s string) bool {
	if i := strings.LastIndexByte(s, '@'); i >= 0 {
		if !uriChars(s[:i], ":") {
			return false
		}
		s = s[i+1:]
	}
	if literal, ok := strings.CutPrefix(s, "["); ok {
		address, port, ok := strings.Cut(literal, "]")
		inAddress := func(c byte) bool { return isDigit(c) || isLetter(c) || c == ':' || c == '.' }
		return ok && address != "" && allIn(address, inAddress) &&
			(port == "" || port[0] == ':' && allIn(port[1:], isDigit))
	}
	host, port, _ := strings.Cut(s, ":")
	return uriChars(host, "") && allIn(port, isDigit)
}

// uriChars says whether s is made of unreserved characters, sub-delimiters, percent escapes and
// the further characters given.
func uriChars(s, more string) bool {
	for i := 0; i < len(s); i++ {
		c := s[i]
		switch {
		case isLetter(c) || isDigit(c) || strings.IndexByte("-._~!$&'()*+,;=", c) >= 0 || strings.IndexByte(more, c) >= 0:
		case c == '%' && i+2 < len(s) && isHex(s[i+1]) && isHex(s[i+2]):
			i += 2
		default:
			return false
		}
	}
	return true
}

func isHex(c byte) bool {
	return isDigit(c) || 'a' <= c && c <= 'f' || 'A' <= c && c <= 'F'
}
