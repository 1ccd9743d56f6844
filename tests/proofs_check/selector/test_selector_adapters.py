"""Adapters: tensors, stateful compressors and DDP communication hooks as selectors."""

import os
import subprocess
import sys
from functools import partial
from pathlib import Path

import broken_selectors as zoo
import numpy as np
import pytest
from checked import SMALL, here

from proofs_check.selector import BrokenPromiseError, Promise, Status, from_compressor, from_ddp_hook, from_torch
from proofs_check.selector.subject import read_output

torch = pytest.importorskip("torch")

here = partial(here, dims=SMALL)
PREFIX = zoo.PREFIX


def selection(update, cost, budget):
    """The right mask, as a tensor on the update's device."""
    mask = zoo.right(update.detach().cpu().numpy(), cost.cpu().numpy(), budget)
    return torch.from_numpy(mask).to(update.device)


def dense(update, cost, budget):
    return torch.where(selection(update, cost, budget), update, 0)


FORMS = {
    "mask": selection,
    "indices": lambda g, c, b: selection(g, c, b).nonzero().flatten(),
    "dense": dense,
    "sparse": lambda g, c, b: dense(g, c, b).to_sparse(),
    "values and indices": lambda g, c, b: (g[selection(g, c, b)], selection(g, c, b).nonzero().flatten()),
    "requires grad": lambda g, c, b: dense(g.requires_grad_(), c, b),
}


@pytest.mark.parametrize("form", FORMS)
def test_tensors_in_every_form(form):
    report = here(from_torch(FORMS[form], PREFIX), examples=8)
    assert report.passed, str(report)


def test_a_kernel_in_the_precision_of_the_update_is_caught():
    def by_topk(update, cost, budget):
        if not torch.isfinite(update).all():
            raise ValueError("not finite")
        with np.errstate(all="ignore"):
            return zoo.by(lambda g, c: (torch.from_numpy(g) ** 2).numpy() / c)(update.numpy(), cost.numpy(), budget)

    faults = {r.check for r in here(from_torch(by_topk, PREFIX), checks=["extreme_scales", "order"]).faults}
    assert faults == {"check_extreme_scales"}


class Hook:
    """Error feedback around the right selector as a hook's state; ``stray`` says how it is broken."""

    def __init__(self, cost, budget, stray=""):
        self.cost, self.budget, self.stray, self.residual = cost, budget, stray, None

    @staticmethod
    def hook(state, bucket):
        gradient = bucket.buffer()
        total = gradient if state.residual is None else gradient + state.residual
        sent = dense(total, torch.from_numpy(state.cost), state.budget)
        state.residual = total if state.stray == "stale" else total - sent
        if state.stray == "doubled":
            sent = 2 * sent
        future = torch.futures.Future()
        future.set_result(sent)
        return future


FEEDBACK = Promise(score="l2", rounding="prefix", error_feedback=True)


def test_a_right_ddp_hook_passes():
    report = here(from_ddp_hook(Hook.hook, Hook, FEEDBACK), examples=6)
    assert report.passed, str(report)
    ran = {r.check: r.status for r in report.results}
    assert ran["check_error_feedback"] is Status.PASSED


@pytest.mark.parametrize(("stray", "check"), [("stale", "check_error_feedback"), ("doubled", "check_values_unchanged")])
def test_broken_ddp_hooks_are_caught(stray, check):
    broken = from_ddp_hook(Hook.hook, partial(Hook, stray=stray), FEEDBACK)
    (result,) = here(broken, checks=[check], examples=20).results
    assert result.status is Status.FAILED
    assert "from_ddp_hook(Hook.hook, partial(Hook, stray=" in result.script


def test_a_hook_of_torch_itself():
    """Half-precision communication keeps everything and rounds: no selector under a budget."""
    from torch.distributed.algorithms.ddp_comm_hooks.default_hooks import fp16_compress_hook

    selector = from_ddp_hook(fp16_compress_hook, no_state)
    faults = {r.check for r in here(selector, checks=["feasible", "values_unchanged", "output"], examples=20).faults}
    assert "check_feasible" in faults
    assert "check_output" not in faults


def no_state(cost, budget):
    return None


def test_a_compressor_may_send_in_any_form():
    class Indices(zoo.Feedback):
        def apply(self, state, update):
            total = update if state is None else update + state
            mask = zoo.right(total, self.cost, self.budget)
            return np.flatnonzero(mask), zoo.sent(total, ~mask)

    report = here(from_compressor(Indices, Promise()), checks=["output", "feasible", "empty"])
    assert report.passed, str(report)


def test_without_torch_the_checks_work_and_the_adapter_says_so():
    code = (
        "import sys; sys.modules['torch'] = None\n"
        "from proofs_check.selector import *\n"
        "from broken_selectors import right\n"
        "assert check_selector(right, checks=['output'], isolate=False, seconds=1e5).passed\n"
        "check_selector(from_torch(right), checks=['output'], isolate=False, seconds=1e5)"
    )
    root = Path(__file__).parents[3]
    environment = {**os.environ, "PYTHONPATH": f"{root}{os.pathsep}{root / 'tests' / 'support'}"}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=False)
    assert "this adapter needs torch: pip install -e '.[torch]'" in done.stderr


@pytest.mark.parametrize(
    ("raw", "d", "kept"),
    [
        (np.array([1, 0, 1], np.uint8), 3, [0, 2]),  # bytes that cannot be indices: 1 stands there twice
        (np.array([0, 0, 0], np.uint8), 3, []),
        ([True, False, True], 3, [0, 2]),
        ([2, 0], 3, [0, 2]),
        (np.array([2, 0], np.uint8), 3, [0, 2]),
        ([], 3, []),
        (np.array([]), 3, []),
        (np.array([], int), 3, []),
        ([0, 1], 2, [0, 1]),
        ([0], 1, [0]),
    ],
)
def test_masks_and_indices_are_told_apart(raw, d, kept):
    assert read_output(raw, d, np.dtype(float)).support == kept


@pytest.mark.parametrize(
    ("raw", "d"),
    [
        (np.array([0, 1], np.uint8), 2),
        (np.array([1, 0], np.int8), 2),
        (np.array([0], np.uint8), 1),
        ([1, 0, 1], 3),
        (np.array([0, 0, 0]), 3),
    ],
)
def test_what_could_be_either_is_asked(raw, d):
    with pytest.raises(BrokenPromiseError, match="is that a mask or indices"):
        read_output(raw, d, np.dtype(float))
    with pytest.raises(BrokenPromiseError, match="has shape"):
        read_output(np.zeros(d + 1, dtype=bool), d, np.dtype(float))
