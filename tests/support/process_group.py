"""A process group of this process alone, whatever the tests before left behind."""

from contextlib import contextmanager

import torch.distributed as dist


@contextmanager
def alone(folder, backend="gloo"):
    """A group of one that meets in ``folder``; a check of a DDP hook in this process leaves its own group behind."""
    if dist.is_initialized():
        dist.destroy_process_group()
    dist.init_process_group(backend, init_method=f"file://{folder}/meeting", rank=0, world_size=1)
    try:
        yield
    finally:
        dist.destroy_process_group()
