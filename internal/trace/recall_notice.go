package trace

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"truynguon/internal/fault"
	"truynguon/internal/store"
)

// Receiver is who was sent recalled goods: an organisation here, or somebody outside.
type Receiver struct {
	Organisation string `json:"organisation,omitempty"`
	Name         string `json:"name"`
	Address      string `json:"address,omitempty"`
	Code         string `json:"code,omitempty"`
	// Email and Phone are personal data where the receiver is a person; they are for those who lead the case.
	Email string `json:"email,omitempty"`
	Phone string `json:"phone,omitempty"`
}

// NoticeLot is a lot that a receiver was sent, and how much of it.
type NoticeLot struct {
	Code string `json:"code"`
	// Lot is the number that is printed, Product the product's name.
	Lot      string   `json:"lot"`
	Product  string   `json:"product"`
	Quantity Quantity `json:"quantity"`
	// On is the day on which it was last sent, empty if not known.
	On Date `json:"on,omitempty"`
}

// RecallNotice is the notice of a recall to one receiver: what was sent, and what the receiver answered.
// How often it was sent, the outbox says.
type RecallNotice struct {
	ID   string `json:"id"`
	Case string `json:"case"`
	// Mock marks an exercise: it is written, and not sent to anybody.
	Mock     bool        `json:"mock,omitempty"`
	Receiver Receiver    `json:"receiver"`
	Lots     []NoticeLot `json:"lots"`
	// More is how many lots there are beyond those listed.
	More int `json:"more,omitempty"`
	// Key is the secret part of the address at which the receiver answers.
	Key     string    `json:"key"`
	Written time.Time `json:"written"`
	By      Actor     `json:"by"`
	// Issued is how many messages were put into the outbox, and NextAt when the next one is due if nobody
	// has answered.
	Issued int        `json:"issued,omitempty"`
	NextAt *time.Time `json:"nextAt,omitempty"`
	// IssuedTo is the address that the last one went to.
	IssuedTo string `json:"issuedTo,omitempty"`
	// Answers are what the receiver said, oldest first. The last one holds.
	Answers []RecallAnswer `json:"answers,omitempty"`
}

// RecallAnswer is what a receiver says of the goods.
type RecallAnswer struct {
	ID string    `json:"id"`
	At time.Time `json:"at"`
	// Name is who says so. By is who noted it down, if it was said by telephone; otherwise it was said by
	// somebody who held the address in the notice.
	Name string       `json:"name"`
	By   *Actor       `json:"by,omitempty"`
	Lots []AnswerLine `json:"lots"`
	Note string       `json:"note,omitempty"`
}

// AnswerLine says how much of a lot a receiver still holds, has sold and has sent back.
type AnswerLine struct {
	Code     string `json:"code"`
	Held     Amount `json:"held"`
	Sold     Amount `json:"sold"`
	Returned Amount `json:"returned"`
}

// Answer is the answer that holds, nil if there is none.
func (n *RecallNotice) Answer() *RecallAnswer {
	if len(n.Answers) == 0 {
		return nil
	}
	return &n.Answers[len(n.Answers)-1]
}

// maxNoticeLots bounds the lots that a notice lists; maxNotices bounds the receivers of a case.
const (
	maxNoticeLots = 100
	maxNotices    = 2000
)

// reminders are when a receiver who has not answered is reminded, counted from the message before.
var reminders = []time.Duration{24 * time.Hour, 48 * time.Hour, 7 * 24 * time.Hour}

var recallNotices = store.Table[RecallNotice]{
	Kind: "recall_notice",
	Key:  func(n *RecallNotice) string { return n.ID },
	Sort: func(n *RecallNotice) string {
		if n.NextAt != nil {
			return sortTime(*n.NextAt)
		}
		return ""
	},
	Terms: func(n *RecallNotice) []string {
		terms := []string{"case=" + n.Case, "key=" + n.Key}
		if n.Receiver.Organisation != "" {
			terms = append(terms, "org="+n.Receiver.Organisation)
		}
		if n.NextAt != nil && len(n.Answers) == 0 && !n.Mock {
			terms = append(terms, "waiting")
		}
		return terms
	},
}

// noticeID names the notice of a case to a receiver, so that it is written once.
func noticeID(id string, r *Receiver) string {
	who := r.Organisation
	if who == "" {
		who = strings.ToLower(r.Name + "\x00" + r.Address + "\x00" + r.Code)
	}
	sum := sha256.Sum256([]byte(who))
	return id + "/" + hex.EncodeToString(sum[:8])
}

// tellReceivers writes the notices of a case that holds to everybody who was sent its lots, and puts those
// to who has an address into the outbox. An exercise writes them and sends none.
func (l *Ledger) tellReceivers(ctx context.Context, id string) error {
	c, err := recallCases.get(ctx, l, id)
	if errors.Is(err, fault.NotFound) { // a hold of lots tells nobody
		return nil
	}
	if err != nil || !c.Doc.Holds() {
		return err
	}
	by := *c.Doc.ConfirmedBy
	if c.Doc.ToldAt != nil {
		_, err := l.sameCase(ctx, by, id)
		return err
	}
	all, err := l.receivers(ctx, &c.Doc)
	if err != nil {
		return err
	}
	for i := range all {
		n := &all[i]
		n.ID, n.Case, n.Mock, n.Key, n.Written, n.By = noticeID(id, &n.Receiver), id, c.Doc.Mock, NewCode()+NewCode(), l.stamp(), by
		if err := recallNotices.Insert(ctx, l.DB, n); err != nil && !errors.Is(err, fault.Exists) {
			return err
		}
	}
	written, err := l.noticesOf(ctx, id)
	if err != nil {
		return err
	}
	for i := range written {
		if err := l.issue(ctx, &c.Doc, &written[i], 0); err != nil {
			return err
		}
	}
	_, err = recallCases.update(ctx, l, by, id, 0, "tell", "", func(c *RecallCase) error {
		if c.ToldAt == nil {
			now := l.stamp()
			c.ToldAt = &now
		}
		return nil
	})
	return err
}

// issue puts a message to a receiver into the outbox: the notice itself first, then reminders. n counts
// them, so that each is put there once.
func (l *Ledger) issue(ctx context.Context, c *RecallCase, r *RecallNotice, n int) error {
	if r.Mock || r.Receiver.Email == "" || r.Issued > n {
		return nil
	}
	m := Notice{
		ID: fmt.Sprintf("receipt/%s/%d", r.ID, n), Reason: NoticeReceiver, Recall: c.ID, Organisation: c.Organisation, Receipt: r.ID,
		Day: DateOf(c.EffectiveAt.In(l.zone())), State: NoticeDue, Created: l.stamp(), NextAt: l.stamp(),
	}
	if n > 0 {
		m.Reason = NoticeReminder
	}
	if err := notices.Insert(ctx, l.DB, &m); err != nil && !errors.Is(err, fault.Exists) {
		return err
	}
	_, err := recallNotices.Update(ctx, l.DB, r.ID, func(r *RecallNotice) error {
		if r.Issued > n {
			return nil
		}
		r.Issued, r.NextAt, r.IssuedTo = n+1, nil, r.Receiver.Email
		if n < len(reminders) {
			next := l.stamp().Add(reminders[n])
			r.NextAt = &next
		}
		return nil
	})
	return err
}

// RemindReceivers puts a reminder into the outbox for every receiver who has not answered in time. The
// program calls it with SweepRecalls.
func (l *Ledger) RemindReceivers(ctx context.Context) (err error) {
	defer fault.Wrap(&err, "Ledger.RemindReceivers")
	rows, _, err := recallNotices.Find(ctx, l.DB, store.Query{Term: "waiting", To: sortTime(l.stamp().Add(time.Millisecond)), Limit: 200})
	if err != nil || len(rows) == 0 {
		return err
	}
	var ids []string
	for _, r := range rows {
		ids = append(ids, r.Value.Case)
	}
	cases, err := recallCases.many(ctx, l, unique(ids))
	if err != nil {
		return err
	}
	for _, r := range rows {
		c := cases[r.Value.Case].Doc
		if c.Stage == RecallRunning {
			if err := l.issue(ctx, &c, &r.Value, r.Value.Issued); err != nil {
				return err
			}
			continue
		}
		_, err := recallNotices.Update(ctx, l.DB, r.Key, func(n *RecallNotice) error {
			n.NextAt = nil // over: nobody is reminded any more
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// receivers finds who was sent the lots of a case, by the shipments that are recorded.
func (l *Ledger) receivers(ctx context.Context, c *RecallCase) ([]RecallNotice, error) {
	lots, err := l.scopeLots(ctx, c.ID, &c.Scope)
	if err != nil {
		return nil, err
	}
	lots = inScope(lots)
	byCode := make(map[string]*ScopeLot, len(lots))
	var codes, goods []string
	seen := map[string]bool{}
	for i := range lots {
		s := &lots[i]
		byCode[s.Code] = s
		codes = append(codes, s.Code)
		if !seen[s.Product] {
			seen[s.Product] = true
			goods = append(goods, s.Product)
		}
	}
	names := map[string]string{}
	for some := range slices.Chunk(goods, scopeChunk) {
		known, err := products.many(ctx, l, some)
		if err != nil {
			return nil, err
		}
		for id, pr := range known {
			names[id] = pr.Doc.Name
		}
	}
	sent, _, err := l.shipmentsOf(ctx, codes)
	if err != nil {
		return nil, err
	}
	found := map[string]*RecallNotice{}
	var order []string
	for i := range sent {
		sh := &sent[i]
		if sh.Kind != Delivery || sh.Inbound || sh.To.Name == "" {
			continue
		}
		r := Receiver{Organisation: sh.To.Organisation, Name: sh.To.Name, Address: sh.To.Address, Code: sh.To.Code}
		id := noticeID(c.ID, &r)
		n := found[id]
		if n == nil {
			if len(found) >= maxNotices {
				continue
			}
			n = &RecallNotice{Receiver: r}
			found[id] = n
			order = append(order, id)
		}
		for _, part := range sh.Lots {
			s := byCode[part.Lot]
			if s == nil {
				continue
			}
			on := DateOf(sh.At.In(l.zone()))
			at := slices.IndexFunc(n.Lots, func(have NoticeLot) bool { return have.Code == s.Code && have.Quantity.UOM == part.Quantity.UOM })
			switch {
			case at >= 0:
				n.Lots[at].Quantity.Value += part.Quantity.Value
				n.Lots[at].On = max(n.Lots[at].On, on)
			case len(n.Lots) >= maxNoticeLots:
				n.More++
			default:
				n.Lots = append(n.Lots, NoticeLot{Code: s.Code, Lot: s.Lot, Product: names[s.Product], Quantity: part.Quantity, On: on})
			}
		}
	}
	var out []RecallNotice
	for _, id := range order {
		n := *found[id]
		slices.SortFunc(n.Lots, func(a, b NoticeLot) int { return cmp.Or(cmp.Compare(a.Product, b.Product), cmp.Compare(a.Lot, b.Lot)) })
		out = append(out, n)
	}
	return out, nil
}

// noticesOf reads the notices of a case, by receiver's name.
func (l *Ledger) noticesOf(ctx context.Context, id string) (out []RecallNotice, err error) {
	q := store.Query{Term: "case=" + id, Limit: store.MaxLimit}
	for len(out) < maxNotices+store.MaxLimit {
		rows, next, err := recallNotices.Find(ctx, l.DB, q)
		if err != nil {
			return nil, err
		}
		for _, r := range rows {
			out = append(out, r.Value)
		}
		if next == "" {
			break
		}
		q.After = next
	}
	slices.SortFunc(out, func(a, b RecallNotice) int {
		return cmp.Or(cmp.Compare(a.Receiver.Name, b.Receiver.Name), cmp.Compare(a.ID, b.ID))
	})
	return out, nil
}

// ReceiverDraft is what is sent to name a receiver of whom no shipment is recorded, or whose address is not
// known.
type ReceiverDraft struct {
	Name    string          `json:"name"`
	Address string          `json:"address"`
	Email   string          `json:"email"`
	Phone   string          `json:"phone"`
	Lots    []ReceivedDraft `json:"lots"`
}

// ReceivedDraft is a lot that a receiver was sent.
type ReceivedDraft struct {
	Code     string  `json:"code"`
	Quantity Decimal `json:"quantity"`
	On       string  `json:"on"`
}

// AddReceiver names somebody who was sent lots of a case: for the notice, which goes out when the case takes
// effect, or at once if it has. Naming the same receiver again adds lots, or an address that was missing.
func (l *Ledger) AddReceiver(ctx context.Context, by Actor, id string, d ReceiverDraft) (n RecallNotice, err error) {
	defer fault.Wrap(&err, "Ledger.AddReceiver(%q)", id)
	c, _, err := l.caseFor(ctx, by, id)
	if err != nil {
		return n, err
	}
	if c.Doc.Stage == RecallClosed || c.Doc.Stage == RecallDropped {
		return n, c.Doc.wrongStage()
	}
	var p fault.Problem
	r := Receiver{
		Name: p.Text("/name", d.Name, 200, true), Address: p.Text("/address", d.Address, 300, false),
		Email: strings.TrimSpace(d.Email), Phone: p.Text("/phone", d.Phone, 40, false),
	}
	if r.Email != "" && (len(r.Email) > 200 || !validEmail(r.Email)) {
		p.Add("/email", "email_malformed", short(r.Email))
	}
	if len(d.Lots) > maxList {
		p.Add("/lots", "too_many", maxList)
	}
	if err := p.Err(); err != nil {
		return n, err
	}
	all, err := l.scopeLots(ctx, id, &c.Doc.Scope)
	if err != nil {
		return n, err
	}
	byCode := map[string]*ScopeLot{}
	var goods []string
	for i := range all {
		if all[i].Removed == nil {
			byCode[all[i].Code] = &all[i]
		}
	}
	var lots []NoticeLot
	for i, part := range d.Lots {
		at := fmt.Sprintf("/lots/%d", i)
		code, _ := ParseCode(part.Code)
		value := amount(&p, at+"/quantity", part.Quantity, true)
		on := date(&p, at+"/on", part.On)
		s := byCode[code]
		if s == nil {
			p.Add(at+"/code", "not_in_scope")
			continue
		}
		goods = append(goods, s.Product)
		lots = append(lots, NoticeLot{Code: code, Lot: s.Lot, Product: s.Product, Quantity: Quantity{Value: value, UOM: s.Quantity.UOM}, On: on})
	}
	if len(lots) == 0 {
		p.Add("/lots", "missing")
	}
	if err := p.Err(); err != nil {
		return n, err
	}
	known, err := products.many(ctx, l, unique(goods))
	if err != nil {
		return n, err
	}
	for i := range lots {
		lots[i].Product = known[lots[i].Product].Doc.Name
	}
	fresh := RecallNotice{ID: noticeID(id, &r), Case: id, Mock: c.Doc.Mock, Receiver: r, Key: NewCode() + NewCode(), Written: l.stamp(), By: by}
	row, err := put(ctx, l, recallNotices, fresh.ID, fresh, func(n *RecallNotice) error {
		n.Receiver.Email, n.Receiver.Phone = cmp.Or(r.Email, n.Receiver.Email), cmp.Or(r.Phone, n.Receiver.Phone)
		for _, lot := range lots {
			if slices.ContainsFunc(n.Lots, func(have NoticeLot) bool { return have.Code == lot.Code }) {
				continue
			}
			if len(n.Lots) >= maxNoticeLots {
				n.More++
				continue
			}
			n.Lots = append(n.Lots, lot)
		}
		return nil
	})
	if err != nil || !c.Doc.Holds() {
		return row.Value, err
	}
	return row.Value, l.issue(ctx, &c.Doc, &row.Value, 0)
}

// SetReceiverEmail gives a receiver whom a shipment names an address, and sends the notice there. id is the
// notice's.
func (l *Ledger) SetReceiverEmail(ctx context.Context, by Actor, id, email string) (n RecallNotice, err error) {
	defer fault.Wrap(&err, "Ledger.SetReceiverEmail(%q)", id)
	caseID, _, _ := strings.Cut(id, "/")
	c, _, err := l.caseFor(ctx, by, caseID)
	if err != nil {
		return n, err
	}
	email = strings.TrimSpace(email)
	if len(email) > 200 || !validEmail(email) {
		p := new(fault.Problem)
		p.Add("/email", "email_malformed", short(email))
		return n, p.Err()
	}
	row, err := recallNotices.Update(ctx, l.DB, id, func(n *RecallNotice) error {
		n.Receiver.Email = email
		return nil
	})
	if err != nil || c.Doc.Stage != RecallRunning || row.Value.IssuedTo == email {
		return row.Value, err
	}
	return row.Value, l.issue(ctx, &c.Doc, &row.Value, row.Value.Issued)
}

// ReceiverNotice is a notice with what became of its messages.
type ReceiverNotice struct {
	RecallNotice
	// Messages are those in the outbox, oldest first.
	Messages []Notice
}

// ReceiverNotices answers the notices of a case to those who lead it.
func (l *Ledger) ReceiverNotices(ctx context.Context, by Actor, id string) (out []ReceiverNotice, err error) {
	defer fault.Wrap(&err, "Ledger.ReceiverNotices(%q)", id)
	c, err := l.RecallCase(ctx, by, id)
	if err != nil {
		return nil, err
	}
	if !by.leadsCase(&c.Doc) {
		return nil, nil // whom others sold to is their business
	}
	all, err := l.noticesOf(ctx, id)
	if err != nil {
		return nil, err
	}
	var keys []string
	for i := range all {
		for n := range all[i].Issued {
			keys = append(keys, fmt.Sprintf("receipt/%s/%d", all[i].ID, n))
		}
	}
	sent := map[string]store.Row[Notice]{}
	for some := range slices.Chunk(keys, scopeChunk) {
		rows, err := notices.GetMany(ctx, l.DB, some)
		if err != nil {
			return nil, err
		}
		for key, row := range rows {
			sent[key] = row
		}
	}
	for _, n := range all {
		r := ReceiverNotice{RecallNotice: n}
		for i := range n.Issued {
			if m, ok := sent[fmt.Sprintf("receipt/%s/%d", n.ID, i)]; ok {
				r.Messages = append(r.Messages, m.Value)
			}
		}
		out = append(out, r)
	}
	return out, nil
}

// NoticeByKey answers the notice with a secret, and its recall, to whoever holds it.
func (l *Ledger) NoticeByKey(ctx context.Context, key string) (n RecallNotice, c RecallCase, o Organisation, err error) {
	defer fault.Wrap(&err, "Ledger.NoticeByKey")
	if len(key) != 2*codeLength {
		return n, c, o, fault.NotFound
	}
	rows, _, err := recallNotices.Find(ctx, l.DB, store.Query{Term: "key=" + key, Limit: 1})
	if err != nil {
		return n, c, o, err
	}
	if len(rows) == 0 {
		return n, c, o, fault.NotFound
	}
	n = rows[0].Value
	s, err := recallCases.get(ctx, l, n.Case)
	if err != nil {
		return n, c, o, err
	}
	if !s.Doc.Holds() {
		return n, c, o, fault.NotFound // not said to anybody yet
	}
	org, err := organisations.get(ctx, l, s.Doc.Organisation)
	return n, s.Doc, org.Doc, err
}

// AnswerDraft is what a receiver sends.
type AnswerDraft struct {
	Token string            `json:"-"`
	Name  string            `json:"name"`
	Lots  []AnswerLineDraft `json:"lots"`
	Note  string            `json:"note"`
}

// AnswerLineDraft says how much of a lot is where. What is empty is nothing.
type AnswerLineDraft struct {
	Code     string  `json:"code"`
	Held     Decimal `json:"held"`
	Sold     Decimal `json:"sold"`
	Returned Decimal `json:"returned"`
}

// AnswerNotice records what a receiver says of the goods, who need not be known here: the secret of the
// notice is all that is asked for. A later answer is added and holds from then on.
func (l *Ledger) AnswerNotice(ctx context.Context, key string, d AnswerDraft) (n RecallNotice, err error) {
	defer fault.Wrap(&err, "Ledger.AnswerNotice")
	n, c, _, err := l.NoticeByKey(ctx, key)
	if err != nil {
		return n, err
	}
	return l.addAnswer(ctx, &c, n, nil, newID("recall_answer", Actor{ID: n.ID}, d.Token), d)
}

// NoteAnswer records what a receiver said by telephone or on paper, by somebody who leads the case. id is
// the notice's.
func (l *Ledger) NoteAnswer(ctx context.Context, by Actor, id string, d AnswerDraft) (n RecallNotice, err error) {
	defer fault.Wrap(&err, "Ledger.NoteAnswer(%q)", id)
	caseID, _, _ := strings.Cut(id, "/")
	c, err := l.leading(ctx, by, caseID)
	if err != nil {
		return n, err
	}
	row, err := recallNotices.Get(ctx, l.DB, id)
	if err != nil {
		return n, err
	}
	return l.addAnswer(ctx, &c, row.Value, &by, newID("recall_answer", by, d.Token), d)
}

func (l *Ledger) addAnswer(ctx context.Context, c *RecallCase, n RecallNotice, by *Actor, id string, d AnswerDraft) (RecallNotice, error) {
	if !c.Holds() {
		return n, c.wrongStage()
	}
	var p fault.Problem
	a := RecallAnswer{ID: id, At: l.stamp(), By: by, Name: p.Text("/name", d.Name, 100, true), Note: p.Paragraph("/note", d.Note, 500, false)}
	if len(d.Lots) > maxNoticeLots {
		p.Add("/lots", "too_many", maxNoticeLots)
		return n, p.Err()
	}
	said := false
	for i, line := range d.Lots {
		at := fmt.Sprintf("/lots/%d", i)
		code, _ := ParseCode(line.Code)
		j := slices.IndexFunc(n.Lots, func(have NoticeLot) bool { return have.Code == code })
		if j < 0 {
			p.Add(at+"/code", "not_in_scope")
			continue
		}
		said = said || line.Held != "" || line.Sold != "" || line.Returned != ""
		out := AnswerLine{
			Code: code, Held: amount(&p, at+"/held", line.Held, false), Sold: amount(&p, at+"/sold", line.Sold, false),
			Returned: amount(&p, at+"/returned", line.Returned, false),
		}
		if sum := out.Held + out.Sold + out.Returned; sum > n.Lots[j].Quantity.Value {
			p.Add(at+"/held", "more_than_sent", sum.String(), n.Lots[j].Quantity.Value.String())
		}
		a.Lots = append(a.Lots, out)
	}
	if !said && len(p.Fields) == 0 {
		p.Add("/lots", "missing")
	}
	if err := p.Err(); err != nil {
		return n, err
	}
	row, err := recallNotices.Update(ctx, l.DB, n.ID, func(n *RecallNotice) error {
		if slices.ContainsFunc(n.Answers, func(have RecallAnswer) bool { return have.ID == a.ID }) {
			return nil
		}
		if len(n.Answers) >= 100 { // of one receiver: somebody plays with the address
			return fault.New(fault.Exists, "answers_many")
		}
		n.Answers = append(n.Answers, a)
		n.NextAt = nil
		return nil
	})
	return row.Value, err
}

// leading reads a case for those who see all of it: they keep its records.
func (l *Ledger) leading(ctx context.Context, by Actor, id string) (c RecallCase, err error) {
	s, err := l.RecallCase(ctx, by, id)
	if err != nil {
		return c, err
	}
	if !by.leadsCase(&s.Doc) {
		return c, by.denied()
	}
	return s.Doc, nil
}

// tellFollowers writes the notices of a case that took effect to those who follow its producers and
// products. It reports whether there was something to tell.
func (l *Ledger) tellFollowers(ctx context.Context, id string) (told bool, err error) {
	c, err := recallCases.get(ctx, l, id)
	if errors.Is(err, fault.NotFound) || err == nil && (!c.Doc.Holds() || c.Doc.Mock) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	lots, err := l.scopeLots(ctx, id, &c.Doc.Scope)
	if err != nil {
		return false, err
	}
	seen := map[string]bool{}
	var terms []string
	add := func(term string) {
		if !seen[term] {
			seen[term] = true
			terms = append(terms, term)
		}
	}
	for _, org := range c.Doc.Scope.Organisations {
		add(followed(FollowProducer, org))
	}
	for _, lot := range inScope(lots) {
		add(followed(FollowProduct, lot.Product))
	}
	n := Notice{Reason: NoticeRecalled, Recall: id, Organisation: c.Doc.Organisation, Day: DateOf(c.Doc.EffectiveAt.In(l.zone()))}
	return true, l.notify(ctx, "recall/"+id, n, terms)
}

// recallsByID answers recalls of either kind, those of a case with the first of its lots.
func (l *Ledger) recallsByID(ctx context.Context, ids []string) (map[string]Recall, error) {
	out, err := docsOf(recalls.many(ctx, l, ids))
	if err != nil {
		return nil, err
	}
	cases, err := recallCases.many(ctx, l, ids)
	if err != nil {
		return nil, err
	}
	var keys []string
	for id, c := range cases {
		keys = append(keys, partKey(id, c.Doc.Scope.Set, 0))
	}
	first := map[string]store.Row[scopePart]{}
	if len(keys) > 0 {
		if first, err = scopeParts.GetMany(ctx, l.DB, keys); err != nil {
			return nil, err
		}
	}
	for id, c := range cases {
		if !c.Doc.Holds() {
			continue
		}
		var codes []string
		for _, lot := range inScope(first[partKey(id, c.Doc.Scope.Set, 0)].Value.Lots) {
			codes = append(codes, lot.Code)
		}
		out[id] = c.Doc.recall(codes)
	}
	return out, nil
}
