"""Tensors give what arrays give, bit for bit, whichever memory the mask is wanted in."""

import numpy as np
import pytest
from large_updates import D, as_tensors, costs, updates

from theory import InputError, Instance, cwmp, top_k
from theory.selection import tensors
from theory.selection.entries import entries_of

torch = pytest.importorskip("torch")

from theory.selection.accelerator import prefix as device  # noqa: E402

DEVICES = ["cpu", *(["cuda"] if torch.cuda.is_available() else [])]


@pytest.mark.parametrize("where", DEVICES)
@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32, torch.float64])
@pytest.mark.parametrize("cost", ["lognormal", "layers", "one cost", "float16"])
def test_tensors_of_every_width(cost, dtype, where):
    g, c = torch.from_numpy(updates("gaussian", np.float64)).to(dtype), costs(cost)
    wide = g.double().numpy()
    for select in (cwmp, top_k):
        expected = select(Instance(wide, c, budget="7%"))
        found = select(g.to(where), as_tensors(c), budget="7%")
        assert found.mask.device.type == where
        assert found.mask.dtype == torch.bool
        assert np.array_equal(found.mask.cpu().numpy(), expected.mask)
        assert (found.spent, found.critical_item) == (expected.spent, expected.critical_item)
        assert (found.threshold, found.retained) == (expected.threshold, expected.retained)
        assert np.array_equal(found.support.cpu().numpy(), expected.support)


@pytest.mark.parametrize("where", DEVICES)
def test_masks_go_where_they_are_wanted_and_gradients_stay_out(where):
    g = torch.from_numpy(updates("gaussian", np.float32)).to(where).requires_grad_()
    c, out = torch.from_numpy(costs("lognormal")).to(where), torch.zeros(D, dtype=torch.bool, device=where)
    for rounding in ("prefix", "fill"):
        selection = cwmp(g, c, budget="10%", rounding=rounding, out=out)
        assert selection.mask is out
        expected = cwmp(g.detach().cpu().numpy(), costs("lognormal"), budget="10%", rounding=rounding)
        assert np.array_equal(out.cpu().numpy(), expected.mask)
    with pytest.raises(InputError, match="out must be bool"):
        cwmp(g, c, budget="10%", out=torch.zeros(D, device=where))


@pytest.mark.parametrize("d", [1000, D])
@pytest.mark.parametrize("on_device", [False, True])
def test_out_of_the_other_kind_than_the_update(on_device, d, monkeypatch):
    """Also as for an update and a mask in an accelerator's memory; where all is the processor's, no mask is copied."""
    copied, put = [], tensors.put
    monkeypatch.setattr(tensors, "put", lambda *given: copied.append(put(*given)))
    if on_device:
        monkeypatch.setattr(tensors, "on_accelerator", tensors.is_tensor)
    g, c = updates("gaussian", np.float32)[:d], costs("lognormal")[:d]
    expected = cwmp(g, c, budget="10%").mask
    for update in (g, torch.from_numpy(g)):
        for out in (np.zeros(d, dtype=bool), torch.zeros(d, dtype=torch.bool)):
            assert cwmp(update, c, budget="10%", out=out).mask is out
            assert np.array_equal(np.asarray(out), expected)
    assert bool(copied) == on_device


@pytest.mark.parametrize("where", DEVICES)
@pytest.mark.parametrize("bad", [float("nan"), float("inf")])
def test_not_finite_is_refused(bad, where):
    g = torch.from_numpy(updates("gaussian", np.float32)).to(where)
    for at in (0, D - 1):
        broken = g.clone()
        broken[at] = bad
        with pytest.raises(InputError, match=rf"update\[{at}\]"):
            cwmp(broken, "0.3", 5)
        c = torch.ones(D, device=where)
        c[at] = bad
        with pytest.raises(InputError, match=rf"cost\[{at}\]"):
            top_k(g, c, 5)


def test_an_instance_hands_its_own_update_to_the_pass():
    """No copy is made on the way."""
    instance = Instance(updates("gaussian", np.float32), "0.3", budget="10%")
    assert entries_of(instance).values is instance.update


def test_where_the_device_selects_and_where_it_leaves_it_to_the_host(monkeypatch):
    """The processor taken for an accelerator: every rounding and loss is what arrays give, in the given mask, too."""
    monkeypatch.setattr(tensors, "on_accelerator", tensors.is_tensor)
    chosen, choose = [], device.choose
    monkeypatch.setattr(device, "choose", lambda *given, **more: chosen.append(choose(*given, **more)) or chosen[-1])
    g, c = torch.from_numpy(updates("gaussian", np.float32)), torch.from_numpy(costs("lognormal"))
    for rounding in ("prefix", "fill", "best-of"):
        for loss in ("l2", "l1", np.sqrt):
            chosen.clear()
            out = torch.zeros(D, dtype=torch.bool)
            found = cwmp(g, c, "5%", loss=loss, rounding=rounding, out=out)
            expected = cwmp(g.numpy(), c.numpy(), "5%", loss=loss, rounding=rounding)
            assert found.mask is out
            assert np.array_equal(out.numpy(), expected.mask)
            assert np.array_equal(cwmp(g, c, "5%", loss=loss, rounding=rounding).mask.numpy(), expected.mask)
            assert (found.spent, found.retained) == (expected.spent, expected.retained)
            assert len(chosen) == 2 * (rounding == "prefix" and isinstance(loss, str))
    monkeypatch.setattr(device, "choose", lambda *given, **more: None)
    assert np.array_equal(top_k(g, c, "5%").mask.numpy(), top_k(g.numpy(), c.numpy(), "5%").mask)
