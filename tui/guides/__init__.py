"""The guides that ship with the program, one Markdown file a topic: text, no code."""
