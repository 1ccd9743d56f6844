"""Selection round after round: what is not sent is added to the next update.

Offers: :mod:`error_feedback` (the residual's identity), :mod:`compressor` (state, update -> sparse update, state),
:mod:`ddp` (a hook for PyTorch's DistributedDataParallel), :mod:`step_price` (one price for all its buckets).
Imports: the hall, arithmetic, energy, selection.
"""
