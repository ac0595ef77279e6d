package main

import (
	"errors"
	"fmt"
	"net/mail"
	"net/url"
	"strconv"

	"truynguon/internal/notify"
)

// parseSMTP takes the address of a mail server apart. Its faults do not repeat the address, which may
// hold a password by mistake.
func parseSMTP(s string) (notify.Mailer, error) {
	form := errors.New("want smtp://USER@HOST:PORT or smtps://USER@HOST:PORT")
	u, err := url.Parse(s)
	if err != nil || u.Hostname() == "" || u.Path != "" || u.RawQuery != "" || u.Fragment != "" {
		return notify.Mailer{}, form
	}
	m := notify.Mailer{Host: u.Hostname(), User: u.User.Username()}
	switch u.Scheme {
	case "smtp":
		m.Port = 587
	case "smtps":
		m.Port, m.TLS = 465, true
	default:
		return notify.Mailer{}, form
	}
	if port := u.Port(); port != "" {
		n, err := strconv.ParseUint(port, 10, 16)
		if err != nil || n == 0 {
			return notify.Mailer{}, form
		}
		m.Port = int(n)
	}
	if _, has := u.User.Password(); has {
		return notify.Mailer{}, errors.New("the password belongs in TRUYNGUON_SMTP_PASSWORD")
	}
	return m, nil
}

// mailFaults are the faults of the settings about e-mail.
func (c Config) mailFaults() (faults []error) {
	if c.SMTP != "" {
		m, err := parseSMTP(c.SMTP)
		switch {
		case err != nil:
			faults = append(faults, fmt.Errorf("TRUYNGUON_SMTP: %w", err))
		case m.User != "" && c.SMTPPassword == "":
			faults = append(faults, errors.New("TRUYNGUON_SMTP_PASSWORD: must be set when TRUYNGUON_SMTP names a user"))
		}
		if c.MailFrom == "" {
			faults = append(faults, errors.New("TRUYNGUON_MAIL_FROM: must be set when TRUYNGUON_SMTP is"))
		}
	}
	if c.MailFrom != "" {
		if _, err := mail.ParseAddress(c.MailFrom); err != nil {
			faults = append(faults, fmt.Errorf("TRUYNGUON_MAIL_FROM: want an e-mail address such as notices@example.vn, not %q", c.MailFrom))
		}
	}
	return faults
}

// mailer is what sends e-mail, and nil if the settings want none sent.
func (c Config) mailer() (*notify.Mailer, error) {
	if c.SMTP == "" {
		return nil, nil
	}
	m, err := parseSMTP(c.SMTP)
	if err != nil {
		return nil, fmt.Errorf("TRUYNGUON_SMTP: %w", err)
	}
	m.Password, m.From = string(c.SMTPPassword), c.MailFrom
	return &m, nil
}
