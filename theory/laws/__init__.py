"""Laws of magnitudes and costs, and what they say of savings.

Offers: :mod:`joint` (laws of (|g|, c) by quadrature) of two :mod:`marginals`, :mod:`samples` (laws known from data),
:mod:`parse` and :mod:`inputs` (as users write them), :mod:`efficiency`, :mod:`saving`, :mod:`elasticity`,
:mod:`deviation` (bounds for a finite update), :mod:`rates` (intervals for what is counted), :mod:`named`.
Imports: the hall, arithmetic, files, energy.
"""
