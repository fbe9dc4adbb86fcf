"""The bounds of all that is read and was written by others, each with its reason.

Sizes are in bytes. Whoever reaches one says so: nothing is taken for absent that was not read.
"""

from __future__ import annotations

# Folders: what is counted, listed or compared below one.
MOST_ENTRIES = 100_000  # some 0.3 s of looking; an agent's own folder holds hundreds
DEEPEST = 2_000  # a path of one-letter names as long as the system takes
WALK_S = 1.0  # so that one folder on a slow disk leaves time for the others
MOST_PROJECTS = 20_000  # of a config dir; a CLI makes one for each working directory
MOST_TRANSCRIPTS = 50_000  # of a config dir; nobody reads a table of more
TRANSCRIPTS_S = 2.5  # a look at a listing; the next one goes on where this one stopped
MOST_RUNS = 20_000  # of a listing; those of a week stay, and some of each session
RUNS_S = 1.5  # a look at a listing, as for its transcripts
MOST_EVENTS = 50_000  # the last ones of a run: half a second of reading
MOST_COMMANDS = 1_000  # sent to a run and not taken: each was typed by somebody
COMMANDS_S = 0.5  # a look at them
MOST_LOCKS = 100_000  # of a listing; they go with their sessions
MOST_LIVE = 5_000  # entries in a registry: each is a process, or was one that was killed
REGISTRY_S = 1.0  # a look at a registry
MOST_BATCHES = 20_000  # in one trash: each is an act, and goes when it is purged
TRASH_S = 2.5  # to read what the trash holds, and as long to count it
MOST_NAMES = 2_000_000  # passed over to find what is a session's: some 2 s
MOST_SHOWN_FILES = 1_000  # a look into the trash is read by a person
DEEPEST_MOVED = 100  # a move between disks goes down step by step, and must not stop half way

# Transcripts: only pieces of them are in memory.
LONGEST_LINE = 32 * 1024 * 1024  # read whole to be searched: tool results have tens of megabytes
LONGEST_SHOWN = 4 * 1024 * 1024  # read whole for a page; of a longer one only its two ends
PAGE = 256 * 1024  # some hundred lines
MOST_AHEAD = 8 * 1024 * 1024  # to look behind a page for what became of its queued prompts
MOST_LINES = 20_000  # at once: each is an entry
FARTHEST = 64 * 1024 * 1024  # to go back for where a line begins: nobody reads one as long
MOST_PASSED = 256 * 1024 * 1024  # of a line without an end: what follows is no transcript
MOST_GROWTH = 256 * 1024 * 1024  # between two looks: no agent writes as much in a second
LEAST_HOLE = 1024 * 1024  # in a file, of which nothing was ever written; passed by at once
MOST_READ_LINES = 1_000_000  # of one transcript from its start; long ones have a hundred thousand
MOST_BACK = 256 * 1024 * 1024  # to go back for the last entries asked for
BACK_S = 3.0  # as long
FAMILY_BYTES = 128 * 1024 * 1024  # of forks and their parent, read once for what each has cost
MOST_AGENTS = 10_000  # sub-agents of a session
AGENTS_S = 1.0  # to learn what each of them was for
BRANCHES_BYTES = 64 * 1024 * 1024  # of a transcript, from its end: where each line goes on from
BRANCHES_S = 1.0  # to read them; the screen waits for it once
DOCTOR_BRANCHES_S = 1.0  # to look for branches in all transcripts, the latest first
KEPT_COUNTED = 4 * 1024 * 1024  # of a result kept beside: read to count its lines
KEPT_SHOWN = 512 * 1024  # of one: what can be opened where it stands
KEPT_SHOWN_PAGE = 4 * 1024 * 1024  # of all results kept beside that are shown at once
MOST_KEPT = 10_000  # such files in a session's folder: each was one call

# The terminal: what it claims to be is what somebody typed, or a fault.
WIDEST, HIGHEST = 500, 200  # cells that are drawn; the largest screens have some 400 by 120
LINE_GONE_S = 1.5  # for the console to leave by itself once its terminal is gone

# The disk: with less room than that, an agent's next turn may be lost.
LOW_BYTES = 1024**3

# Small files: read whole, and parsed.
SMALL = 1024 * 1024  # settings, holds, acknowledgements: a few kB in truth
NOTIFIED = 32 * 1024 * 1024  # what was told of: 70 bytes each, for a root of 100,000 troubles
REGISTRY_ENTRY = 64 * 1024  # the CLI writes some 500 bytes
RUN_FILE = 8 * 1024 * 1024  # what is asked of an agent, and the end of what it did
REQUEST = 4 * 1024 * 1024  # the input of a call: no model writes as much in one answer
REQUEST_SHOWN = 256 * 1024  # characters of one that is larger, and can only be denied
MOST_CALLS = 256  # of an agent, that have no result yet: what it asks for is among the last
MOST_REQUESTS = 1_000  # that wait in a run at once: each is a tool in the hands of some agent
FOLDED_EACH = 256 * 1024  # of new events: what a reader of a run reads beside that sum
MOST_TOLD = 5_000  # commands that a run took: somebody sent each
MOST_MISSED = 200  # of those that it did not take, each with its words
LONGEST_WAIT_S = 7 * 24 * 3600.0  # that a request can be put off at once
MANIFEST = 64 * 1024 * 1024  # a clean-up of a hundred thousand sessions in one batch
SKETCH = 16 * 1024 * 1024  # a conversation in one piece of JSON, shown as it is
MOST_VALUES = 500_000  # in one piece of JSON: each takes up to 230 bytes once it is parsed

# Databases.

# One value of a database. The largest that is ours, an agent's recorded options, takes kilobytes.
VALUE_BYTES = 4 * 1024 * 1024
# All values that are read of a database, and how many rows: Python takes up to four times that.
TABLE_CHARACTERS = 16 * 1024 * 1024
TABLE_ROWS = 100_000
# A write-ahead log: whoever opens the database first reads all of it, and nothing can end that.
LOG_BYTES = 256 * 1024 * 1024
# A database whose interrupted write is undone in memory, and the journal that tells how.
RECOVERY_BYTES = 16 * 1024 * 1024
JOURNAL_BYTES = 32 * 1024 * 1024
# How many such databases one process looks at: each costs it a descriptor for good.
RECOVERY_FILES = 32
# What of one database is kept for the next start: in JSON it takes up to twelve times that.
KEPT_CHARACTERS = 4 * 1024 * 1024
# What a command of the operator's says in its errors; the rest is not kept.
COMPLAINT_BYTES = 64 * 1024
# More of an act than its rows: a few hundred bytes in truth.
AUDIT_DETAIL = 8 * 1024
# Events of the audit: removed within one write; and gone through for the last acts, 0.1 s of it.
PRUNED_AT_ONCE = 500
AUDIT_FOR_EVER_DAYS = 365_000  # nothing is older
MOST_AUDITED = 50_000
# All that is kept of a root for the next start: some 200 bytes a session, and what rows hold.
INDEX_BYTES = 128 * 1024 * 1024
# What went wrong in consoles: one trace, and all of them in a log; an older log stays beside it.
FAULT_BYTES = 16 * 1024
FAULT_LOG_BYTES = 256 * 1024
