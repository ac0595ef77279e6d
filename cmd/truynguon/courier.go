package main

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"time"

	"truynguon/internal/locale"
	"truynguon/internal/notify"
	"truynguon/internal/trace"
)

// courier sends the notices that the domain has for followers. Any number of servers over one database
// may each have one: the domain hands every notice to one of them at a time.
type courier struct {
	ledger *trace.Ledger
	words  *locale.Catalogue
	log    *slog.Logger
	site   string
	mail   *notify.Mailer // nil: no e-mail is sent
	hook   notify.Webhook
}

const (
	// courierRound is the time between two looks for notices.
	courierRound = time.Minute
	// courierLoad is how many notices are taken at once, and courierHands how many of them are under way
	// at a time: even if each takes as long as it may, all are done well before the domain would hand
	// them to somebody else.
	courierLoad  = 24
	courierHands = 4
)

// start makes rounds until the context ends or stop is called. Stop takes no new notice, waits for those
// under way as long as it is told, gives up the others, and returns when nothing is under way any more.
func (c *courier) start(ctx context.Context) (stop func(patience time.Duration)) {
	ctx, leave := context.WithCancel(ctx)
	// What is under way is finished, as nobody could tell whether it had been sent.
	sending, giveUp := context.WithCancel(context.WithoutCancel(ctx))
	over := make(chan struct{})
	go func() {
		defer close(over)
		tick := time.NewTicker(courierRound)
		defer tick.Stop()
		for {
			if err := c.round(ctx, sending); err != nil && ctx.Err() == nil {
				c.log.Warn("sending notices", "error", err)
			}
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
			}
		}
	}()
	return func(patience time.Duration) {
		leave()
		timer := time.AfterFunc(patience, giveUp)
		<-over
		timer.Stop()
		giveUp()
	}
}

// round prepares what has become due and sends it, until there is nothing left.
func (c *courier) round(ctx, sending context.Context) error {
	if err := c.ledger.PrepareNotices(ctx); err != nil {
		return err
	}
	for ctx.Err() == nil {
		due, err := c.ledger.DueNotices(ctx, courierLoad)
		// With an error come those that were taken before it.
		err = errors.Join(err, c.deliver(sending, due))
		if err != nil || len(due) == 0 {
			return err
		}
	}
	return nil
}

// deliver sends notices and says what became of each. Its error is the database's only.
func (c *courier) deliver(ctx context.Context, due []trace.DueNotice) error {
	var mu sync.Mutex
	var failed error
	var hands sync.WaitGroup
	next := make(chan trace.DueNotice)
	for range min(courierHands, len(due)) {
		hands.Go(func() {
			for d := range next {
				if err := c.one(ctx, &d); err != nil {
					mu.Lock()
					failed = errors.Join(failed, err)
					mu.Unlock()
				}
			}
		})
	}
	for _, d := range due {
		next <- d
	}
	close(next)
	hands.Wait()
	return failed
}

// one sends a notice.
func (c *courier) one(ctx context.Context, d *trace.DueNotice) error {
	err := c.send(ctx, d)
	if ctx.Err() != nil {
		return nil // not marked: it is due again when nobody has said for a while what became of it
	}
	level, result := slog.LevelInfo, "sent"
	if err != nil {
		level, result = slog.LevelWarn, err.Error()
		if cause := errors.Unwrap(err); cause != nil {
			defer func() { c.log.Log(ctx, level, "notice not sent", "id", d.Notice.ID, "error", cause) }()
		}
		err = c.ledger.MarkFailed(ctx, d.Notice.ID, result)
	} else {
		err = c.ledger.MarkSent(ctx, d.Notice.ID)
	}
	// No address: a log of who follows what is personal data.
	c.log.Log(ctx, level, "notice", "id", d.Notice.ID, "channel", d.Follow.Channel, "result", result)
	return err
}

// errMailOff is what the log of a notice says that nobody could send.
var errMailOff = errors.New("this site sends no e-mail")

func (c *courier) send(ctx context.Context, d *trace.DueNotice) error {
	subject, text := c.write(d)
	if d.Follow.Channel == trace.Webhook {
		body, err := json.Marshal(c.payload(d, text))
		if err != nil {
			return err
		}
		return c.hook.Send(ctx, d.Follow.Address, d.Follow.Secret, d.Notice.ID, body)
	}
	if c.mail == nil {
		return errMailOff
	}
	return c.mail.Send(ctx, notify.Message{ID: d.Notice.ID, To: d.Follow.Address, Subject: subject, Body: text})
}

// page is the public page of what a notice is about.
func (c *courier) page(d *trace.DueNotice) string {
	switch {
	case d.Notice.Certificate != "":
		return c.ledger.Base + "/c/" + d.Notice.Certificate
	case d.Recall.Lots > 0:
		return c.ledger.Base + "/r/" + d.Recall.ID
	case len(d.Recall.Batches) > 0:
		return c.ledger.Base + "/l/" + d.Recall.Batches[0]
	}
	return c.ledger.Base + "/p/" + d.Notice.Organisation
}

// write writes a notice in its reader's language.
func (c *courier) write(d *trace.DueNotice) (subject, text string) {
	w := c.words.Printer(d.Follow.Lang)
	if d.Notice.Receipt != "" {
		return c.writeReceipt(w, d)
	}
	var lines []string
	say := func(key string, value string) {
		if value != "" {
			lines = append(lines, w.T("message."+key, value))
		}
	}
	name := strings.TrimSpace(d.Scheme.Name(w.Lang()) + " " + d.Certificate.Number)
	key := "message." + string(d.Notice.Reason)
	if d.Notice.Reason == trace.NoticeRecalled {
		name = d.Organisation.Name
	}
	switch {
	case d.Notice.Reason == trace.NoticeExpiring && d.Notice.Days == 0:
		lines = append(lines, w.T("message.expiring.today", name, string(d.Notice.Day)))
	case d.Notice.Reason == trace.NoticeExpiring:
		lines = append(lines, w.N(key+".text", d.Notice.Days, name, string(d.Notice.Day)))
	default:
		lines = append(lines, w.T(key+".text", name, string(d.Notice.Day)))
	}
	lines = append(lines, "")
	say("holder", d.Organisation.Name)
	if d.Notice.Certificate != "" {
		say("agency", d.Certificate.Agency)
		say("start", w.Date(string(d.Certificate.StartDate)))
		say("end", w.Date(string(d.Certificate.EndDate)))
		decision := told(d)
		say("decision", decision.Number)
		say("reason", decision.Reason)
	} else {
		say("reason", d.Recall.Reason)
		say("advice", d.Recall.Advice)
		say("decision", d.Recall.Decision)
		var lots []string
		for _, code := range d.Recall.Batches[:min(len(d.Recall.Batches), 20)] {
			lots = append(lots, trace.SpellCode(code))
		}
		if more := max(d.Recall.Lots, len(d.Recall.Batches)) - len(lots); more > 0 {
			lots = append(lots, w.T("message.more", more))
		}
		say("lots", strings.Join(lots, ", "))
	}
	say("page", c.page(d))
	lines = append(lines, "", w.T("message.why", c.site, c.ledger.Base+"/work/follows"))
	return "[" + c.site + "] " + w.T(key+".subject", name), strings.Join(lines, "\n") + "\n"
}

// writeReceipt writes to somebody who was sent recalled goods and follows nothing here: what was sent, what
// to do, and where to say what became of it.
func (c *courier) writeReceipt(w *locale.Printer, d *trace.DueNotice) (subject, text string) {
	key, r := "message."+string(d.Notice.Reason), &d.Receipt
	lines := []string{
		w.T("message.dear", r.Receiver.Name), "", w.T(key+".text", d.Organisation.Name, string(d.Notice.Day)), "",
		w.T("message.reason", d.Recall.Reason), w.T("message.advice", d.Recall.Advice), "", w.T("message.sent_to_you"),
	}
	if d.Recall.Decision != "" {
		lines = append(lines, w.T("message.decision", d.Recall.Decision))
	}
	for _, lot := range r.Lots {
		lines = append(lines, "- "+w.T("message.sent_lot", lot.Product, lot.Lot, trace.SpellCode(lot.Code), w.Quantity(lot.Quantity.Value.String(), lot.Quantity.UOM)))
	}
	if r.More > 0 {
		lines = append(lines, "- "+w.T("message.more", r.More))
	}
	lines = append(lines, "", w.T("message.answer", c.ledger.Base+"/a/"+r.Key), "", w.T("message.page", c.page(d)), "", w.T("message.why_receiver", c.site))
	return "[" + c.site + "] " + w.T(key+".subject", d.Organisation.Name), strings.Join(lines, "\n") + "\n"
}

// told is the decision that a notice tells of, and nothing for one about the end of a certificate. Others
// may have followed since.
func told(d *trace.DueNotice) trace.Decision {
	status := map[trace.NoticeReason]trace.CertificateStatus{
		trace.NoticeSuspended: trace.CertSuspended, trace.NoticeRevoked: trace.CertRevoked,
		trace.NoticeSuperseded: trace.CertSuperseded, trace.NoticeReinstated: trace.CertVerified,
	}[d.Notice.Reason]
	for _, decision := range slices.Backward(d.Certificate.History) {
		if decision.Status == status && decision.From == d.Notice.Day {
			return decision
		}
	}
	return trace.Decision{}
}

// payload is what a webhook is sent.
type payload struct {
	ID      string             `json:"id"`
	Reason  trace.NoticeReason `json:"reason"`
	Created time.Time          `json:"created"`
	// Day is the day from which it holds, or on which the certificate ends; Days is how many are left.
	Day  trace.Date `json:"day,omitempty"`
	Days *int       `json:"days,omitempty"`
	// Page is the public page of what it is about, and Text the notice for people.
	Page         string              `json:"page"`
	Text         string              `json:"text"`
	Organisation payloadOrganisation `json:"organisation"`
	Certificate  *payloadCertificate `json:"certificate,omitempty"`
	Recall       *payloadRecall      `json:"recall,omitempty"`
}

type payloadOrganisation struct {
	ID   string `json:"id"`
	Name string `json:"name"`
}

type payloadCertificate struct {
	ID        string                  `json:"id"`
	Scheme    string                  `json:"scheme"`
	Number    string                  `json:"number"`
	Agency    string                  `json:"agency"`
	StartDate trace.Date              `json:"startDate"`
	EndDate   trace.Date              `json:"endDate,omitempty"`
	Status    trace.CertificateStatus `json:"status"`
}

type payloadRecall struct {
	ID       string           `json:"id"`
	Kind     trace.RecallKind `json:"kind"`
	Reason   string           `json:"reason"`
	Advice   string           `json:"advice,omitempty"`
	Decision string           `json:"decision,omitempty"`
	Batches  []string         `json:"batches"`
}

func (c *courier) payload(d *trace.DueNotice, text string) payload {
	p := payload{
		ID: d.Notice.ID, Reason: d.Notice.Reason, Created: d.Notice.Created, Day: d.Notice.Day, Page: c.page(d), Text: text,
		Organisation: payloadOrganisation{ID: d.Notice.Organisation, Name: d.Organisation.Name},
	}
	if d.Notice.Reason == trace.NoticeExpiring {
		p.Days = &d.Notice.Days
	}
	if k := d.Certificate; d.Notice.Certificate != "" {
		p.Certificate = &payloadCertificate{
			ID: d.Notice.Certificate, Scheme: k.Scheme, Number: k.Number, Agency: k.Agency, StartDate: k.StartDate, EndDate: k.EndDate, Status: k.Status,
		}
	}
	if r := d.Recall; d.Notice.Recall != "" {
		p.Recall = &payloadRecall{ID: r.ID, Kind: r.Kind, Reason: r.Reason, Advice: r.Advice, Decision: r.Decision, Batches: r.Batches}
	}
	return p
}
