"""How far a selection is from the best there is: relaxation, exact optimum, certificates.

Offers: :mod:`relaxation`, :mod:`bounds`, :mod:`exact_optimum` (with :mod:`duals`,
:mod:`core_search` and :mod:`dense_search`),
:mod:`class_optimum` (few different costs: :mod:`class_windows`, :mod:`class_search`), :mod:`certificate`,
:mod:`comparison`, :mod:`watch` (when to stop), :mod:`floats64` (numbers for a check). The independent checker,
:mod:`theory.checker`, is no part of it.
Imports: the hall, arithmetic, files, selection.
"""
