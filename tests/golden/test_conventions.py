"""Other counters' numbers, to the last digit. Sources: the tools themselves (thop 0.1.1, fvcore 0.1.5,
ptflops 0.7.5, torchinfo 1.8, torch 2.13), run on torchvision 0.28, CPU, 1x3x224x224, evaluation mode.
"""

from __future__ import annotations

import pytest
import torch
from torch import nn

from lightbench.costs.conventions import CONVENTIONS, convert, difference
from lightbench.costs.count import count_costs
from lightbench.costs.crosscheck import crosscheck
from lightbench.models import sources
from lightbench.models.inputs import make_inputs
from lightbench.models.torchvision import import_torchvision

TOOLS = ("paper", "thop", "fvcore", "ptflops", "torchinfo", "flopcounter")
COUNTS = {
    "resnet50": (4089184256, 4133742592, 4111512576, 4132436968, 4089238376, 4089184256),
    "mobilenet_v2": (300774272, 327486720, 314193216, 320300008, 300809384, 300774272),
    "mobilenet_v3_large": (216589760, 234838456, 226033824, 231316416, 216621520, 216589760),
    "mobilenet_v3_small": (56510400, 62477944, 59649536, 60910032, 56527424, 56510400),
    "shufflenet_v2_x0_5": (40476448, 44572064, 42524256, 44770632, 40485400, 40476448),
    "shufflenet_v2_x1_0": (144907992, 152708792, 148808392, 152387568, 144925172, 144907992),
    "squeezenet1_1": (349151936, 349321936, 349320936, 359982728, 351741288, 349151936),
    "mnasnet1_0": (314415872, 336242432, 325329152, 334926312, 314454792, 314415872),
    "efficientnet_b0": (385814752, 415145024, 401659392, 410196896, 385867108, 385814752),
    "googlenet": (1498376192, 1511332032, 1504878688, 1513907448, 1498391752, 1498376192),
    "vit_b_16": (17563828224, 11286254592, 16867412736, 17606030584, 173232616, 11271124992),
    "swin_t": (4490566656, 2978099712, 4509232128, 3128183416, 34368232, 4490566656),
    "convnext_tiny": (4455531264, 4464149760, 4470437376, 4488347368, 322371592, 4455531264),
}

# Article S1: thop 0.0.31.post2001170342.
ARTICLE = {
    "resnet50": 4113562624,
    "example_conv_g4": 59408384,
    "example_conv_g1": 232816640,
    "mobilenet_v1": 579850752,
    "convnet": 4874540032,
    "mobilenet_v2": 315410496,
    "mobilenet_v3_large_2019": 232431296,
}


def torchvision_network(name):
    models = import_torchvision().models
    quick = {"aux_logits": False, "init_weights": False} if name == "googlenet" else {}
    with torch.device("meta"):
        return getattr(models, name)(**quick)


def own(name):
    source = sources.find(name)
    with torch.device("meta"):
        return source.build(), source.inputs


def costs_of(network, specs):
    return count_costs(
        network, lambda device: (make_inputs(specs, batch=1, device=device), {}), calls=True
    )


def image_costs(network, size=224):
    return count_costs(
        network, lambda device: ((torch.empty(1, 3, size, size, device=device),), {}), calls=True
    )


@pytest.mark.parametrize("name", COUNTS)
def test_every_tool_is_reproduced(name):
    costs = image_costs(torchvision_network(name))
    assert {t: convert(costs, t).total for t in TOOLS} == dict(
        zip(TOOLS, COUNTS[name], strict=True)
    )


@pytest.mark.parametrize("name", ARTICLE)
def test_the_seven_counts_of_the_article(name):
    network, specs = own(name)
    if name in ("mobilenet_v1", "convnet"):
        network.avgpool = nn.AvgPool2d(7)  # as in the article; ours takes any resolution
    assert convert(costs_of(network, specs), "thop-2020").total == ARTICLE[name]


def test_thop_2020_rounded_its_total_to_float32():
    network, specs = own("mobilenet_v3_large_2019")
    counted = convert(costs_of(network, specs), "thop-2020")
    assert sum(counted.items.values()) == 232431274
    assert difference(counted, counted) == {"rounding": 22}


@pytest.mark.parametrize("name", CONVENTIONS)
@pytest.mark.parametrize("network", ["resnet50", "vit_b_16", "swin_t"])
def test_the_itemised_difference_adds_up(name, network):
    costs = image_costs(torchvision_network(network))
    paper, counted = convert(costs, "paper"), convert(costs, name)
    assert sum(difference(counted, paper).values()) == counted.total - paper.total


def test_the_difference_of_thop_on_resnet50_is_norm_and_pooling():
    costs = image_costs(torchvision_network("resnet50"))
    paper, thop = convert(costs, "paper"), convert(costs, "thop")
    # 4 for each of the 11,113,984 elements of batch norms; 49 + 1 for each of 2048 pooled channels
    assert difference(thop, paper) == {"norm": 4 * 11113984, "pooling": 50 * 2048}


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(
    "name", ["mobilenet_v1", "shufflenet_v2_x0_5", "squeezenet1_1", "mobilenet_v3_small"]
)
def test_the_installed_thop_and_fvcore_agree_with_our_account_of_them(name):
    source = sources.find(name)
    network = source.build()
    checks = crosscheck(
        costs_of(network, source.inputs), network, make_inputs(source.inputs, batch=1)
    )
    assert [(check.tool, check.verdict) for check in checks] == [
        ("thop", "agrees"),
        ("fvcore", "agrees"),
    ]


@pytest.mark.filterwarnings("ignore")
def test_a_tool_that_differs_is_told_by_how_much():
    """thop counts a transposed convolution as if every output saw every input."""
    network = nn.Sequential(nn.Linear(4, 4))
    costs = count_costs(network, lambda device: ((torch.empty(1, 4, device=device),), {}))
    other = nn.Sequential(nn.Linear(4, 5))
    verdicts = [check.verdict for check in crosscheck(costs, other, (torch.randn(1, 4),))]
    assert verdicts == ["differs by +4", "differs by +4"]


@pytest.mark.filterwarnings("ignore")
def test_a_tool_that_fails_says_so_instead_of_a_number():
    network = nn.Sequential(nn.Linear(4, 4))
    costs = count_costs(network, lambda device: ((torch.empty(1, 4, device=device),), {}))
    for check in crosscheck(costs, network, (torch.randn(1, 3),)):
        assert check.theirs is None
        assert check.verdict.startswith(f"{check.tool} failed: RuntimeError")


class ByName(nn.Module):
    """Takes a list and keywords, and writes to what it is given."""

    def __init__(self):
        super().__init__()
        self.a, self.b = nn.Linear(4, 4), nn.Linear(4, 2)

    def forward(self, parts, *, scale, more):
        return self.b(self.a(parts[0].add_(1)) + more["x"]) * scale


def by_name(device):
    return ([torch.zeros(1, 4, device=device)],), {
        "scale": 2,
        "more": {"x": torch.zeros(1, 4, device=device)},
    }


@pytest.mark.filterwarnings("ignore")
def test_tools_are_handed_lists_and_keywords_and_leave_them_as_they_are():
    network, (args, kwargs) = ByName(), by_name("cpu")
    before = [name for name, _ in network.named_buffers()]
    checks = crosscheck(count_costs(network, by_name), network, args, kwargs)
    assert [(c.tool, c.theirs, c.verdict) for c in checks] == [
        ("thop", 4 * 4 + 4 * 2, "agrees"),
        ("fvcore", 4 * 4 + 4 * 2, "agrees"),
    ]
    assert args[0][0].tolist() == [[0, 0, 0, 0]]
    assert network.training
    assert [name for name, _ in network.named_buffers()] == before


def classification_models():
    models = import_torchvision().models
    return models.list_models(module=models)


@pytest.fixture
def without_initialisation(monkeypatch):
    """RegNet cannot be built on meta; without filling 644 million weights it is quick all the same."""
    for name in (
        "kaiming_normal_",
        "kaiming_uniform_",
        "normal_",
        "uniform_",
        "trunc_normal_",
        "xavier_uniform_",
    ):
        monkeypatch.setattr(nn.init, name, lambda tensor, *args, **kwargs: tensor)


@pytest.mark.parametrize("name", classification_models())
def test_paper_equals_torchvisions_own_metadata(name, without_initialisation):
    """`_ops` is in units of 10^9 with three digits; `num_params` is exact."""
    models = import_torchvision().models
    quick = {"init_weights": False} if name in ("googlenet", "inception_v3") else {}
    for weights in models.get_model_weights(name):
        size = weights.transforms.keywords["crop_size"]
        settings = quick | ({"image_size": size} if name.startswith("vit") else {})
        with torch.device("cpu" if name.startswith("regnet") else "meta"):
            network = models.get_model(name, **settings)
        costs = image_costs(network, size)
        assert costs.madds / 1e9 == pytest.approx(weights.meta["_ops"], abs=0.00051)
        auxiliary = name in ("googlenet", "inception_v3")  # heads that only training uses
        assert auxiliary or costs.params == weights.meta["num_params"]
        assert costs.uncounted == {}
