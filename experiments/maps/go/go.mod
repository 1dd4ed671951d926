// The Go peer of the topic maps.
module claimslab/maps

// The oldest Go it serves; the lab builds it once a version with that version's own line here, so
// that each Go has the language and the GODEBUG defaults of its day.
go 1.17

require claimslab/lab v0.0.0

replace claimslab/lab => ../../harness/go
