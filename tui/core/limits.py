"""How much is read of what other processes wrote: every bound, in one place.

Each is far above what a healthy root holds. What reaches one is named and never taken for absent.
"""

from __future__ import annotations

# One value of a database. The largest that is ours, an agent's recorded options, takes kilobytes.
VALUE_BYTES = 4 * 1024 * 1024
# All values that are read of a database, and how many rows: Python takes up to four times that.
TABLE_CHARACTERS = 16 * 1024 * 1024
TABLE_ROWS = 200_000
# A write-ahead log: whoever opens the database first reads all of it, and nothing can end that.
LOG_BYTES = 256 * 1024 * 1024
# A database whose interrupted write is undone in memory, and the journal that tells how.
RECOVERY_BYTES = 32 * 1024 * 1024
JOURNAL_BYTES = 64 * 1024 * 1024
# How many such databases one process looks at: each costs it a descriptor for good.
RECOVERY_FILES = 32
# What of one database is kept for the next start: in JSON it takes up to twelve times that.
KEPT_CHARACTERS = 4 * 1024 * 1024
