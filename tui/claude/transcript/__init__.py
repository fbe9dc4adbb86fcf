"""The lines of a transcript, parsed into entries and facts as pure functions.

Reading the file is one level up.
"""
