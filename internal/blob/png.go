package blob

import (
	"encoding/binary"

	"truynguon/internal/fault"
)

const pngSignature = "\x89PNG\r\n\x1a\n"

// keptPNG are the chunks that make the picture: the critical ones, transparency, and those that say
// how its colours and its pixels' shape are meant (W3C PNG, clause 11). No chunk outside this list
// survives, so that a kind of metadata invented tomorrow is left out too.
var keptPNG = map[string]bool{
	"IHDR": true, "PLTE": true, "IDAT": true, "IEND": true,
	"tRNS": true, "gAMA": true, "cHRM": true, "sRGB": true, "iCCP": true, "pHYs": true,
}

// stripPNG copies the chunks that make the picture; the compressed pixels stay as they are.
func stripPNG(data []byte) ([]byte, error) {
	clean := append(make([]byte, 0, len(data)), pngSignature...)
	rest := data[len(pngSignature):]
	last, seenIDAT := "", false
	for {
		// A chunk is its length, its name, its content and a checksum, which the decoder verifies.
		if len(rest) < 12 {
			return nil, broken("a PNG without IEND")
		}
		n := int64(binary.BigEndian.Uint32(rest)) + 12
		name := string(rest[4:8])
		if n > int64(len(rest)) {
			return nil, broken("a PNG that ends in chunk %q", name)
		}
		chunk := rest[:n]
		rest = rest[n:]
		switch {
		case name == "acTL" || name == "fcTL" || name == "fdAT":
			return nil, refuse(fault.Unsupported, "blob_animated", "an animated PNG")
		case name == "IDAT" && seenIDAT && last != "IDAT":
			// Decoders ignore pixels after the pixels; a hiding place, and an error by the standard.
			return nil, broken("a PNG with scattered IDAT chunks")
		case keptPNG[name]:
			clean = append(clean, chunk...)
		case name[0]&0x20 == 0: // critical by the case of its first letter
			return nil, refuse(fault.Unsupported, "blob_unusual", "a PNG with the critical chunk %q", name)
		}
		seenIDAT = seenIDAT || name == "IDAT"
		last = name
		if name == "IEND" {
			return clean, nil
		}
	}
}
