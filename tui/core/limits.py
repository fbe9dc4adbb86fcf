"""The bounds on reading what others wrote, each with its reason.

Sizes are in bytes. Code that reaches a bound reports it: what was not read is never taken for
absent.
"""

from __future__ import annotations

# Folders: what is counted, listed or compared below one.
MOST_ENTRIES = 100_000  # takes some 0.3 s; an agent's own folder holds hundreds
DEEPEST = 2_000  # the longest path the system takes, with one-letter names
WALK_S = 1.0  # so that one folder on a slow disk leaves time for the others
MOST_PROJECTS = 20_000  # in a config dir; the CLI makes one for each working directory
MOST_TRANSCRIPTS = 50_000  # in a config dir; nobody reads a longer table
TRANSCRIPTS_S = 2.5  # for one scan of a listing; the next one goes on from there
MOST_RUNS = 20_000  # in a listing; it keeps those of a week, and a few of each session
RUNS_S = 1.5  # for one scan of a listing
MOST_EVENTS = 50_000  # the last ones of a run: half a second of reading
MOST_COMMANDS = 1_000  # pending for a run: an operator typed each of them
COMMANDS_S = 0.5  # for one scan of them
MOST_WATCHES = 16_384  # folders that a console watches: each takes 1 kB of the kernel's memory
MOST_LOCKS = 100_000  # in a listing; they are removed with their sessions
MOST_LIVE = 5_000  # entries in a registry: one for each process, running or killed
REGISTRY_S = 1.0  # for one scan of a registry
MOST_BATCHES = 20_000  # in one trash: one for each act that is not purged yet
TRASH_S = 2.5  # to read the trash, and again to measure it
MOST_NAMES = 2_000_000  # skipped while searching for a session's files: some 2 s
MOST_SHOWN_FILES = 1_000  # of a batch in the trash: a person reads this list
DEEPEST_MOVED = 100  # a move between disks is recursive, and must not stop half way

# Transcripts: never in memory as a whole.
LONGEST_LINE = 32 * 1024 * 1024  # read whole for a search: tool results have tens of megabytes
LONGEST_SHOWN = 4 * 1024 * 1024  # read whole for a page; of a longer line only both ends
PAGE = 256 * 1024  # some hundred lines
MOST_AHEAD = 8 * 1024 * 1024  # read past a page to learn what became of its queued prompts
MOST_LINES = 20_000  # at once: each is an entry
FARTHEST = 64 * 1024 * 1024  # read backwards to find the start of a line
MOST_PASSED = 256 * 1024 * 1024  # of a line without an end: after that it is no transcript
MOST_GROWTH = 256 * 1024 * 1024  # between two reads: no agent writes that much in a second
LEAST_HOLE = 1024 * 1024  # in a sparse file; larger holes are skipped at once
MOST_READ_LINES = 1_000_000  # of a transcript from its start; long ones have a hundred thousand
MOST_BACK = 256 * 1024 * 1024  # read backwards for the last entries that were asked for
BACK_S = 3.0  # for the same
FAMILY_BYTES = 128 * 1024 * 1024  # of a parent and its forks, read once for the cost of each
MOST_AGENTS = 10_000  # sub-agents of a session
AGENTS_S = 1.0  # to read their descriptions
BRANCHES_BYTES = 64 * 1024 * 1024  # from a transcript's end, to find each line's parent
BRANCHES_S = 5.0  # of a core, for the same: 64 MB take about one
BRANCHES_AT_ONCE = 1024 * 1024  # of a transcript, before its last lines are shown: takes 15 ms
DOCTOR_BRANCHES_S = 1.0  # to look for branches in all transcripts, the latest first
KEPT_COUNTED = 4 * 1024 * 1024  # of a result in a file of its own: read to count its lines
KEPT_SHOWN = 512 * 1024  # of such a result: can be opened in place
KEPT_SHOWN_PAGE = 4 * 1024 * 1024  # of all such results shown at once
MOST_KEPT = 10_000  # such files in a session's folder: one for each call

# The terminal: a larger size is a typing error or a fault.
WIDEST, HIGHEST = 500, 200  # cells that are drawn; the largest screens have some 400 by 120
MOST_PICTURES = 32  # that a login keeps of its consoles: one for each root, operator and size
LINE_GONE_S = 1.5  # for the console to quit by itself once its terminal is gone

# The disk: with less free space, an agent's next turn may be lost.
LOW_BYTES = 1024**3

# Small files: read whole and parsed.
SMALL = 1024 * 1024  # settings, holds, acknowledgements: usually a few kB
NOTIFIED = 32 * 1024 * 1024  # past notifications: 70 bytes each, for a root with 100,000 problems
REGISTRY_ENTRY = 64 * 1024  # the CLI writes some 500 bytes
RUN_FILE = 8 * 1024 * 1024  # a run's command, and the end of its events
REQUEST = 4 * 1024 * 1024  # the input of a tool call: no model writes that much in one message
REQUEST_SHOWN = 256 * 1024  # characters of a larger one, which can only be denied
MOST_CALLS = 256  # of an agent without a result yet: a request belongs to one of the last
MOST_REQUESTS = 1_000  # open in a run at once: each is a tool call of some agent
FOLDED_EACH = 256 * 1024  # of new events between two snapshots: a reader reads both
MOST_TOLD = 5_000  # commands that a run took: an operator sent each of them
MOST_MISSED = 200  # commands that it did not take, each with its text
LONGEST_WAIT_S = 7 * 24 * 3600.0  # for which a request can be postponed at once
MANIFEST = 64 * 1024 * 1024  # a clean-up of a hundred thousand sessions in one batch
SKETCH = 16 * 1024 * 1024  # a conversation in one JSON document, shown as it is
MOST_VALUES = 500_000  # in one JSON document: each takes up to 230 bytes once it is parsed

# Databases.

# One value in a database. Our largest, an agent's recorded options, takes kilobytes.
VALUE_BYTES = 4 * 1024 * 1024
# All values that are read from a database, and its rows: in Python up to four times that.
TABLE_CHARACTERS = 16 * 1024 * 1024
TABLE_ROWS = 100_000
# A write-ahead log: the first to open the database reads all of it and cannot be interrupted.
LOG_BYTES = 256 * 1024 * 1024
# A database whose interrupted write is rolled back in memory, and its journal.
RECOVERY_BYTES = 16 * 1024 * 1024
JOURNAL_BYTES = 32 * 1024 * 1024
# Such databases per process: each keeps a file descriptor open for good.
RECOVERY_FILES = 32
# What the index keeps of one database: as JSON it takes up to twelve times that.
KEPT_CHARACTERS = 4 * 1024 * 1024
# The error output of an operator's own command; the rest is dropped.
COMMAND_BYTES = 256 * 1024  # of the output of an operator's own command: a page of it is read
COMPLAINT_BYTES = 64 * 1024
# An audit event's detail: usually a few hundred bytes.
AUDIT_DETAIL = 8 * 1024
# Audit events: removed within one write; searched for the last acts, which takes 0.1 s.
PRUNED_AT_ONCE = 500
AUDIT_FOR_EVER_DAYS = 365_000  # nothing is older
MOST_AUDITED = 50_000
# The index of a root: some 200 bytes for each session, and its rows.
INDEX_BYTES = 128 * 1024 * 1024
# Console faults: one traceback, and a whole log; the previous log is kept beside it.
FAULT_BYTES = 16 * 1024
FAULT_LOG_BYTES = 256 * 1024
