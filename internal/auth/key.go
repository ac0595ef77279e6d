package auth

import (
	"context"
	"errors"
	"time"

	"truynguon/internal/fault"
	"truynguon/internal/store"
)

// APIKey is what is known about a program's key. The key itself was shown once, when it was made.
type APIKey struct {
	// ID is the part of the key that is no secret.
	ID string `json:"id"`
	// Name is what the key was made for.
	Name string `json:"name"`
	// Role, with Org or Unit, decides what the program may do.
	Role Role   `json:"role"`
	Org  string `json:"org,omitempty"`
	Unit string `json:"unit,omitempty"`
	// CreatedAt is when, and CreatedBy the ID of who made it. The key stays valid when that person
	// leaves, since programs belong to organisations.
	CreatedAt time.Time `json:"createdAt"`
	CreatedBy string    `json:"createdBy"`
	// LastUsedAt is the day of its last use, at 00:00 UTC; zero if it never was used.
	LastUsedAt time.Time `json:"lastUsedAt,omitzero"`
	// RevokedAt is when it ceased to be valid; zero if it is valid.
	RevokedAt time.Time `json:"revokedAt,omitzero"`
}

// Revoked reports whether the key has ceased to be valid.
func (k APIKey) Revoked() bool { return !k.RevokedAt.IsZero() }

// key is how an APIKey is kept.
type key struct {
	APIKey
	// Hash is the SHA-256 of the key's secret part.
	Hash string `json:"keyHash"`
}

var keys = store.Table[key]{
	Kind: "apikey",
	Key:  func(k *key) string { return k.ID },
	Sort: func(k *key) string { return sortTime(k.CreatedAt) },
	Terms: func(k *key) []string {
		if k.Org == "" {
			return nil
		}
		return []string{"org=" + k.Org}
	},
}

// KeyDraft is what is said about a new key.
type KeyDraft struct {
	// Name says what the key is for.
	Name string `json:"name"`
	Role Role   `json:"role"`
	// Org may be left out by a manager, whose own it then is.
	Org  string `json:"org,omitempty"`
	Unit string `json:"unit,omitempty"`
}

// AddKey makes an API key. The key, "tn_ID_SECRET", is returned to be shown once; only its SHA-256 is
// kept. A draft that breaks rules is fault.Invalid at /name, /role, /org or /unit.
func (d *Directory) AddKey(ctx context.Context, by Identity, draft KeyDraft) (_ string, _ APIKey, err error) {
	defer fault.Wrap(&err, "auth: add key")
	if err := manages(by); err != nil {
		return "", APIKey{}, err
	}
	if by.Role == Manager && draft.Org == "" {
		draft.Org = by.Org
	}
	p := new(fault.Problem)
	k := key{APIKey: APIKey{
		ID: newID('k'), Role: draft.Role, Org: draft.Org, Unit: draft.Unit,
		CreatedAt: d.stamp(), CreatedBy: by.ID,
	}}
	k.Name = p.Text("/name", draft.Name, maxName, true)
	checkPlace(p, k.Role, k.Org, k.Unit)
	if k.Role.valid() {
		if err := mayKey(by, k.Role, k.Org); err != nil {
			return "", APIKey{}, err
		}
	}
	if err := p.Err(); err != nil {
		return "", APIKey{}, err
	}
	secret, hash := newSecret()
	k.Hash = hash
	if err := d.note(ctx, by, ActionKeyAdded, "key", k.ID, k.Org, differences(APIKey{}, k.APIKey)); err != nil {
		return "", APIKey{}, err
	}
	if err := keys.Insert(ctx, d.DB, &k); err != nil {
		return "", APIKey{}, err
	}
	return apiKey(k.ID, secret), k.APIKey, nil
}

// Keys lists the keys that by looks after, revoked ones too, the newest first.
func (d *Directory) Keys(ctx context.Context, by Identity) (_ []APIKey, err error) {
	defer fault.Wrap(&err, "auth: keys")
	if err := manages(by); err != nil {
		return nil, err
	}
	q := store.Query{Desc: true}
	if by.Role != Admin {
		q.Term = "org=" + by.Org
	}
	list := []APIKey{}
	for row, err := range keys.All(ctx, d.DB, q) {
		if err != nil {
			return nil, err
		}
		list = append(list, row.Value.APIKey)
	}
	return list, nil
}

// RevokeKey makes a key invalid for good, at once. Revoking twice is revoking once. A key that by
// does not look after is fault.NotFound.
func (d *Directory) RevokeKey(ctx context.Context, by Identity, id string) (_ APIKey, err error) {
	defer fault.Wrap(&err, "auth: revoke key")
	if err := manages(by); err != nil {
		return APIKey{}, err
	}
	if !isID(id, 'k') {
		return APIKey{}, errUnknownKey()
	}
	row, err := keys.Get(ctx, d.DB, id)
	if err == nil {
		err = mayKey(by, row.Value.Role, row.Value.Org)
	}
	if errors.Is(err, fault.NotFound) || errors.Is(err, fault.Denied) {
		return APIKey{}, errUnknownKey()
	}
	if err != nil || row.Value.Revoked() {
		return row.Value.APIKey, err
	}
	after := row.Value.APIKey
	after.RevokedAt = d.stamp()
	if err := d.note(ctx, by, ActionKeyRevoked, "key", id, after.Org, differences(row.Value.APIKey, after)); err != nil {
		return APIKey{}, err
	}
	row, err = keys.Update(ctx, d.DB, id, func(k *key) error { // at any revision: only its use may have been noted
		if !k.Revoked() {
			k.RevokedAt = after.RevokedAt
		}
		return nil
	})
	return row.Value.APIKey, err
}

// ByKey answers whose key this is. It costs one read; once a day it writes that the key was used.
// What is no key, or a revoked one, is fault.Unauthenticated, code key_invalid.
func (d *Directory) ByKey(ctx context.Context, apiKey string) (_ Identity, err error) {
	defer fault.Wrap(&err, "auth: by key")
	invalid := fault.New(fault.Unauthenticated, "key_invalid")
	id, secret, ok := splitKey(apiKey)
	if !ok {
		return Identity{}, invalid
	}
	row, err := keys.Get(ctx, d.DB, id)
	if errors.Is(err, fault.NotFound) {
		err = invalid
	}
	if err != nil {
		return Identity{}, err
	}
	k := row.Value
	if !secretMatches(secret, k.Hash) || k.Revoked() {
		return Identity{}, invalid
	}
	if today := d.now().Truncate(24 * time.Hour); k.LastUsedAt.Before(today) {
		_, err := keys.Update(ctx, d.DB, id, func(k *key) error {
			if k.LastUsedAt.Before(today) {
				k.LastUsedAt = today
			}
			return nil
		})
		if errors.Is(err, fault.NotFound) {
			return Identity{}, invalid
		}
		// Any other failure costs nothing but the date: the next request tries again.
	}
	return Identity{ID: k.ID, Name: k.Name, Role: k.Role, Org: k.Org, Unit: k.Unit, Via: ByAPIKey}, nil
}
