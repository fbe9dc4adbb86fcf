"""Several operators and hostile files on one root."""
