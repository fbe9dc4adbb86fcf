"""Tests of the project itself: layers.

README, deployment files, screenshots and the rules of this suite.
"""
