"""The bytes from and to the operator's terminal. Knows no pane, no session and no key's meaning."""
