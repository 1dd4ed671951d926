"""claimslab: puts performance claims on trial.

    claims ──► measure ──► evidence ──► judge ──► report      one package a stage, see docs/formats.md
"""
