"""The federated experiment: what a compressor's choice of coordinates does to accuracy, per joule.

Rooms: :mod:`images`, :mod:`training` (one round), :mod:`runs` (many), :mod:`judgement` (what they say), :mod:`flower`.
In the hall: :mod:`setting` (what a run is), :mod:`presets`, :mod:`prices` (the energy ledger), :mod:`records`,
:mod:`streams` (randomness with addresses), :mod:`experiment` (a preset from its name to its verdicts).
Imports: theory. Knows nothing of proofs and figures.
"""
