"""The life of one run: the rest of the server uses only `life`; the other modules are its parts."""
