"""The right kind of a tensor, from the module that owns it: by isinstance where PyTorch's layers are, else by hand.

Foreign modules and parameters that no layer of PyTorch owns were looked up in the source of their package,
        one by one:
the tables below say what the tensor is *used* as. A tensor that nothing here covers stops the dump.
"""

from __future__ import annotations

from torch import nn

LAYERS: tuple[tuple[type[nn.Module], str], ...] = (
    (nn.modules.conv._ConvNd, "conv"),
    (nn.Linear, "fc"),
    (nn.Bilinear, "fc"),
    (nn.Embedding, "embedding"),
    (nn.EmbeddingBag, "embedding"),
    (nn.modules.batchnorm._NormBase, "norm"),
    (nn.LayerNorm, "norm"),
    (nn.GroupNorm, "norm"),
    (nn.RMSNorm, "norm"),
    (nn.modules.rnn.RNNBase, "fc"),
    (nn.modules.rnn.RNNCellBase, "fc"),
    (nn.PReLU, "other"),
)

# Foreign layers, by the end of the name of their class: all that they own is of one kind.
FOREIGN = {
    "RMSNorm": "norm", "RMSNormGated": "norm", "LayerNorm": "norm", "GlobalResponseNorm": "norm", "GRN": "norm",
    "NoNorm": "norm", "ZeroCenteredRMSNorm": "norm", "MultiHeadLayerNorm": "norm", "L2Norm": "norm",
    "SimpleNorm": "norm", "SimpleNorm2d": "norm", "FrozenBatchNorm2d": "norm",
    "SeparableConv1D": "conv", "Experts": "fc", "Router": "fc", "QuantLinear": "fc", "QuantEmbedding": "embedding",
    "Conv1D": "fc",
    "LMHead": "fc", "LMPredictionHead": "fc", "JetMoeMoA": "fc", "JetMoeMoE": "fc",
    "StarReLU": "other", "XIELUActivation": "other", "Dct1d": "fc", "LayerScale": "other", "LayerScale2d": "other",
}  # fmt: skip

# Parameters that modules hold themselves, by their own name: what they are used as.
OWN = {
    # vectors that enter the computation as inputs, and positions: looked up, or added to what is looked up
    "embedding": """cls_token cls_token1 cls_token2 cls_token3 cls_token4 cls_token_0 cls_token_1
    class_token class_embedding
        dist_token distillation_token reg_token register_tokens mask_token mask_tokens masked_spec_embed group_token
        query_tokens probe latents pos_embed pos_embed1 pos_embed2 pos_embed3 pos_embed_0 pos_embed_1 pos_embedding
        position_embedding position_embeddings time_embeddings position_enc patch_pos pixel_pos level_embed
        seg_embed relative_position_bias_table attention_biases rel_pos_h rel_pos_w rel_pos_t height_rel width_rel
        emb_rel_k emb_rel_v embedding embed mask_emb
        spatial_pos temporal_pos class_pos no_memory_embedding segment_token_input text_prompt detection_tokens
        mid_position_embeddings pos_embed_window segment_token_prompt type_token_semantic type_token_instance
        pad_up pad_down pad_left pad_right""",
    "fc": "q_bias v_bias r_kernel input_gate_weight recurrent_gate_weight input_gate_bias recurrent_gate_bias w_g "
    "expert_bias e_score_correction_bias x_proj_weight dt_proj_weight dt_proj_bias prompts_visual_projection",
    "bias": "final_logits_bias r_r_bias r_s_bias r_w_bias pos_bias_u pos_bias_v bias_u bias_v dt_bias logit_bias",
    "norm": "scale_shift_table scale_weight",
    # elementwise factors, states, gates and scalars
    "other": """A_log D gamma gamma1 gamma2 gamma3 gamma_1 gamma_2 gamma_xca lambda_1 lambda_2 lambda1 ls1
    ls2 layer_scale
        layer_scale_1 layer_scale_2 scale logit_scale logit_scale_a logit_scale_t temperature gating_param sinks
        correct_output_scale text_param vision_param gate gate_attn gate_ffn cross_attn_attn_gate cross_attn_mlp_gate
        pos_emb_alpha pos_emb_alpha_char scaling gru_rel_pos_const recurrent_param log_scale translate time_decay
        time_first time_mix_key time_mix_receptance time_mix_value query_decay key_decay diagonal_decay
        relative_coords_table slope_rate x_min x_max
        act_scaling_factor inited cluster_size lambda_q1 lambda_q2 lambda_k1 lambda_k2 inv_freq input_residual
        post_attention_residual reg_scale up A num_points_scale alpha""",
}
OWN_KIND = {name: kind for kind, names in OWN.items() for name in names.split()}

# Where the same name is used as something else.
EXCEPTIONS = {
    ("Affine", "alpha"): "norm", ("Affine", "beta"): "norm",  # stands where the others have a norm
    ("GaussianFourierProjection", "weight"): "other",
    ("StableAudioGaussianFourierProjection", "weight"): "other",
    ("SamPositionalEmbedding", "positional_embedding"): "fc", ("Sam2PositionalEmbedding",
        "positional_embedding"): "fc",  # coordinates are multiplied by it
    ("PerceiverEmbeddingDecoder", "bias"): "bias",
    ("Downsample1d", "kernel"): "conv", ("Upsample1d", "kernel"): "conv",  # a fixed kernel
    ("QuantLinear", "fc_scaling_factor"): "other", ("QuantEmbedding", "weight_scaling_factor"): "other",
    ("IntLayerNorm", "shift"): "other",
    **{("XLNetRelativeAttention", matrix): "fc" for matrix in "qkvor"},
    ("EncodecEuclideanCodebook", "embed_avg"): "embedding",  # running sums of the code book
}  # fmt: skip


def right_kind(model: nn.Module, name: str) -> str:
    """The kind of parameter or buffer ``name`` of ``model``.

    Raises:
        LookupError: nothing above covers it.
    """
    path, _, leaf = name.rpartition(".")
    owner = model.get_submodule(path)
    if "parametrizations" in path.split("."):  # the weight of a layer, written as something else
        return right_kind(model, _parametrised(path))
    if isinstance(owner, nn.ParameterList):
        return "embedding" if path.endswith("position_embeddings.weights") else _missing(owner, name)
    kind = type(owner).__name__
    if (kind, leaf) in EXCEPTIONS:
        return EXCEPTIONS[kind, leaf]
    if isinstance(owner, nn.MultiheadAttention):
        return "other" if leaf in ("bias_k", "bias_v") else "fc"
    for layer, result in LAYERS:
        if isinstance(owner, layer):
            return result
    for ending, result in FOREIGN.items():
        if kind.endswith(ending):
            return result
    return OWN_KIND[leaf] if leaf in OWN_KIND else _missing(owner, name)


def _parametrised(path: str) -> str:
    """``conv`` and ``weight`` of ``conv.parametrizations.weight``, joined."""
    module, _, tensor = path.rpartition(".parametrizations.")
    return f"{module}.{tensor.split('.')[0]}"


def _missing(owner: nn.Module, name: str) -> str:
    raise LookupError(f"{name} of a {type(owner).__name__} is in no table")
