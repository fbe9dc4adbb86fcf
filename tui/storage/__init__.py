"""One outside thing a file: databases, transcripts, locks, the trash."""
