package blob

import (
	"encoding/binary"

	"truynguon/internal/fault"
)

// Flags of the VP8X chunk, RFC 9649 section 2.7.1.
const (
	webpAnimation = 1 << 1
	webpAlpha     = 1 << 4
	webpProfile   = 1 << 5
)

// stripWebP puts the file together again from the chunks that make a still picture (RFC 9649
// section 2): the pixels, the alpha channel beside lossy pixels, the colour profile, and the
// extended header only if one of the last two needs it.
func stripWebP(data []byte) ([]byte, error) {
	size := int64(binary.LittleEndian.Uint32(data[4:]))
	if size < 4 || size > int64(len(data)-8) {
		return nil, broken("a WebP of %d bytes that announces %d", len(data), size+8)
	}
	data = data[12 : 8+size]     // bytes after the announced end are dropped
	found := map[string][]byte{} // the first chunk of each name that matters
	for len(data) > 0 {
		if len(data) < 8 {
			return nil, broken("a WebP that ends in a chunk's header")
		}
		name, n := string(data[:4]), int64(binary.LittleEndian.Uint32(data[4:]))
		if n > int64(len(data)-8) {
			return nil, broken("a WebP that ends in chunk %q", name)
		}
		switch name {
		case "VP8X", "ICCP", "ANIM", "ANMF", "ALPH", "VP8 ", "VP8L":
			if found[name] == nil {
				found[name] = data[8 : 8+n]
			}
		}
		data = data[min(8+n+n&1, int64(len(data))):]
	}
	if found["ANIM"] != nil || found["ANMF"] != nil {
		return nil, refuse(fault.Unsupported, "blob_animated", "an animated WebP")
	}
	pixels := "VP8 "
	if found[pixels] == nil {
		pixels = "VP8L"
	}
	if len(found[pixels]) == 0 {
		return nil, broken("a WebP without a picture")
	}

	out := []byte("RIFF\x00\x00\x00\x00WEBP")
	put := func(name string, content []byte) {
		out = append(out, name...)
		out = binary.LittleEndian.AppendUint32(out, uint32(len(content)))
		out = append(out, content...)
		if len(content)%2 == 1 {
			out = append(out, 0)
		}
	}
	if x := found["VP8X"]; x != nil {
		if len(x) != 10 {
			return nil, broken("a WebP with an extended header of %d bytes", len(x))
		}
		if x[0]&webpAnimation != 0 {
			return nil, refuse(fault.Unsupported, "blob_animated", "an animated WebP")
		}
		profile, alpha := found["ICCP"], found["ALPH"]
		if x[0]&webpAlpha == 0 || pixels == "VP8L" { // lossless pixels have their own
			alpha = nil
		}
		header := append(make([]byte, 4), x[4:]...) // flags and reserved bytes cleared
		if len(profile) > 0 {
			header[0] |= webpProfile
		}
		if len(alpha) > 0 {
			header[0] |= webpAlpha
		}
		if pixels == "VP8L" {
			header[0] |= x[0] & webpAlpha // only says what to expect
		}
		if len(profile) > 0 || len(alpha) > 0 {
			put("VP8X", header)
		}
		if len(profile) > 0 {
			put("ICCP", profile)
		}
		if len(alpha) > 0 {
			put("ALPH", alpha)
		}
	}
	put(pixels, found[pixels])
	binary.LittleEndian.PutUint32(out[4:], uint32(len(out)-8))
	return out, nil
}
