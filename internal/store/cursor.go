package store

// Cursor is what a [Query] takes as After to go on behind a position, whether or not a page ended there:
// for whoever reads more records than it passes on.
func (p Position) Cursor() string { return cursor(p) }
