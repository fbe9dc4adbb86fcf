"""The bytes to and from the operator's terminal; no widget and no session."""
