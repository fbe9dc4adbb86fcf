"""The fleet: sessions of many hosts, seen and steered through one PostgreSQL database.

Each session has one home host, whose files are authoritative. The database has a copy of them, and
decides which host that is. Only `store` imports the driver and has SQL.
"""
