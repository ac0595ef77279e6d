package trace

import (
	"context"
	"slices"
	"time"

	"truynguon/internal/store"
)

// scanItem is what is remembered of the scans of one label: enough for the rules about copies, and no more.
// Numbers that were printed for no label of a lot share one, without a serial: strangers can make up as many
// as they like.
type scanItem struct {
	Batch        string   `json:"batch"`
	Serial       string   `json:"serial,omitempty"`
	Organisation string   `json:"organisation"`
	UnitPath     []string `json:"unitPath"`
	// Status is what was known of the serial when it was scanned last, State and Since what the lot was.
	Status SerialStatus `json:"status"`
	State  State        `json:"state"`
	Since  time.Time    `json:"since"`
	Scans  int          `json:"scans"`
	// Visits are by hour and region, oldest first.
	Visits []itemVisits `json:"visits"`
	// Last is the day of the last scan.
	Last Date `json:"last"`
}

// itemVisits are the visits of an hour from a region.
type itemVisits struct {
	// Hour is its beginning, in UTC.
	Hour   time.Time `json:"hour"`
	Region string    `json:"region,omitempty"`
	N      int       `json:"n"`
}

// maxItemVisits bounds what is remembered of an item. The oldest are forgotten first: then it has been looked
// at so often lately that the rules need no more.
const maxItemVisits = 300

var scanItems = store.Table[scanItem]{
	Kind:  "scan_item",
	Key:   (*scanItem).key,
	Sort:  func(i *scanItem) string { return string(i.Last) },
	Terms: func(i *scanItem) []string { return []string{"batch=" + i.Batch} },
}

func (i *scanItem) key() string { return i.Batch + "/" + i.Serial }

// add adds the scans of another record of the same item.
func (i *scanItem) add(o *scanItem) {
	i.Status, i.State, i.Since, i.UnitPath = o.Status, o.State, o.Since, o.UnitPath
	i.Last = max(i.Last, o.Last)
	i.Scans += o.Scans
	i.Visits = slices.Clone(i.Visits)
	for _, v := range o.Visits {
		at := slices.IndexFunc(i.Visits, func(w itemVisits) bool { return w.Hour.Equal(v.Hour) && w.Region == v.Region })
		if at >= 0 {
			i.Visits[at].N += v.N
		} else {
			i.Visits = append(i.Visits, v)
		}
	}
	slices.SortStableFunc(i.Visits, func(a, b itemVisits) int { return a.Hour.Compare(b.Hour) })
	if n := len(i.Visits) - maxItemVisits; n > 0 {
		i.Visits = slices.Delete(i.Visits, 0, n)
	}
}

func (q *scanQueue) addItem(s Scan, hour time.Time, visit bool) {
	one := scanItem{
		Batch: s.Batch, Serial: s.Serial, Organisation: s.Organisation, UnitPath: s.UnitPath,
		Status: s.Status, State: s.State, Since: s.Since, Scans: 1, Last: DateOf(hour),
	}
	if s.Status == SerialUnknown {
		one.Serial = ""
	}
	if visit {
		one.Visits = []itemVisits{{hour, s.Region, 1}}
	}
	q.mergeItem(one.key(), &one)
}

func (q *scanQueue) mergeItem(key string, one *scanItem) {
	sum := q.items[key]
	if sum == nil {
		if len(q.days)+len(q.items) >= maxWaiting {
			q.dropped++
			return
		}
		if q.items == nil {
			q.items = map[string]*scanItem{}
		}
		sum = &scanItem{Batch: one.Batch, Serial: one.Serial, Organisation: one.Organisation}
		q.items[key] = sum
	}
	sum.add(one)
}

// writeItem adds scans to what is remembered of an item, and looks whether it may have been copied.
func (l *Ledger) writeItem(ctx context.Context, sum *scanItem) error {
	fresh := scanItem{Batch: sum.Batch, Serial: sum.Serial, Organisation: sum.Organisation}
	row, err := put(ctx, l, scanItems, sum.key(), fresh, func(i *scanItem) error {
		i.add(sum)
		return nil
	})
	if err != nil {
		return err
	}
	return l.suspect(ctx, &row.Value)
}
