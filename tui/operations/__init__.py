"""The use cases, called by keys and commands alike.

Modules that several rooms share are here at the top.
"""
