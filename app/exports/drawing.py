"""The report's figures, made by Plotly's Python package: one thin line per seed and arm, and the median over the seeds thick."""

from typing import Any

import plotly.graph_objects as go

from app.words.i18n import words as words_of
from trainer.claims.names import said

#: The Okabe-Ito colours, as on the page with a light background.
TONES = ("#0072b2", "#d55e00", "#009e73", "#aa4f83", "#b07800", "#2f8fc4", "#1b1d1f")
DASHES = ("solid", "dash", "dot", "dashdot")
#: The most points of a line that get single markers.
FEW = 12

Told = dict[str, Any]


def figure(experiment: Told, founds: list[Told], language: str) -> str | None:
    """Plotly's JSON; None if no seed left a curve."""
    arms = list(dict.fromkeys(curve["name"] for found in founds for curve in found["curves"]))
    if not arms:
        return None
    drawn, _, right = go.Figure(), words_of(language).gettext, experiment["right_axis"]
    for i, arm in enumerate(arms):
        called = said(arm, language)
        tone, dash = TONES[i % len(TONES)], DASHES[(i + i // len(TONES)) % len(DASHES)]
        curves = [curve for found in founds for curve in found["curves"] if curve["name"] == arm]
        of_right = bool(right) and any(curve.get("right") for curve in curves)
        side = {"yaxis": "y2"} if of_right else {}
        for curve in curves if len(curves) > 1 else ():
            line = {"color": tone, "width": 1}
            drawn.add_scatter(x=list(curve["x"]), y=list(curve["y"]), mode="lines", line=line, opacity=0.45, showlegend=False, **side)
        x, y = _median(curves)
        mode = "lines+markers" if len(x) <= FEW else "lines"
        drawn.add_scatter(
            x=x,
            y=y,
            mode=mode,
            line={"color": tone, "width": 2.5, "dash": dash},
            name=_("{curve} (right)").format(curve=called) if of_right else called,
            **side,
        )
    axes = [_axis(words[language], log) for words, log in zip(experiment["axes"], experiment["log_axes"], strict=True)]
    legend = {"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0, "font": {"size": 11}}
    drawn.update_layout(template="none", width=680, height=360, margin={"l": 56, "r": 12, "t": 40, "b": 46}, legend=legend)
    drawn.update_layout(xaxis=axes[0], yaxis=axes[1], font={"size": 12, "color": "#1b1d1f"}, showlegend=True)
    if right:
        ticks = {"tickmode": "linear", "dtick": "D2"} if right["log"] else {"tickmode": "auto"}
        drawn.update_layout(
            yaxis2=_axis(right["label"][language], right["log"]) | ticks | {"side": "right", "overlaying": "y", "showgrid": False}
        )
    return drawn.to_json()


def _axis(title: str, log: bool) -> Told:
    look = {"gridcolor": "#e3e3df", "linecolor": "#85898e", "automargin": True, "zeroline": False, "exponentformat": "power"}
    return look | {"type": "log" if log else "linear", "title": {"text": title, "font": {"size": 12}}}


def _median(curves: list[Told]) -> tuple[list[float], list[float]]:
    """The median at the steps where at least half of the seeds have a value."""
    held: dict[float, list[float]] = {}
    for curve in curves:
        for x, y in zip(curve["x"], curve["y"], strict=True):
            if y is not None:
                held.setdefault(x, []).append(y)
    kept = sorted((x, sorted(values)) for x, values in held.items() if 2 * len(values) >= len(curves))
    middles = [(v[(len(v) - 1) // 2] + v[len(v) // 2]) / 2 for _, v in kept]
    return [x for x, _ in kept], middles
