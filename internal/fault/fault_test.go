package fault

import (
	"errors"
	"fmt"
	"testing"
)

func TestProblemIsItsKind(t *testing.T) {
	p := New(Exists, "lot_taken", "L1")
	p.Add("/lot", "lot_taken", "L1")
	p.Add("/lot", "lot_taken", "L1") // overlapping checks say it once
	err := fmt.Errorf("outer: %w", p.Err())
	if !errors.Is(err, Exists) || errors.Is(err, Invalid) {
		t.Errorf("kind of %v is wrong", err)
	}
	var got *Problem
	if !errors.As(err, &got) || len(got.Fields) != 1 {
		t.Errorf("want one field, got %+v", got)
	}
	if want := "already exists (lot_taken); /lot: lot_taken"; p.Error() != want {
		t.Errorf("Error() = %q, want %q", p.Error(), want)
	}
}

func TestErrIsNilWithoutFields(t *testing.T) {
	if err := new(Problem).Err(); err != nil {
		t.Errorf("an empty problem is not an error, got %v", err)
	}
	p := new(Problem)
	p.Add("/x", "missing")
	if !errors.Is(p.Err(), Invalid) {
		t.Error("field faults without a kind are Invalid")
	}
}

func TestWrap(t *testing.T) {
	f := func(in error) (err error) {
		defer Wrap(&err, "f(%d)", 1)
		return in
	}
	if err := f(nil); err != nil {
		t.Errorf("nil became %v", err)
	}
	if err := f(NotFound); !errors.Is(err, NotFound) || err.Error() != "f(1): not found" {
		t.Errorf("got %v", err)
	}
}
