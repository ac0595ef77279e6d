package trace

import "context"

// PutShipment writes a shipment as it is.
func (l *Ledger) PutShipment(ctx context.Context, s Shipment) error {
	_, err := shipments.insert(ctx, l, System, "record", s)
	return err
}
