package web

import (
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/gofiber/fiber/v2"

	"truynguon/internal/fault"
	"truynguon/internal/trace"
)

// captureLimits tells how much may be sent at once.
func (s *Server) captureLimits(c *request) {
	c.Set(headerCaptureLimit, strconv.Itoa(trace.MaxCaptureEvents))
	c.Set(headerCaptureBytes, strconv.Itoa(trace.MaxCaptureBytes))
	c.Set(headerBehaviour, "all")
}

// captureToken makes a repeated request one, if it says so by its Idempotency-Key.
func captureToken(c *request) (string, error) {
	key := c.Get(headerIdempotencyKey)
	if key == "" {
		return "", nil
	}
	if !validKey(key) {
		return "", fault.New(fault.Malformed, "idempotency_key")
	}
	return digest("capture", key, string(c.Body()))[:32], nil
}

// capture takes a document of events.
func (s *Server) capture(c *request) error {
	token, err := captureToken(c)
	if err != nil {
		return err
	}
	job, err := s.Ledger.AcceptCapture(c.ctx(), c.actor, trace.CaptureDraft{
		Token: token, Behaviour: trace.CaptureBehaviour(c.Get(headerBehaviour)), Document: c.Body(),
	})
	if err != nil {
		return err
	}
	if job.Running() {
		s.startCapture(job.ID)
	}
	c.Set(headerBehaviour, string(job.Behaviour))
	c.Set(fiber.HeaderLocation, s.Ledger.Base+epcisBase+"/capture/"+job.ID)
	return c.SendStatus(http.StatusAccepted)
}

// captureEvent takes one event.
func (s *Server) captureEvent(c *request) error {
	ev, err := s.Ledger.CaptureEvent(c.ctx(), c.actor, c.Body())
	if err != nil {
		return err
	}
	body, err := ev.Encode()
	if err != nil {
		return err
	}
	c.Set(fiber.HeaderLocation, s.Ledger.Base+epcisBase+"/events/"+url.PathEscape(ev.EventID))
	c.Set(fiber.HeaderContentType, typeJSON)
	return c.Status(http.StatusCreated).Send(body)
}

// captureView is a capture job as the standard has it.
type captureView struct {
	CaptureID  string            `json:"captureID"`
	CreatedAt  time.Time         `json:"createdAt"`
	FinishedAt *time.Time        `json:"finishedAt,omitempty"`
	Running    bool              `json:"running"`
	Success    bool              `json:"success"`
	Behaviour  string            `json:"captureErrorBehaviour"`
	Errors     []problemDocument `json:"errors"`
}

func (s *Server) viewCapture(c *request, job *trace.Capture) captureView {
	v := captureView{
		CaptureID: job.ID, CreatedAt: job.Created, FinishedAt: job.Finished, Running: job.Running(), Success: job.Success(),
		Behaviour: string(job.Behaviour), Errors: []problemDocument{},
	}
	for _, e := range job.Errors {
		detail := say(c.words, e.Code, e.Args)
		name, status := "ValidationException", http.StatusBadRequest
		if e.Code == "capture_exists" {
			name, status = "ResourceAlreadyExistsException", http.StatusConflict
		}
		v.Errors = append(v.Errors, problemDocument{
			Type: "epcisException:" + name, Title: c.words.T("error." + strconv.Itoa(status) + ".title"), Status: status, Detail: detail,
			Errors: []toldField{{Pointer: e.Pointer, Code: e.Code, Detail: detail}},
		})
	}
	return v
}

func (s *Server) captureJob(c *request) error {
	job, err := s.Ledger.CaptureJob(c.ctx(), c.actor, c.Params("id"))
	if err != nil {
		return err
	}
	return c.JSON(s.viewCapture(c, &job))
}

func (s *Server) captureJobs(c *request) error {
	p, err := s.pageOf(c, "capture")
	if err != nil {
		return err
	}
	if err := p.only(); err != nil {
		return err
	}
	jobs, next, err := s.Ledger.CaptureJobs(c.ctx(), c.actor, p.after, p.size)
	if err != nil {
		return err
	}
	p.turn(s, c, next)
	views := make([]captureView, len(jobs))
	for i := range jobs {
		views[i] = s.viewCapture(c, &jobs[i])
	}
	return c.JSON(views)
}

// queryDefinition is what is sent to keep a query under a name.
type queryDefinition struct {
	Name  string          `json:"name"`
	Query json.RawMessage `json:"query"`
}

func (s *Server) nameQuery(c *request) error {
	var d queryDefinition
	if err := json.Unmarshal(c.Body(), &d); err != nil {
		return fault.New(fault.Malformed, "epcis_json")
	}
	q, err := s.Ledger.NameQuery(c.ctx(), c.actor, d.Name, d.Query)
	if err != nil {
		return err
	}
	c.Set(fiber.HeaderLocation, s.Ledger.Base+epcisBase+"/queries/"+url.PathEscape(q.Name))
	return c.Status(http.StatusCreated).JSON(queryDefinition{q.Name, q.Query})
}

func (s *Server) namedQueries(c *request) error {
	p, err := s.pageOf(c, "queries")
	if err != nil {
		return err
	}
	if err := p.only(); err != nil {
		return err
	}
	list, next, err := s.Ledger.NamedQueries(c.ctx(), c.actor, p.after, p.size)
	if err != nil {
		return err
	}
	p.turn(s, c, next)
	views := make([]queryDefinition, len(list))
	for i, q := range list {
		views[i] = queryDefinition{q.Name, q.Query}
	}
	return c.JSON(views)
}

func (s *Server) named(c *request) (trace.NamedQuery, error) {
	name, err := parameterIn(c, "name")
	if err != nil {
		return trace.NamedQuery{}, err
	}
	q, err := s.Ledger.QueryNamed(c.ctx(), c.actor, name)
	if errors.Is(err, fault.NotFound) {
		err = exception{"NoSuchNameException", http.StatusNotFound, err}
	}
	return q, err
}

func (s *Server) namedQuery(c *request) error {
	q, err := s.named(c)
	if err != nil {
		return err
	}
	return c.JSON(queryDefinition{q.Name, q.Query})
}

func (s *Server) forgetQuery(c *request) error {
	if _, err := s.named(c); err != nil {
		return err
	}
	name, err := parameterIn(c, "name")
	if err != nil {
		return err
	}
	if err := s.Ledger.ForgetQuery(c.ctx(), c.actor, name); err != nil {
		return err
	}
	return c.SendStatus(http.StatusNoContent)
}
