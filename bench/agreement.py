"""Do the tools themselves count what lightbench says that they count? On more than 200 networks.

    python bench/agreement.py [name ...]

prints where a tool counts something else or fails, and at the end for each tool on how many of the
networks that it can count it agrees to the last digit.
"""

from __future__ import annotations

import contextlib
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from torch import nn

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "golden"))
import cases
import networks
from tools import TOOLS, ours, theirs

from lightbench.models.torchvision import import_torchvision

Built = tuple[nn.Module, tuple[Any, ...]]


def of_torchvision(name: str) -> Built:
    settings = {"init_weights": False} if name in ("googlenet", "inception_v3") else {}
    size = 224 if name.startswith(("vit", "maxvit")) else 299 if name == "inception_v3" else 96
    network = import_torchvision().models.get_model(name, **settings)
    return network, (torch.randn(1, 3, size, size),)


def of_timm(name: str) -> Built:
    import timm

    network = timm.create_model(name)
    return network, (torch.randn(1, *network.default_cfg["input_size"]),)


TORCHVISION = """
alexnet convnext_tiny densenet121 efficientnet_b0 efficientnet_v2_s googlenet inception_v3
maxvit_t mnasnet0_5 mobilenet_v2 mobilenet_v3_large mobilenet_v3_small regnet_x_400mf
regnet_y_400mf resnet18 resnext50_32x4d shufflenet_v2_x0_5 squeezenet1_1 swin_t swin_v2_t
vgg11_bn vit_b_16
"""
TIMM = """
resnet18 resnetv2_50 resnetv2_50x1_bit resnet26d seresnet18 skresnet18 res2net50_14w_8s
resnest14d ecaresnet26t lambda_resnet26t botnet26t_256 halonet26t nf_resnet26 nfnet_l0
eca_nfnet_l0 dm_nfnet_f0 efficientnet_lite0 tf_efficientnet_b0 mixnet_s mobilenetv3_small_050
mobilenetv4_conv_small mobilenetv4_hybrid_medium mobilenet_edgetpu_v2_xs lcnet_050 tinynet_e
fbnetc_100 spnasnet_100 hardcorenas_a ghostnet_050 ghostnetv2_100 repghostnet_050 mobileone_s0
repvgg_a0 repvit_m0_9 fastvit_t8 efficientformer_l1 efficientformerv2_s0 edgenext_xx_small
efficientvit_b0 efficientvit_m0 mobilevit_xxs mobilevitv2_050 levit_128s vit_tiny_patch16_224
vit_relpos_small_patch16_224 vit_small_r26_s32_224 deit_tiny_distilled_patch16_224
deit3_small_patch16_224 beit_base_patch16_224 cait_xxs24_224 crossvit_tiny_240 coat_tiny
coat_lite_tiny convit_tiny pit_ti_224 twins_svt_small swin_tiny_patch4_window7_224
swinv2_tiny_window8_256 swinv2_cr_tiny_224 maxvit_nano_rw_256 coatnet_nano_rw_224
convnext_atto convnextv2_atto convmixer_768_32 mixer_s16_224 resmlp_12_224 gmlp_ti16_224
poolformer_s12 poolformerv2_s12 caformer_s18 convformer_s18 focalnet_tiny_srf davit_tiny
dla34 dpn48b darknet17 cspresnet50 vovnet39a ese_vovnet19b_dw hrnet_w18_small densenet121
regnetx_002 regnety_002 regnetz_005 inception_next_atto inception_v4 xception41 pvt_v2_b0
visformer_tiny tiny_vit_5m_224 tnt_s_patch16_224 xcit_nano_12_p16_224 volo_d1_224
mvitv2_tiny nest_tiny sequencer2d_s hgnetv2_b0 starnet_s1 shvit_s1 rdnet_tiny hiera_tiny_224
eva02_tiny_patch14_224 test_vit test_resnet test_nfnet test_byobnet sehalonet33ts gcresnet33ts
visformer_small swiftformer_xs mambaout_femto nextvit_small selecsls42 vgg11 naflexvit_base_patch16_gap
"""
SMALL = {**networks.NETWORKS, **{f"case:{name}": case for name, case in cases.CASES.items()}}
LIBRARIES = {"torchvision": (of_torchvision, TORCHVISION), "timm": (of_timm, TIMM)}
NAMES = (
    *SMALL,
    *(f"{library}:{n}" for library, (_, names) in LIBRARIES.items() for n in names.split()),
)


def build(name: str) -> Built:
    """A network of NAMES, or any other of a library, in evaluation mode."""
    library, _, model = name.partition(":")
    network, args = LIBRARIES[library][0](model) if library in LIBRARIES else SMALL[name]()[:2]
    with contextlib.suppress(NotImplementedError):  # an exported one has no modes
        network.eval()
    return network, args


def main(names: Sequence[str]) -> None:
    equal: Counter[str] = Counter()
    failed: Counter[str] = Counter()
    for name in names or NAMES:
        torch.manual_seed(0)
        network, args = build(name)
        expected = ours(network, args)
        for tool, count in expected.items():
            found = theirs(tool, network, args)
            if isinstance(found, str):
                failed[tool] += 1
                print(f"{name:40} {tool:12} failed: {found}", flush=True)
            elif found == count:
                equal[tool] += 1
            else:
                print(f"{name:40} {tool:12} {found} is not {count} ({found - count:+})", flush=True)
    total = len(names or NAMES)
    for tool in TOOLS:
        print(
            f"{tool:12} equal on {equal[tool]} of {total - failed[tool]}, failed on {failed[tool]}"
        )


if __name__ == "__main__":
    main(sys.argv[1:])
