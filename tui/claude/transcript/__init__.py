"""The lines of a transcript, parsed into entries and facts as pure functions.

Reading the files is in `transcript_files`.
"""
