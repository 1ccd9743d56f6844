"""Checks of the claims, of laws, and of anyone's selector.

Rooms: :mod:`checks` (one claim a file), :mod:`methods` (the ways a claim is checked, and the domains), :mod:`oracles`
(optima found without the code that they judge), :mod:`law_audit`, :mod:`selector`, :mod:`studies`.
In the hall: :mod:`verify` runs the checks and keeps verdicts, in :mod:`processes` that are forked from one that is
:mod:`preloaded`; :mod:`table` shows them, :mod:`pytest_plugin`.
Imports: theory. Knows nothing of training and figures.
"""
