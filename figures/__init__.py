"""Figures of a paper, drawn from recorded results: files in, files out, nothing is computed again.

Rooms: :mod:`plots` (one figure a file), :mod:`captions` (the words under them), :mod:`report` (one page of everything).
In the hall: :mod:`catalogue` (which figures there are), :mod:`records`, :mod:`manifest`, :mod:`style`, :mod:`labels`.
Imports: theory. Neither torch nor a solver is needed.
"""
