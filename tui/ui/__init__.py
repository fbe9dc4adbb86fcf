"""The Textual app and its one screen; what they are made of is in the rooms below."""
