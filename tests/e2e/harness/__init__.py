"""The end-to-end harness: people's clients, the service under test, waits and invariants (tests/README.md)."""
