"""What a hook meets in place of DDP: buckets, a process group of this process alone, and one that threads play."""

import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from types import SimpleNamespace

import torch
import torch.distributed as dist


class Bucket:
    """What DDP hands to a hook: its place in the step, some parameters and their gradient, flat."""

    def __init__(self, index, parameters, gradient):
        self.index, self.parameters, self.buffer = lambda: index, lambda: parameters, lambda: gradient


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


class Played:
    """What a hook asks of ``torch.distributed``, for processes that are threads: the group of each is its rank."""

    def __init__(self, world):
        self.world, self._given = world, [None] * world
        self._met = threading.Barrier(world, timeout=5)

    def each(self, job):
        """What ``job(rank)`` gives at every rank, side by side."""

        def done(rank):
            try:
                return job(rank)
            except BaseException:
                self._met.abort()
                raise

        with ThreadPoolExecutor(self.world) as threads:
            return list(threads.map(done, range(self.world)))

    def get_world_size(self, rank):
        return self.world

    def all_gather(self, out, tensor, group, async_op=False):
        for place, part in zip(out, self._told("gather", group, tensor), strict=True):
            assert (place.shape, place.dtype) == (part.shape, part.dtype)
            place.copy_(part)
        return self._work(async_op)

    def all_reduce(self, tensor, group, async_op=False):
        tensor.copy_(sum(self._told("reduce", group, tensor)))
        return self._work(async_op)

    def _told(self, what, rank, tensor):
        self._given[rank] = what, tensor.clone()
        self._met.wait()
        told = list(self._given)
        self._met.wait()
        assert {asked for asked, _ in told} == {what}
        return [tensor for _, tensor in told]

    def _work(self, async_op):
        future = torch.futures.Future()
        future.set_result(None)
        return SimpleNamespace(get_future=lambda: future) if async_op else None
