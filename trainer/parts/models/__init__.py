"""What learns: `build(shape, params, norm, activation, placement) -> nn.Module`.

`norm(channels, spatial_dims)` gives a module or None, `activation()` a module. Submodules are named in the order that data
pass them; the layer that gives the outputs is `out`.
"""

from collections.abc import Callable

from torch import nn

Norm = Callable[[int, int], nn.Module | None]
Activation = Callable[[], nn.Module]
