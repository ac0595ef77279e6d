package trace

import (
	"context"
	"strconv"
)

// RollCode is the code that a label of a roll has or would have, for tests.
func RollCode(l *Ledger, roll string, number int) string {
	secret, err := l.rollKey(context.Background())
	if err != nil {
		panic(err)
	}
	block, err := strconv.ParseInt(roll, 10, 64)
	if err != nil {
		panic(err)
	}
	return rollCode(secret, block, number)
}
