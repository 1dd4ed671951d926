// The part of a Go peer that all topics share; a topic's own go.mod replaces claimslab/lab by this folder.
module claimslab/lab

go 1.17
