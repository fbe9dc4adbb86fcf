"""The fleet's tables: all its SQL is here, and the driver of PostgreSQL in `connection` alone."""
