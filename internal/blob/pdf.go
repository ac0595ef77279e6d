package blob

import (
	"bytes"
	"strconv"
)

// isPDF reports whether data begins as a PDF. ISO 32000 wants "%PDF-" at the very beginning;
// readers look for it in the first 1024 bytes. Only white space and a byte order mark, which some
// web forms put in front, are let through here: what begins with markup could be run as a page.
func isPDF(data []byte) bool {
	data = bytes.TrimPrefix(data, []byte("\xef\xbb\xbf"))
	data = bytes.TrimLeft(data, " \t\r\n")
	return len(data) >= 8 && bytes.HasPrefix(data, []byte("%PDF-")) && data[5] >= '1' && data[5] <= '2' && data[6] == '.'
}

// checkPDF refuses a PDF that was cut short. A complete one ends with "startxref", the place of its
// cross-reference table and "%%EOF" (ISO 32000-2, 7.5.5); the ends of files in use are looser, so
// the last two kilobytes are searched. That the objects before are sound is not checked.
func checkPDF(data []byte) error {
	tail := bytes.TrimRight(data, "\x00 \t\r\n")
	tail = tail[max(0, len(tail)-2048):]
	at := bytes.LastIndex(tail, []byte("startxref"))
	if at < 0 {
		return broken("a PDF without startxref at its end")
	}
	words := bytes.Fields(tail[at+len("startxref"):])
	if len(words) == 0 {
		return broken("a PDF that ends in startxref")
	}
	offset, err := strconv.ParseInt(string(words[0]), 10, 64)
	if err != nil || offset < 0 || offset >= int64(len(data)) {
		return broken("a PDF whose cross-reference table would lie at %.20q", words[0])
	}
	if !bytes.Contains(data, []byte("trailer")) && !bytes.Contains(data, []byte("/XRef")) {
		return broken("a PDF without trailer or cross-reference stream")
	}
	return nil
}
