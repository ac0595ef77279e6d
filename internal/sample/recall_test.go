package sample

import "testing"

// The recall cases can be read, and name only what there is.
func TestRecallCases(t *testing.T) {
	cases, err := LoadRecallCases()
	if err != nil {
		t.Fatal(err)
	}
	d, err := Load()
	if err != nil {
		t.Fatal(err)
	}
	lots := map[string]bool{}
	for _, lot := range d.Lots {
		lots[lot.ID] = true
	}
	for _, k := range cases {
		for _, lot := range k.Lots {
			lots[lot.ID] = true
		}
		for _, id := range k.Seeds {
			if !lots[id] {
				t.Errorf("%s begins from %s, which there is not", k.ID, id)
			}
		}
		for _, r := range k.Receivers {
			if !lots[r.Lot] || r.Held+r.Sold > r.Quantity {
				t.Errorf("%s: what %s was sent does not fit", k.ID, r.Name)
			}
		}
	}
}
