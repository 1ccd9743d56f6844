"""The greedy prefix where the update lives: on an accelerator that PyTorch runs on.

Offers: :mod:`prefix` (the front, and exact sums on the device); its engines :mod:`tensor_ops` (plain operations, any
device) and :mod:`triton_prefix` (CUDA), the latter with :mod:`triton_kernels` and :mod:`triton_memory`.
Imported on demand only: every module here needs torch.
"""
