"""The demo: a sample root and a loopback Messages API, so that the real CLI runs offline."""
