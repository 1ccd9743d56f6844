"""From one round to a campaign: processes, checkpoints, files.

Offers: :mod:`runner` (a run, resumed where it stopped), :mod:`campaign` (many, several at a time), :mod:`tuning`.
Imports: theory, :mod:`empirical.training`, :mod:`empirical.images`, and settings and records.
"""
