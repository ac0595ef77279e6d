package trace

// SerialOf and SerialIndex are for tests.
var (
	SerialOf    = serialOf
	SerialIndex = serialIndex
)
