"""What the front door offers: one function under a command and its Python call alike.

Takes input in any usual form (:mod:`given`), calls the rooms behind, and returns results that are frozen, print as
the command's table and turn into plain data (:mod:`result`). Prints nothing, exits nowhere, writes no file unasked.
Offers: :mod:`certificates`, :mod:`frontiers`, :mod:`selections`, :mod:`energies`, :mod:`laws`, :mod:`checks`,
:mod:`records`.
"""
