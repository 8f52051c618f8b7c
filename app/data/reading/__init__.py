"""Uploaded files are read and checked in a separate process: `python -m app.data.reading`, JSON question on stdin, answer on stdout.

Its memory and time are limited, the server's event loop does not wait, and a crash of a parser in C ends
only that process. Nothing is unpickled.
"""
