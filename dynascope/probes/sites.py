"""Where probes attach: a model's modules grouped into layers."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from torch import nn

from dynascope.messages import Layer

#: What modules call the length of their output's axis of units; a weight's first axis is something else in some of them.
_WIDTHS = ("out_features", "out_channels", "embedding_dim", "embed_dim", "hidden_size")
_PURE_CONTAINERS = (nn.Sequential, nn.ModuleList, nn.ModuleDict)


@dataclass
class Site:
    """A module with a weight of its own, and the norm and activation modules that follow it before the next such module."""

    name: str
    module: nn.Module
    norm: nn.Module | None = None
    activation: nn.Module | None = None
    members: list[nn.Module] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._weight_names = list(own_weights(self.module))

    @property
    def output(self) -> nn.Module:
        """Whose output is this layer's activation: the last activation module, else the norm, else the weighted module."""
        return self.activation or self.norm or self.module

    @property
    def weights(self) -> list[nn.Parameter]:
        """Read anew each time: training scripts replace parameters."""
        return [getattr(self.module, name) for name in self._weight_names]

    @property
    def units_last(self) -> bool:
        """Whether a unit is a place on the output's last axis rather than on axis 1, as a convolution's."""
        return isinstance(self.module, (nn.Linear, nn.RNNBase, nn.Embedding, nn.MultiheadAttention))

    @property
    def units(self) -> int:
        """How many it has: as its module calls them, else by its weight's first axis."""
        widths = (getattr(self.module, name, None) for name in _WIDTHS)
        return next((width for width in widths if isinstance(width, int)), len(self.weights[0]))

    def describe(self) -> Layer:
        return Layer(
            name=self.name,
            kind=type(self.module).__name__,
            parameters=sum(p.numel() for member in self.members for p in member.parameters(recurse=False)),
            norm=type(self.norm).__name__ if self.norm else None,
            activation=type(self.activation).__name__ if self.activation else None,
            units=self.units,
        )


def own_weights(module: nn.Module) -> Iterator[str]:
    """Names of the parameters with ndim ≥ 2 of `module` itself: what penalties act on (no norm's γ, which may be 3-d)."""
    if not is_norm(module):
        yield from (name for name, p in module.named_parameters(recurse=False) if p.ndim >= 2)


def is_norm(module: nn.Module) -> bool:
    return next(module.children(), None) is None and type(module).__name__.rstrip("0123456789d").endswith("Norm")


def is_activation(module: nn.Module) -> bool:
    return type(module).__module__ == "torch.nn.modules.activation" and not isinstance(module, nn.MultiheadAttention)


def find_sites(model: nn.Module) -> list[Site]:
    """Layers in the order of registration, which is the order of data in any model that registers its parts as they are used.

    A module registered twice (one `nn.Tanh` for all layers) belongs to each layer that it follows; a weighted module
    registered twice is one layer.
    """
    sites: list[Site] = []
    known: dict[nn.Module, Site] = {}
    current: Site | None = None
    for path, module in model.named_modules(remove_duplicate=False):
        if next(own_weights(module), None) is not None:
            current = known.get(module)
            if current is None:
                current = known[module] = Site(path, module, members=[module])
                sites.append(current)
        elif current is not None and module not in current.members:
            if is_norm(module):
                current.norm = current.norm or module
                current.members.append(module)
            elif is_activation(module):
                current.activation = module
                current.members.append(module)
    _name_by_parent(model, sites)
    return sites


def _name_by_parent(model: nn.Module, sites: list[Site]) -> None:
    """`hidden1.linear` becomes `hidden1` where that parent holds all of the group and no part of another."""
    for site in sites:
        parent = site.name.rpartition(".")[0]
        if parent and _holds_exactly(model.get_submodule(parent), site):
            site.name = parent


def _holds_exactly(parent: nn.Module, site: Site) -> bool:
    inside = {
        module for module in parent.modules() if is_norm(module) or is_activation(module) or next(own_weights(module), None) is not None
    }
    lone_item = isinstance(parent, _PURE_CONTAINERS) and len(site.members) == 1
    return inside == set(site.members) and not lone_item
