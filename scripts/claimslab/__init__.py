"""claimslab: puts performance claims on trial, one package a stage (docs/formats.md).

claims ──► measure ──► evidence ──► judge ──► report
"""
