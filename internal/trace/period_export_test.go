package trace

// ReportPeriods lets tests ask what a report compares with.
var ReportPeriods = reportPeriods
