package gs1

import "strings"

// coupon reads the fields of a North American coupon from left to right. The first fault sticks:
// after it, nothing is read.
type coupon struct {
	s    string
	at   int
	flaw flaw
}

func newCoupon(s string) *coupon { return &coupon{s: s, flaw: lintNumeric(s)} }

func (c *coupon) fail(pos, n int) {
	c.flaw = flaw{code: "gs1_coupon", pos: pos, n: n}
}

// short says that a field is cut off, or is not there at all.
func (c *coupon) short() {
	if c.at == len(c.s) {
		c.fail(0, len(c.s))
		return
	}
	c.fail(c.at, len(c.s)-c.at)
}

// take reads n digits.
func (c *coupon) take(n int) string {
	if c.flaw.bad() {
		return ""
	}
	if len(c.s)-c.at < n {
		c.short()
		return ""
	}
	field := c.s[c.at : c.at+n]
	c.at += n
	return field
}

// oneOf reads one digit out of a few.
func (c *coupon) oneOf(digits string) byte {
	d := c.take(1)
	if d == "" {
		return 0
	}
	if !strings.Contains(digits, d) {
		c.fail(c.at-1, 1)
		return 0
	}
	return d[0]
}

// counted reads a digit that says how long the next field is, beyond a base, and that field.
func (c *coupon) counted(digits string, base int) {
	if d := c.oneOf(digits); d != 0 {
		c.take(int(d-'0') + base)
	}
}

// prefixOrNone reads a counted company prefix; 9 stands for none.
func (c *coupon) prefixOrNone() {
	if d := c.oneOf("01234569"); d != 0 && d != '9' {
		c.take(int(d-'0') + 6)
	}
}

// purchase reads a purchase requirement: value, requirement code, family code.
func (c *coupon) purchase() {
	c.counted("12345", 0)
	c.oneOf("012349")
	c.take(3)
}

// option reports whether an optional field begins here with its number, and steps over the number.
func (c *coupon) option(number byte) bool {
	if c.flaw.bad() || c.at >= len(c.s) || c.s[c.at] != number {
		return false
	}
	c.at++
	return true
}

func (c *coupon) date() (digits string) {
	start := c.at
	digits = c.take(6)
	if !c.flaw.bad() && lintDate(digits).bad() {
		c.fail(start, 6)
	}
	return digits
}

func (c *coupon) end() flaw {
	if !c.flaw.bad() && c.at < len(c.s) {
		c.fail(c.at, len(c.s)-c.at)
	}
	return c.flaw
}

var lintDate = dateLinter(2, false)

// lintCoupon is the North American Coupon Application Guideline, AI 8110.
func lintCoupon(s string) flaw {
	c := newCoupon(s)
	c.counted("0123456", 6) // company prefix
	c.take(6)               // offer code
	c.counted("12345", 0)   // save value
	c.purchase()
	if c.option('1') { // additional rules and second purchase
		c.oneOf("0123")
		c.purchase()
		c.prefixOrNone()
	}
	if c.option('2') { // third purchase
		c.purchase()
		c.prefixOrNone()
	}
	var expires string
	if c.option('3') {
		expires = c.date()
	}
	if c.option('4') {
		starts := c.date()
		if !c.flaw.bad() && expires != "" && starts > expires {
			c.fail(c.at-14, 14)
		}
	}
	if c.option('5') {
		c.counted("0123456789", 6) // serial number
	}
	if c.option('6') {
		c.counted("1234567", 6) // retailer's prefix or GLN
	}
	if c.option('9') {
		c.oneOf("01256") // save value code
		c.oneOf("012")   // which item it applies to
		c.take(1)        // store coupon
		c.oneOf("01")    // do not multiply
	}
	return c.end()
}

// lintCouponOffer is the North American positive offer file, AI 8112.
func lintCouponOffer(s string) flaw {
	c := newCoupon(s)
	c.oneOf("01")              // format
	c.counted("0123456", 6)    // funder
	c.take(6)                  // offer code
	c.counted("0123456789", 6) // serial number
	return c.end()
}
