"""Styled lines, Markdown and the wording of amounts; nothing about a pane."""
