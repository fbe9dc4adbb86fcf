"""The flows that act on sessions: answer, resume, edit, delete, clean up, undo."""
