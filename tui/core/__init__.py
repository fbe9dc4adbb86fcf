"""The functional core: frozen values and pure functions, without I/O or a clock."""
