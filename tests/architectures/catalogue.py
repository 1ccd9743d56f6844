"""Which architectures are dumped: (package, model), each built from its own default configuration, without weights."""

from __future__ import annotations

TORCHVISION = (
    "alexnet convnext_tiny deeplabv3_resnet50 densenet121 efficientnet_b0 efficientnet_v2_s fasterrcnn_resnet50_fpn "
    "fcos_resnet50_fpn googlenet inception_v3 keypointrcnn_resnet50_fpn lraspp_mobilenet_v3_large maskrcnn_resnet50_fpn_v2 "
    "maxvit_t mnasnet1_0 mobilenet_v2 mobilenet_v3_small mvit_v2_s r2plus1d_18 raft_small resnet18 resnet50 "
    "resnext50_32x4d retinanet_resnet50_fpn s3d shufflenet_v2_x1_0 squeezenet1_1 ssd300_vgg16 swin3d_t swin_t swin_v2_t "
    "vgg11_bn vit_b_16"
).split()

TIMM = (
    "beit_base_patch16_224 botnet26t_256 cait_xxs24_224 coat_tiny coatnet_0_rw_224 convit_tiny convmixer_768_32 "
    "convnextv2_atto crossvit_9_240 davit_tiny deit_tiny_distilled_patch16_224 dla34 dpn48b edgenext_xx_small "
    "efficientformer_l1 efficientvit_b0 efficientvit_m0 eva02_tiny_patch14_224 fastvit_t8 focalnet_tiny_srf "
    "gcvit_xxtiny ghostnet_100 gmlp_s16_224 haloregnetz_b hgnet_tiny hiera_tiny_224 hrnet_w18_small inception_next_tiny "
    "lambda_resnet26t levit_128s mambaout_femto mixer_s16_224 mobilenetv4_conv_small mobilevit_xxs mobilevitv2_050 "
    "nest_tiny nextvit_small nfnet_f0 pit_ti_224 poolformer_s12 pvt_v2_b0 regnetx_002 repvgg_a0 repvit_m0_9 resmlp_12_224 "
    "resnest14d resnetv2_50 rexnet_100 sequencer2d_s skresnet18 starnet_s1 swiftformer_xs swinv2_cr_tiny_224 "
    "tf_mixnet_s tiny_vit_5m_224 tnt_s_legacy_patch16_224 tresnet_m twins_pcpvt_small visformer_tiny vit_base_patch16_clip_224 "
    "vit_small_patch16_dinov3 vit_relpos_small_patch16_224 samvit_base_patch16 volo_d1_224 xception41 xcit_nano_12_p16_224"
).split()

# type of the configuration, class that is built from it
TRANSFORMERS = {
    "AutoModelForCausalLM": (
        "gpt2 gpt_neo gpt_neox gptj gpt_bigcode gpt_oss llama mistral mixtral qwen2 qwen2_moe qwen3 qwen3_moe qwen3_next "
        "gemma gemma2 gemma3n_text phi phi3 phimoe opt bloom falcon mpt olmo2 olmoe stablelm starcoder2 deepseek_v2 "
        "deepseek_v3  jamba mamba mamba2 falcon_mamba falcon_h1 zamba2 rwkv recurrent_gemma llama4_text glm4_moe "
        "granitemoe jetmoe ctrl xglm openai-gpt codegen bamba lfm2 minimax xlstm nemotron_h"
    ).split(),
    "AutoModelForMaskedLM": (
        "bert albert electra roberta distilbert deberta deberta-v2 mpnet mobilebert xlm longformer "
        "big_bird convbert funnel squeezebert fnet nystromformer perceiver rembert ibert modernbert reformer"
    ).split(),
    "AutoModelForSeq2SeqLM": "t5 mt5 bart pegasus_x marian m2m_100 nllb-moe prophetnet switch_transformers led longt5".split(),
    "AutoModel": (
        "xlnet "
        "clip siglip blip-2 vit dinov2 beit swin swinv2 cvt levit pvt poolformer mobilevit segformer resnet regnet "
        "convnextv2 bit focalnet vit_mae videomae timesformer canine groupvit owlvit flava detr deformable_detr "
        "conditional_detr dab-detr rt_detr mask2former sam grounding-dino whisper wav2vec2 wavlm hubert wav2vec2-conformer "
        "sew unispeech-sat speech_to_text speecht5 seamless_m4t_v2 vits encodec clap audio-spectrogram-transformer "
        "fastspeech2_conformer parakeet_ctc patchtst patchtsmixer timesfm decision_transformer "
        "layoutlmv3 lxmert vilt idefics2 qwen2_vl mllama dpt glpn vjepa2"
    ).split(),
}

DIFFUSERS = {
    "UNet2DModel": {},
    "UNet2DConditionModel": {"cross_attention_dim": 768},
    "UNet1DModel": {},
    "DiTTransformer2DModel": {"num_layers": 4},
    "PixArtTransformer2DModel": {"num_layers": 4},
    "SD3Transformer2DModel": {"num_layers": 4},
    "FluxTransformer2DModel": {"num_layers": 2, "num_single_layers": 2},
    "AutoencoderKL": {"block_out_channels": (64, 128)},
    "VQModel": {},
    "UVit2DModel": {"num_hidden_layers": 4},
    "SanaTransformer2DModel": {"num_layers": 4},
    "WanTransformer3DModel": {"num_layers": 4},
    "AuraFlowTransformer2DModel": {"num_mmdit_layers": 2, "num_single_dit_layers": 2},
    "StableAudioDiTModel": {"num_layers": 4},
}

# Not looked at while the rules of reading were written: what is read right of these is what to expect of a model at large.
HELD_OUT = {
    "torchvision": "deeplabv3_mobilenet_v3_large mc3_18 r3d_18 ssdlite320_mobilenet_v3_large mvit_v1_b "
    "vgg16 wide_resnet50_2 shufflenet_v2_x0_5 raft_large".split(),
    "timm": "csatv2 cspresnet50 ecaresnet26t eca_halonext26ts sebotnet33ts_256 efficientformerv2_s0 "
    "efficientvit_l1 fasternet_t0 gernet_s hardcorenas_a inception_resnet_v2 inception_v4 lcnet_050 legacy_senet154 "
    "maxxvit_rmlp_nano_rw_256 mobilenetv3_small_050 mobileone_s0 mvitv2_tiny nasnetalarge pnasnet5large rdnet_tiny "
    "repghostnet_050 res2net50_26w_4s selecsls42 shvit_s1 swin_s3_tiny_224 twins_svt_small vitamin_small_224 "
    "vovnet39a xception65 convformer_s18 caformer_s18 lowformer_b0".split(),
    "AutoModelForCausalLM": "afmoe apertus biogpt bitnet cohere diffllama doge ernie4_5_moe exaone4 granitemoehybrid "
    "helium kimi_linear longcat_flash minimax_m2 olmo_hybrid persimmon qwen3_5_text "
    "vaultgemma zamba".split(),
    "AutoModelForMaskedLM": "camembert data2vec-text flaubert mra roformer xmod yoso".split(),
    "AutoModel": "align bros clvp d_fine data2vec-audio deit dinov3_vit efficientloftr flava git hiera "
    "imagegpt layoutlm mobilenet_v1 mobilevitv2 moonshine owlv2 pvt_v2 rf_detr "
    "sam2 seggpt swin2sr table-transformer textnet tvp univnet vitdet vivit xclip yolos".split(),
}
