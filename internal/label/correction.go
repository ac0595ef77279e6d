package label

import (
	"strings"

	"github.com/skip2/go-qrcode"
)

// Correction is how much of a QR code may be damaged and the code still be read.
type Correction int

// The levels of ISO/IEC 18004. A higher level makes the code larger, or its squares smaller.
const (
	// Auto is Medium or more where the label has room for it; Low only where nothing else fits, with
	// a warning.
	Auto     Correction = iota
	Low                 // about 7 %
	Medium              // about 15 %
	Quartile            // about 25 %
	High                // about 30 %
)

// levels has the library's word for each level, and the data codewords of versions 1 to 40
// (ISO/IEC 18004, table 7).
var levels = map[Correction]struct {
	level     qrcode.RecoveryLevel
	codewords [40]int
}{
	Low: {qrcode.Low, [40]int{
		19, 34, 55, 80, 108, 136, 156, 194, 232, 274, 324, 370, 428, 461, 523, 589, 647, 721, 795, 861,
		932, 1006, 1094, 1174, 1276, 1370, 1468, 1531, 1631, 1735, 1843, 1955, 2071, 2191, 2306, 2434, 2566, 2702, 2812, 2956}},
	Medium: {qrcode.Medium, [40]int{
		16, 28, 44, 64, 86, 108, 124, 154, 182, 216, 254, 290, 334, 365, 415, 453, 507, 563, 627, 669,
		714, 782, 860, 914, 1000, 1062, 1128, 1193, 1267, 1373, 1455, 1541, 1631, 1725, 1812, 1914, 1992, 2102, 2216, 2334}},
	Quartile: {qrcode.High, [40]int{
		13, 22, 34, 48, 62, 76, 88, 110, 132, 154, 180, 206, 244, 261, 295, 325, 367, 397, 445, 485,
		512, 568, 614, 664, 718, 754, 808, 871, 911, 985, 1033, 1115, 1171, 1231, 1286, 1354, 1426, 1502, 1582, 1666}},
	High: {qrcode.Highest, [40]int{
		9, 16, 26, 36, 46, 60, 66, 86, 100, 122, 140, 158, 180, 197, 223, 253, 283, 313, 341, 385,
		406, 442, 464, 514, 538, 596, 628, 661, 701, 745, 793, 845, 901, 961, 986, 1054, 1096, 1142, 1222, 1276}},
}

// capacity returns the bytes that the largest code of a level holds.
func (c Correction) capacity() int { return levels[c].codewords[39] - 3 }

// alphanumeric has the characters that take eleven bits a pair instead of eight bits each.
const alphanumeric = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:"

// modules returns the side of a text's code with its quiet zone, without drawing it: what it is at
// most, since a drawing may mix ways to write digits, capitals and other characters. It is 0 when
// the text is too long.
func (c Correction) modules(content string) int {
	capitals := strings.Trim(content, alphanumeric) == ""
	for i, codewords := range levels[c].codewords {
		version := i + 1
		var bits int
		switch {
		case capitals && version < 10:
			bits = 4 + 9
		case capitals && version < 27:
			bits = 4 + 11
		case capitals:
			bits = 4 + 13
		case version < 10:
			bits = 4 + 8
		default:
			bits = 4 + 16
		}
		if capitals {
			bits += len(content)/2*11 + len(content)%2*6
		} else {
			bits += 8 * len(content)
		}
		if bits <= 8*codewords {
			return 17 + 4*version + 2*quietZone
		}
	}
	return 0
}

// free returns the highest level that makes a text's code no larger than Medium does.
func free(content string) Correction {
	c := Medium
	for c < High && (c+1).modules(content) == Medium.modules(content) {
		c++
	}
	return c
}
