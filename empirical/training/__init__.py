"""One round: clients train, compress, and the server averages.

Offers: :mod:`federated` (``init`` and ``apply``), :mod:`client` (one client's steps), :mod:`cohort` (all of a round
together, on one device), :mod:`compress` (the methods compared), :mod:`models`.
Imports: theory, :mod:`empirical.images`, and settings, prices, records, streams.
"""
