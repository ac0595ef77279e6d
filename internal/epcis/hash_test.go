package epcis

import (
	"encoding/json"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

var vietnam = time.FixedZone("", 7*60*60)

// harvest is the event that a co-operative records most: a lot comes into being.
func harvest() Event {
	return Event{
		Type:                ObjectEvent,
		EventTime:           time.Date(2026, 3, 10, 8, 0, 0, 0, vietnam),
		EventTimeZoneOffset: "+07:00",
		QuantityList: []Quantity{{
			EPCClass: "https://id.gs1.org/01/08938507000013/10/HTX-2603A", Quantity: "500", UOM: "KGM",
		}},
		Action:      Add,
		BizStep:     StepCommissioning,
		Disposition: Active,
		ReadPoint:   "https://id.gs1.org/414/8936000000011/254/LO-01",
		BizLocation: "https://id.gs1.org/414/8936000000011/254/LO-01",
	}
}

// TestHarvestHash is worked out by hand from the rules, not by any program.
func TestHarvestHash(t *testing.T) {
	const want = "eventType=ObjectEvent" +
		"eventTime=2026-03-10T01:00:00.000Z" +
		"eventTimeZoneOffset=+07:00" +
		"quantityListquantityElementepcClass=https://id.gs1.org/01/08938507000013/10/HTX-2603Aquantity=500uom=KGM" +
		"action=ADD" +
		"bizStep=https://ref.gs1.org/cbv/BizStep-commissioning" +
		"disposition=https://ref.gs1.org/cbv/Disp-active" +
		"readPointid=https://id.gs1.org/414/8936000000011/254/LO-01" +
		"bizLocationid=https://id.gs1.org/414/8936000000011/254/LO-01"
	e := harvest()
	got, err := e.PreHash()
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("PreHash (-want +got):\n%s", diff)
	}
	const hash = "ni:///sha-256;6e942ab62c6386937b5c17916e3d813f4e10e218a62faabf4e40b9c9375ff226?ver=CBV2.0"
	if got := hashID(t, &e); got != hash {
		t.Errorf("HashID = %s, want %s", got, hash)
	}
}

func TestPreHashParts(t *testing.T) {
	ext := func(name string, v any) func(*Event) {
		return func(e *Event) { e.Extensions = Extensions{name: v} }
	}
	for _, tt := range []struct {
		name   string
		change func(*Event)
		want   string
	}{
		{"a lot code of one's own is left as it is",
			func(e *Event) { e.QuantityList[0].EPCClass = "https://example.vn/l/ABCDE" },
			"epcClass=https://example.vn/l/ABCDEquantity=500uom=KGM"},
		{"own host, lot and serial",
			func(e *Event) {
				e.EPCList = []string{"https://truy.example.vn/x/01/08938507000013/10/A/21/B?11=260310"}
			},
			"epcListepc=https://id.gs1.org/01/08938507000013/21/B"},
		{"fourth decimal rounds up",
			func(e *Event) { e.EventTime = e.EventTime.Add(999_500 * time.Microsecond) },
			"eventTime=2026-03-10T01:00:01.000Z"},
		{"only the fourth decimal counts",
			func(e *Event) { e.EventTime = e.EventTime.Add(499_999 * time.Nanosecond) },
			"eventTime=2026-03-10T01:00:00.000Z"},
		{"zeros at the end", func(e *Event) { e.QuantityList[0].Quantity = "500.00" }, "quantity=500uom"},
		{"exponent", func(e *Event) { e.QuantityList[0].Quantity = "5E+2" }, "quantity=500uom"},
		{"more digits than a float has",
			func(e *Event) { e.QuantityList[0].Quantity = "12345678901234567890.10" },
			"quantity=12345678901234567890.1uom"},
		{"extension by prefix",
			func(e *Event) {
				e.Context = NewContext(map[string]string{"htx": "https://htx.example.vn/ns/"})
				e.Extensions = Extensions{"htx:grade": "  A1 "}
			}, "{https://htx.example.vn/ns/}grade=A1"},
		{"the same by its full name", ext("https://htx.example.vn/ns/grade", "A1"), "{https://htx.example.vn/ns/}grade=A1"},
		{"list of extensions", ext("cbvmda:x", []any{"b", json.Number("1.0"), "a"}),
			"{urn:epcglobal:cbv:mda:}x=1{urn:epcglobal:cbv:mda:}x=a{urn:epcglobal:cbv:mda:}x=b"},
		{"nested extension", ext("cbvmda:x", map[string]any{"cbvmda:b": "2", "cbvmda:a": 1.5}),
			"{urn:epcglobal:cbv:mda:}x{urn:epcglobal:cbv:mda:}a=1.5{urn:epcglobal:cbv:mda:}b=2"},
		{"a name is not a number", ext("cbvmda:lot", "007"), "{urn:epcglobal:cbv:mda:}lot=007"},
		{"text that is a decimal fraction", ext("cbvmda:w", "7.50"), "{urn:epcglobal:cbv:mda:}w=7.5"},
		{"ilmd before extensions", func(e *Event) {
			e.ILMD = Extensions{"cbvmda:lotNumber": "HTX-2603A"}
			e.Extensions = Extensions{"cbvmda:a": "1"}
		}, "ilmd{urn:epcglobal:cbv:mda:}lotNumber=HTX-2603A{urn:epcglobal:cbv:mda:}a=1"},
		{"sources before destinations", func(e *Event) {
			e.DestinationList = []Destination{{OwningParty, "urn:epc:id:pgln:4012345.00000"}}
			e.SourceList = []Source{{OwningParty, "urn:epc:id:pgln:0614141.00000"}}
			e.BizTransactionList = []BizTransaction{{TransactionPurchaseOrder, "https://example.vn/po/1"}}
		}, "bizTransactionListtype=https://ref.gs1.org/cbv/BTT-pobizTransaction=https://example.vn/po/1" +
			"sourceListtype=https://ref.gs1.org/cbv/SDT-owning_partysource=https://id.gs1.org/417/0614141000005" +
			"destinationListtype=https://ref.gs1.org/cbv/SDT-owning_partydestination=https://id.gs1.org/417/4012345000009"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			e := harvest()
			tt.change(&e)
			got, err := e.PreHash()
			if err != nil {
				t.Fatal(err)
			}
			if !strings.Contains(got, tt.want) {
				t.Errorf("PreHash has no %q:\n%s", tt.want, got)
			}
		})
	}
}

func TestHashRefusesWhatIsNoNumber(t *testing.T) {
	for _, number := range []json.Number{"abc", "01", "1.", "NaN", "0x10", "1e", "+1", ".5"} {
		e := harvest()
		e.QuantityList[0].Quantity = number
		if got, err := e.HashID(); err == nil {
			t.Errorf("quantity %q has the hash %s", number, got)
		}
		if _, err := e.Encode(); err == nil {
			t.Errorf("quantity %q can be written", number)
		}
	}
}

func TestDecimal(t *testing.T) {
	for in, want := range map[string]string{
		"0": "0", "-0": "0", "0.00": "0", "0e9": "0", "1.0": "1", "-1.50": "-1.5", "100": "100", "1e3": "1000",
		"1.25e1": "12.5", "12500e-3": "12.5", "5E-7": "0.0000005", "-0.010": "-0.01",
		"1e100": "0.1e101", "10e99": "0.1e101", "1e-100": "0.1e-99",
		"1e99999999999999999999": "1e99999999999999999999",
	} {
		if got, ok := decimal(in); !ok || got != want {
			t.Errorf("decimal(%q) = %q, %v; want %q", in, got, ok, want)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		s := rapid.StringMatching(`-?(0|[1-9][0-9]{0,20})(\.[0-9]{1,20})?([eE][+-]?[0-9]{1,2})?`).Draw(t, "number")
		once, ok := decimal(s)
		if !ok {
			t.Fatalf("%q is not taken for a number", s)
		}
		twice, ok := decimal(once)
		if !ok || twice != once {
			t.Fatalf("decimal(%q) = %q, and of that %q", s, once, twice)
		}
	})
}

// TestHashProperties: what is about the record does not count, nor does the order of lists or the
// zone in which a time is written; everything else does.
func TestHashProperties(t *testing.T) {
	epc := rapid.StringMatching(`https://example\.vn/l/[A-Z0-9]{1,6}`)
	rapid.Check(t, func(t *rapid.T) {
		e := harvest()
		e.EPCList = rapid.SliceOfNDistinct(epc, 0, 5, rapid.ID[string]).Draw(t, "epcs")
		before, err := e.HashID()
		if err != nil {
			t.Fatal(err)
		}
		same := e
		same.EPCList = append([]string(nil), e.EPCList...)
		rand.Shuffle(len(same.EPCList), func(i, j int) {
			same.EPCList[i], same.EPCList[j] = same.EPCList[j], same.EPCList[i]
		})
		same.EventTime = e.EventTime.UTC()
		same.EventID = before
		same.RecordTime = e.EventTime.Add(time.Hour)
		same.ErrorDeclaration = &ErrorDeclaration{DeclarationTime: e.EventTime, Reason: IncorrectData}
		if after, _ := same.HashID(); after != before {
			t.Fatalf("hash changed from %s to %s", before, after)
		}
		other := e
		other.EPCList = append([]string{"https://example.vn/l/-"}, e.EPCList...)
		if after, _ := other.HashID(); after == before {
			t.Fatal("one thing more has the same hash")
		}
	})
}

func BenchmarkHashID(b *testing.B) {
	e := harvest()
	e.ILMD = Extensions{"cbvmda:lotNumber": "HTX-2603A", "cbvmda:countryOfOrigin": "VN"}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := e.HashID(); err != nil {
			b.Fatal(err)
		}
	}
}
