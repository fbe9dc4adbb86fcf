"""The console: the Textual app, its one screen and its engine.

Its parts are in the rooms below.
"""
