package mongo

import (
	"context"
	"errors"
	"fmt"

	driver "go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/x/mongo/driver/topology"

	"truynguon/internal/fault"
)

// errClosed is the answer of a closed database.
var errClosed = fmt.Errorf("closed: %w", fault.Unavailable)

// Codes that a server answers with. The names are the server's.
const (
	codeInternalError = 1
	codeWriteConflict = 112
)

// unavailable are the codes of a server that cannot serve now: it is starting, stopping, out of
// time or disk, or no longer the primary.
var unavailable = []int{
	6,     // HostUnreachable
	7,     // HostNotFound
	50,    // MaxTimeMSExpired
	64,    // WriteConcernFailed
	89,    // NetworkTimeout
	91,    // ShutdownInProgress
	100,   // UnsatisfiableWriteConcern
	133,   // FailedToSatisfyReadPreference
	189,   // PrimarySteppedDown
	262,   // ExceededTimeLimit
	9001,  // SocketException
	10058, // LegacyNotPrimary
	10107, // NotWritablePrimary
	11600, // InterruptedAtShutdown
	11602, // InterruptedDueToReplStateChange
	13388, // StaleConfig
	13435, // NotPrimaryNoSecondaryOk
	13436, // NotPrimaryOrSecondary
	14031, // OutOfDiskSpace
}

// transient reports whether err is a server's word that a write did not happen and may well succeed
// if tried again. Under concurrent writes of one document MongoDB retries by itself, and other
// servers answer with a write conflict, or with the internal error that their storage gave them.
func transient(err error) bool {
	var server driver.ServerError
	return errors.As(err, &server) && !driver.IsNetworkError(err) && !driver.IsTimeout(err) &&
		(server.HasErrorCode(codeInternalError) || server.HasErrorCode(codeWriteConflict))
}

// refused reports whether err is a server's word that it cannot take the document as it is.
func refused(err error) bool {
	var server driver.ServerError
	return errors.As(err, &server) && !driver.IsDuplicateKeyError(err) && !away(err)
}

// told gives an error of the driver its kind.
func (db *DB) told(ctx context.Context, err error) error {
	if err == nil {
		return nil
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	select {
	case <-db.closing:
		if !errors.Is(err, fault.Unavailable) {
			return errClosed
		}
	default:
	}
	if away(err) {
		return fmt.Errorf("%w: %w", fault.Unavailable, err)
	}
	return err
}

// away reports whether err means that the server does not answer, or not now.
func away(err error) bool {
	var selection topology.ServerSelectionError
	var writeException driver.WriteException
	var server driver.ServerError
	switch {
	case driver.IsTimeout(err), driver.IsNetworkError(err), transient(err),
		errors.Is(err, driver.ErrClientDisconnected), errors.As(err, &selection):
		return true
	case errors.As(err, &writeException) && writeException.WriteConcernError != nil:
		return true // written, but not known to be safe
	case errors.As(err, &server):
		for _, code := range unavailable {
			if server.HasErrorCode(code) {
				return true
			}
		}
	}
	return false
}
