package label

import "slices"

// Part is a piece of information that a label can carry; "label.part."+Part is the key of its name.
type Part string

// The parts of labels, in the order in which they are offered. Goods sold in Viet Nam must carry at
// least product, producer, address and origin, and food also net weight, dates and storage
// (Nghị định 37/2026/NĐ-CP, Điều 42 and Phụ lục I).
const (
	PartLogo           Part = "logo"    // a picture and no text: whoever composes a label adds it
	PartProduct        Part = "product" // the title, without a name before it
	PartProducer       Part = "producer"
	PartAddress        Part = "address"
	PartOrigin         Part = "origin"
	PartLot            Part = "lot"
	PartSerial         Part = "serial"
	PartNetWeight      Part = "netWeight"
	PartCount          Part = "count" // of items in a carton
	PartHarvestDate    Part = "harvestDate"
	PartProductionDate Part = "productionDate"
	PartPackagingDate  Part = "packagingDate"
	PartBestBeforeDate Part = "bestBeforeDate"
	PartExpirationDate Part = "expirationDate"
	PartCertificates   Part = "certificates"
	PartStorage        Part = "storage"
	PartCode           Part = "code" // in plain text with its check character, without a name before it
)

// Parts lists all parts in the order in which they stand on a label.
var Parts = []Part{PartLogo, PartProduct, PartProducer, PartAddress, PartOrigin, PartLot, PartSerial, PartNetWeight, PartCount,
	PartHarvestDate, PartProductionDate, PartPackagingDate, PartBestBeforeDate, PartExpirationDate,
	PartCertificates, PartStorage, PartCode}

// Kind is what a label is for; "label.kind."+ID is the key of its name.
type Kind struct {
	ID string
	// Parts are those that are on the label unless others are chosen.
	Parts []Part
	// Text is the font size in millimetres: a carton is read from further away than a packet.
	Text float64
}

// Kinds lists the kinds of label there are.
var Kinds = []Kind{
	{"lot", []Part{PartLogo, PartProduct, PartProducer, PartAddress, PartOrigin, PartLot, PartNetWeight, PartHarvestDate,
		PartPackagingDate, PartExpirationDate, PartCertificates, PartStorage, PartCode}, DefaultText},
	{"item", []Part{PartProduct, PartLot, PartSerial, PartNetWeight, PartExpirationDate, PartCode}, 2.6},
	{"carton", []Part{PartLogo, PartProduct, PartProducer, PartAddress, PartOrigin, PartLot, PartNetWeight, PartCount, PartPackagingDate,
		PartExpirationDate, PartStorage, PartCode}, 4.5},
	{"shelf", []Part{PartLogo, PartProduct, PartProducer, PartOrigin, PartHarvestDate, PartCertificates, PartCode}, 6},
}

// KindByID returns the kind of label with an ID.
func KindByID(id string) (Kind, bool) {
	i := slices.IndexFunc(Kinds, func(k Kind) bool { return k.ID == id })
	if i < 0 {
		return Kind{}, false
	}
	return Kinds[i], true
}

// Has reports whether a label of this kind has a part, if these are chosen.
func (k Kind) Has(part Part, chosen ...Part) bool {
	if len(chosen) == 0 {
		chosen = k.Parts
	}
	return slices.Contains(chosen, part)
}

// Compose returns a label of this kind, without its logo: the chosen parts that have a value, or the kind's own parts
// when none are chosen, in the order of Parts. Values are in the language of the label, and so are
// the names that name returns.
func (k Kind) Compose(content string, values map[Part]string, name func(Part) string, chosen ...Part) Label {
	l := Label{Content: content, Text: k.Text}
	for _, part := range Parts {
		value := values[part]
		if value == "" || !k.Has(part, chosen...) {
			continue
		}
		switch part {
		case PartProduct:
			l.Title = value
		case PartCode:
			l.Caption = append(l.Caption, value)
		default:
			l.Fields = append(l.Fields, Field{name(part), value})
		}
	}
	return l
}
