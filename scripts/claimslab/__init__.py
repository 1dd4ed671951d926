"""claimslab: puts performance claims on trial; one module a stage (see docs/formats.md)."""
