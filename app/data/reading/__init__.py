"""Uploaded files, read and checked in a process of their own: `python -m app.data.reading`, a JSON question on stdin, an answer on stdout.

Its memory and time have limits, the server's event loop waits for nothing, and whatever a file does to a parser in C ends
that process alone. Nothing is unpickled.
"""
