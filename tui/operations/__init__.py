"""The use cases, called by keys and commands alike.

Here at the top is what several of them share.
"""
