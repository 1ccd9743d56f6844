"""Pages: results as a reader meets them, in a terminal or a notebook, from the plain data that the rooms return.

Offers: :mod:`blocks` (one page, as text or as HTML), and a module for each kind of result. Imports: the rooms' types.
"""
