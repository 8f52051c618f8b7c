"""Where probes attach: a model's modules grouped into layers."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from torch import nn

from dynascope.messages import Layer

#: The attributes that hold the number of units of a module; for some modules the weight's first axis differs from it.
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
        """The module whose output is this layer's activation: the last activation module, else the norm, else the weighted module."""
        return self.activation or self.norm or self.module

    @property
    def weights(self) -> list[nn.Parameter]:
        """Read again at each access, because training scripts replace parameters."""
        return [getattr(self.module, name) for name in self._weight_names]

    @property
    def units_last(self) -> bool:
        """Whether units are on the output's last axis; those of a convolution are on axis 1."""
        return isinstance(self.module, (nn.Linear, nn.RNNBase, nn.Embedding, nn.MultiheadAttention))

    @property
    def units(self) -> int:
        """Number of units: from the module's attribute, else the length of its weight's first axis."""
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
    """Names of the parameters with ndim ≥ 2 of `module` itself: penalties act on these (not on a norm's γ, which may be 3-d)."""
    if not is_norm(module):
        yield from (name for name, p in module.named_parameters(recurse=False) if p.ndim >= 2)


def is_norm(module: nn.Module) -> bool:
    return next(module.children(), None) is None and type(module).__name__.rstrip("0123456789d").endswith("Norm")


def is_activation(module: nn.Module) -> bool:
    return type(module).__module__ == "torch.nn.modules.activation" and not isinstance(module, nn.MultiheadAttention)


def find_sites(model: nn.Module) -> list[Site]:
    """Layers in the order of registration; this is the data's order if the model registers its parts in the order of use.

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
    """`hidden1.linear` becomes `hidden1` if that parent contains the whole group and no module of another group."""
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
