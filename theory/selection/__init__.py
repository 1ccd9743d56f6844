"""Which coordinates are sent: selectors, all under the same exact budget rule.

Offers: :mod:`selectors` (CWMP, Top-K, random-K), :mod:`rounding`, :mod:`order` (the greedy order, slow and plain);
behind them :mod:`bracket` (the same prefix at the speed of memory: :mod:`scan`, then :mod:`critical_item`),
:mod:`entries`, :mod:`tensors`, and :mod:`accelerator` for updates that live there.
Imports: the hall and :mod:`theory.arithmetic`.
"""
