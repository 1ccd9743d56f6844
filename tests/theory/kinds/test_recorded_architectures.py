"""Kinds of 359 real architectures, as recorded from their modules, against what these are used as."""

from collections import Counter
from functools import cache
from math import prod

import pytest

from tests.support.architectures import Model, names, recorded, tensors
from theory.layers import layers_of, named_layers

# Held by a module itself, so that no type tells, and the name tells wrong: (class of the module, name there).
MISLEADING = {
    ("SSDFeatureExtractorVGG", "scale_weight"), ("IntLayerNorm", "shift"),
    ("SamPositionalEmbedding", "positional_embedding"), ("Sam2PositionalEmbedding", "positional_embedding"),
    ("Ernie4_5_MoeStatics", "e_score_correction_bias"), ("KimiLinearForgetGate", "dt_bias"),
    ("ZambaMambaMixer", "D"), ("TvpModel", "text_prompt"), ("TvpFramePadPrompter", "pad_up"),
    ("TvpFramePadPrompter", "pad_down"), ("TvpFramePadPrompter", "pad_left"), ("TvpFramePadPrompter", "pad_right"),
}  # fmt: skip

# Embeddings without a name that says so: read as linear layers, and not marked as guesses.
SILENT = {
    ("ctrl", "transformer.w.weight"), ("speecht5", "encoder.wrapped_encoder.embed_positions.pe_k.weight"),
    ("mask2former", "transformer_module.queries_features.weight"), ("rf_detr", "query_feat.weight"),
}  # fmt: skip

GROUPS = {False: names(held_out=False), True: names(held_out=True)}


@cache
def read(name, way):
    """(layer, right kind) of each tensor of an architecture, from its modules or as from a file."""
    right = tensors(name)
    if way == "modules":
        found = {layer.name: layer for layer in layers_of(Model(name), buffers=True)}
    else:
        found = {layer.name: layer for layer in named_layers([row[:2] for row in right])}
    assert {(one.name, one.shape) for one in found.values()} == {row[:2] for row in right}
    return [(found[row[0]], row[2]) for row in right]


def count(group, way):
    tally = Counter()
    for name in GROUPS[group]:
        for layer, right in read(name, way):
            tally["tensors"] += 1
            tally["coordinates"] += prod(layer.shape)
            if layer.kind != right:
                tally["wrong"] += 1
                tally["wrong coordinates"] += prod(layer.shape)
            if layer.guessed:
                tally["guesses"] += 1
                tally["guessed coordinates"] += prod(layer.shape)
    return tally


def test_the_record_is_broad():
    assert len(GROUPS[False]) >= 250
    assert len(GROUPS[True]) >= 90
    rows = [row for one in recorded()["architectures"].values() for row in one["tensors"]]
    assert {"conv", "fc", "embedding", "norm", "bias", "other"} == {row[4] for row in rows}


@pytest.mark.parametrize("held_out", [False, True])
def test_types_of_modules_are_never_wrong(held_out):
    wrong = [
        (layer, right)
        for name in GROUPS[held_out]
        for layer, right in read(name, "modules")
        if layer.kind != right and not layer.guessed
    ]
    assert not wrong


def test_what_modules_hold_themselves_is_a_guess_and_the_wrong_ones_have_names():
    wrong = {
        (layer.how.split(" itself")[0].removeprefix("guess: held by "), layer.name.rpartition(".")[2])
        for group in GROUPS.values()
        for name in group
        for layer, right in read(name, "modules")
        if layer.kind != right
    }
    assert wrong == MISLEADING


def test_from_files_what_is_no_guess_is_wrong_by_name_only():
    wrong = {
        (name.rpartition("/")[2], layer.name)
        for group in GROUPS.values()
        for name in group
        for layer, right in read(name, "file")
        if layer.kind != right and not layer.guessed
    }
    assert wrong == SILENT


@pytest.mark.parametrize(
    ("held_out", "way", "wrong", "guesses"),
    [(False, "modules", 0.0005, 0.05), (True, "modules", 0.004, 0.04),
     (False, "file", 0.001, 0.06), (True, "file", 0.006, 0.05)],
)  # fmt: skip
def test_share_of_right_kinds(held_out, way, wrong, guesses):
    """And hardly a coordinate is wrong: large tensors are the easy ones."""
    tally = count(held_out, way)
    assert tally["wrong"] <= wrong * tally["tensors"]
    assert tally["guesses"] <= guesses * tally["tensors"]
    assert tally["wrong coordinates"] <= 0.0003 * tally["coordinates"]
