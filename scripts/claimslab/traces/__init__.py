"""traces: records what a program asks of malloc, and replays it on every malloc there is."""
